import type {JsonObject} from '../schema/json.ts';

/** Who makes a request (`user.Info` of a kube-apiserver). */
export interface UserInfo {
  readonly username: string;
  /** Empty where whoever vouches for the user knows none. */
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const AUTHENTICATED = 'system:authenticated';
export const UNAUTHENTICATED = 'system:unauthenticated';
/** Members stand above all authorization. */
export const MASTERS = 'system:masters';

export const ANONYMOUS: UserInfo = {username: 'system:anonymous', uid: '', groups: [UNAUTHENTICATED]};

/** `authentication.k8s.io/v1 UserInfo`: what is empty is left out. */
export function userInfoObject({username, uid, groups, extra = {}}: UserInfo): JsonObject {
  return {
    username,
    ...(uid === '' ? {} : {uid}),
    ...(groups.length === 0 ? {} : {groups: [...groups]}),
    ...(Object.keys(extra).length === 0 ? {} : {extra}),
  };
}

const ACCOUNT_PREFIX = 'system:serviceaccount:';

export interface AccountName {
  readonly namespace: string;
  readonly name: string;
}

export function accountUsername({namespace, name}: AccountName): string {
  return `${ACCOUNT_PREFIX}${namespace}:${name}`;
}

export function accountGroups(namespace: string): readonly string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/** The ServiceAccount that a user name stands for; undefined where it is anybody else's. */
export function accountOfUsername(username: string): AccountName | undefined {
  if (!username.startsWith(ACCOUNT_PREFIX)) return undefined;
  const [namespace = '', name = '', ...rest] = username.slice(ACCOUNT_PREFIX.length).split(':');
  return namespace === '' || name === '' || rest.length > 0 ? undefined : {namespace, name};
}
