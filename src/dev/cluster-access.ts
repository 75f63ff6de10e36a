import {randomBytes} from 'node:crypto';
import {IsthmusError} from '../errors.ts';
import type {ClusterCredentials} from '../kube/credentials.ts';
import type {InternalApi} from './apiserver/internal-api.ts';
import {ISSUER} from './authentication/account-tokens.ts';
import type {AccountTokens} from './authentication/account-tokens.ts';
import type {TokenAuthenticator} from './authentication/token-authenticator.ts';
import {AUTHENTICATED, MASTERS} from './authentication/user-info.ts';
import {SERVICE_ACCOUNTS} from './controllers/known-types.ts';

/** Somebody who can be given credentials. Nobody has rights by that: bind them to a role. */
export type Identity =
  | {readonly user: string; readonly groups?: readonly string[]}
  /** It must be there; its end is the end of the credentials. */
  | {readonly serviceAccount: string; readonly namespace: string};

const VALID_S = 30 * 24 * 3600;

export interface AccessOptions {
  readonly api: InternalApi;
  readonly tokens: AccountTokens;
  readonly authenticator: TokenAuthenticator;
  readonly caPem: string;
}

/** Hands out credentials of one cluster. */
export class ClusterAccess {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** Of the administrator: member of `system:masters`, whom nothing is refused. */
  admin(server: string): ClusterCredentials {
    const groups = [MASTERS, AUTHENTICATED];
    return this.#withToken(server, this.#userToken({username: 'admin', uid: 'admin', groups}));
  }

  /**
   * By bearer token, valid for 30 days.
   *
   * @throws IsthmusError ISTHMUS_DEV_CLUSTER where there is no such ServiceAccount
   */
  of(identity: Identity, server: string): ClusterCredentials {
    if ('serviceAccount' in identity) return this.#withToken(server, this.#accountToken(identity));
    const groups = [...(identity.groups ?? []), AUTHENTICATED];
    return this.#withToken(server, this.#userToken({username: identity.user, uid: '', groups}));
  }

  #userToken(user: {username: string; uid: string; groups: readonly string[]}): string {
    const token = randomBytes(24).toString('base64url');
    this.#options.authenticator.addUser(token, user);
    return token;
  }

  #accountToken({serviceAccount, namespace}: Extract<Identity, {serviceAccount: string}>): string {
    const {api, tokens} = this.#options;
    const account = api.get(SERVICE_ACCOUNTS, namespace, serviceAccount);
    if (account === undefined) {
      const reason = `there is no ServiceAccount ${namespace}/${serviceAccount}; create it first`;
      throw new IsthmusError('ISTHMUS_DEV_CLUSTER', reason, {namespace, name: serviceAccount});
    }
    return tokens.issue(account, {audiences: [ISSUER], expirationSeconds: VALID_S});
  }

  #withToken(server: string, token: string): ClusterCredentials {
    return {server, ca: this.#options.caPem, token};
  }
}
