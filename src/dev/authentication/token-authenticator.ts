import {createHash, timingSafeEqual} from 'node:crypto';
import {unauthorized} from '../apiserver/api-error.ts';
import {ISSUER} from './account-tokens.ts';
import type {AccountTokens} from './account-tokens.ts';
import {ANONYMOUS} from './user-info.ts';
import type {UserInfo} from './user-info.ts';

export type Verdict =
  | {readonly user: UserInfo; readonly audiences: readonly string[]}
  /** What a TokenReview says; everybody else is only told 401. */
  | {readonly error: string};

const INVALID = 'invalid bearer token';
const API_AUDIENCES: readonly string[] = [ISSUER];

/** Who comes in by a bearer token: users whose token was set here, and ServiceAccounts. */
export class TokenAuthenticator {
  readonly #accounts: AccountTokens;
  readonly #users: {readonly digest: Buffer; readonly user: UserInfo}[] = [];

  constructor(accounts: AccountTokens) {
    this.#accounts = accounts;
  }

  addUser(token: string, user: UserInfo): void {
    this.#users.push({digest: digestOf(token), user});
  }

  /**
   * @param authorization - the header; without a bearer token in it the user is `system:anonymous`
   * @throws ApiError 401 for a token that nobody has
   */
  authenticate(authorization: string | undefined): UserInfo {
    const [scheme = '', token = ''] = (authorization ?? '').trim().split(' ', 2);
    if (scheme.toLowerCase() !== 'bearer' || token === '') return ANONYMOUS;
    const verdict = this.review(token);
    if ('error' in verdict) throw unauthorized();
    return verdict.user;
  }

  /** @param audiences - a ServiceAccount's token must be for one of these; other tokens are for everybody */
  review(token: string, audiences: readonly string[] = API_AUDIENCES): Verdict {
    const [first = ''] = token.trim().split(' ', 1);
    const digest = digestOf(first);
    // Digests of one length, compared in constant time: nothing about a token leaks through the time that a refusal takes.
    const found = this.#users.find((entry) => timingSafeEqual(entry.digest, digest));
    if (found !== undefined) return {user: found.user, audiences};
    const verdict = this.#accounts.check(first, audiences);
    if (verdict === undefined) return {error: INVALID};
    return 'error' in verdict ? {error: `[${INVALID}, ${verdict.error}]`} : verdict;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
