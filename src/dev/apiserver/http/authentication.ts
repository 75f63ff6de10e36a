import {createHash, timingSafeEqual} from 'node:crypto';
import {unauthorized} from '../api-error.ts';

export interface UserInfo {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

export const ANONYMOUS: UserInfo = {username: 'system:anonymous', uid: '', groups: ['system:unauthenticated']};

/** Who may come in by a bearer token. */
export class TokenAuthenticator {
  readonly #users: readonly {readonly digest: Buffer; readonly user: UserInfo}[];

  constructor(tokens: ReadonlyMap<string, UserInfo>) {
    this.#users = [...tokens].map(([token, user]) => ({digest: digestOf(token), user}));
  }

  /** @throws ApiError 401 for a token that nobody has; no token at all is anonymous */
  authenticate(authorization: string | undefined): UserInfo {
    if (authorization === undefined || authorization === '') return ANONYMOUS;
    const token = /^bearer (.+)$/i.exec(authorization)?.[1];
    if (token === undefined) return ANONYMOUS;
    const digest = digestOf(token.trim());
    // Digests of one length, compared in constant time: nothing about a token leaks through the time that a refusal takes.
    const found = this.#users.find((entry) => timingSafeEqual(entry.digest, digest));
    if (found === undefined) throw unauthorized();
    return found.user;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
