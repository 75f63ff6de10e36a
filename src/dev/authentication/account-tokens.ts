import {randomUUID} from 'node:crypto';
import type {InternalApi, TypeRef} from '../apiserver/internal-api.ts';
import {nameOf, namespaceOf, objectIn, textIn, textsIn, uidOf} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';
import {goList} from '../schema/value-text.ts';
import {SigningKey} from './signing-key.ts';
import {accountGroups, accountUsername, AUTHENTICATED} from './user-info.ts';
import type {UserInfo} from './user-info.ts';

/** Who signs, and whom tokens are for where nobody says otherwise. */
export const ISSUER = 'https://kubernetes.default.svc';
/** Clocks may differ by as much, in seconds. */
const LEEWAY_S = 60;

/** An object that a token ends with. */
export interface BoundObject {
  readonly kind: 'pod' | 'secret' | 'node';
  readonly object: JsonObject;
  /** Of a bound pod, where it has one; without a uid if the Node is not there. */
  readonly node?: {readonly name: string; readonly uid: string | undefined};
}

export interface TokenTerms {
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly bound?: BoundObject | undefined;
  /** After so many seconds its use is counted as stale. */
  readonly warnAfterSeconds?: number;
}

export type AccountVerdict =
  {readonly user: UserInfo; readonly audiences: readonly string[]} | {readonly error: string};

const ACCOUNTS: TypeRef = {group: '', plural: 'serviceaccounts'};
const BOUND: Readonly<Record<BoundObject['kind'], TypeRef>> = {
  pod: {group: '', plural: 'pods'},
  secret: {group: '', plural: 'secrets'},
  node: {group: '', plural: 'nodes'},
};

/** Issues and checks the tokens of ServiceAccounts (apiserver.md §7). */
export class AccountTokens {
  readonly key = new SigningKey();
  readonly #api: InternalApi;
  readonly #nowMs: () => number;

  constructor(api: InternalApi, nowMs: () => number) {
    this.#api = api;
    this.#nowMs = nowMs;
  }

  /** @param account - as stored: its uid goes into the token, so that a namesake that comes later is not let in */
  issue(account: JsonObject, terms: TokenTerms): string {
    const now = Math.floor(this.#nowMs() / 1000);
    const namespace = namespaceOf(account);
    const {audiences, expirationSeconds, bound, warnAfterSeconds} = terms;
    return this.key.sign({
      'aud': [...audiences],
      'exp': now + expirationSeconds,
      'iat': now,
      'iss': ISSUER,
      'jti': randomUUID(),
      'kubernetes.io': {
        namespace,
        ...(bound?.node === undefined ? {} : {node: bound.node}),
        ...(bound === undefined ? {} : {[bound.kind]: refTo(bound.object)}),
        serviceaccount: refTo(account),
        ...(warnAfterSeconds === undefined ? {} : {warnafter: now + warnAfterSeconds}),
      },
      'nbf': now,
      'sub': accountUsername({namespace, name: nameOf(account)}),
    });
  }

  /**
   * @param audiences - the token must be for one of these
   * @returns undefined for what is no token of this cluster
   */
  check(token: string, audiences: readonly string[]): AccountVerdict | undefined {
    const verified = this.key.verify(token, ISSUER);
    if (verified === undefined || 'error' in verified) return verified;
    const {claims} = verified;
    const named = textsIn(claims, 'aud');
    const common = named.filter((audience) => audiences.includes(audience));
    if (common.length === 0) {
      return {error: `token audiences ${goList(named)} is invalid for the target audiences ${goList(audiences)}`};
    }
    const error = this.#untimely(claims) ?? this.#orphaned(objectIn(claims, 'kubernetes.io'));
    return error === undefined ? {user: userOf(claims), audiences: common} : {error};
  }

  #untimely(claims: JsonObject): string | undefined {
    const now = this.#nowMs() / 1000;
    const at = (name: string): number => (typeof claims[name] === 'number' ? claims[name] : 0);
    if (now + LEEWAY_S < at('nbf')) return 'service account token is not valid yet';
    if (now - LEEWAY_S > at('exp')) return 'service account token has expired';
    return now + LEEWAY_S < at('iat') ? 'service account token is issued in the future' : undefined;
  }

  /** The account, and what the token is bound to, must still be the same objects. */
  #orphaned(claims: JsonObject): string | undefined {
    const namespace = textIn(claims, 'namespace');
    const ref = objectIn(claims, 'serviceaccount');
    const name = textIn(ref, 'name');
    const account = this.#api.get(ACCOUNTS, namespace, name);
    if (account === undefined) return `serviceaccounts "${name}" not found`;
    if (uidOf(account) !== textIn(ref, 'uid')) {
      return `service account UID (${uidOf(account)}) does not match claim (${textIn(ref, 'uid')})`;
    }
    if (this.#longDeleted(account)) return `service account ${namespace}/${name} has been deleted`;
    for (const kind of ['secret', 'pod', 'node'] as const) {
      // Of a pod's Node only the name is told; the pod is what counts.
      if (claims[kind] === undefined || (kind === 'node' && claims['pod'] !== undefined)) continue;
      const error = this.#unbound(kind, namespace, objectIn(claims, kind));
      if (error !== undefined) return error;
    }
    return undefined;
  }

  #unbound(kind: BoundObject['kind'], namespace: string, ref: JsonObject): string | undefined {
    const object = this.#api.get(BOUND[kind], kind === 'node' ? undefined : namespace, textIn(ref, 'name'));
    if (object === undefined || this.#longDeleted(object)) return 'service account token has been invalidated';
    if (uidOf(object) === textIn(ref, 'uid')) return undefined;
    const asked = textIn(ref, 'uid');
    return `${kind} UID (${uidOf(object)}) does not match service account ${kind} ref claim (${asked})`;
  }

  /** Being deleted for longer than clocks differ. */
  #longDeleted(object: JsonObject): boolean {
    const deleted = textIn(objectIn(object, 'metadata'), 'deletionTimestamp');
    return deleted !== '' && Date.parse(deleted) < this.#nowMs() - LEEWAY_S * 1000;
  }
}

function refTo(object: JsonObject): JsonObject {
  return {name: nameOf(object), uid: uidOf(object)};
}

const EXTRA = 'authentication.kubernetes.io';

function userOf(claims: JsonObject): UserInfo {
  const own = objectIn(claims, 'kubernetes.io');
  const namespace = textIn(own, 'namespace');
  const account = objectIn(own, 'serviceaccount');
  const extra: Record<string, readonly string[]> = {[`${EXTRA}/credential-id`]: [`JTI=${textIn(claims, 'jti')}`]};
  for (const kind of ['node', 'pod']) {
    const ref = objectIn(own, kind);
    for (const field of ['name', 'uid']) {
      if (textIn(ref, field) !== '') extra[`${EXTRA}/${kind}-${field}`] = [textIn(ref, field)];
    }
  }
  return {
    username: accountUsername({namespace, name: textIn(account, 'name')}),
    uid: textIn(account, 'uid'),
    groups: [...accountGroups(namespace), AUTHENTICATED],
    extra,
  };
}
