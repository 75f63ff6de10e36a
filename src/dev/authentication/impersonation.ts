import type {IncomingMessage} from 'node:http';
import {badRequest} from '../apiserver/api-error.ts';
import type {ApiError} from '../apiserver/api-error.ts';
import type {Attributes, ResourceAttributes} from '../authorization/attributes.ts';
import type {Authorizer} from '../authorization/authorizer.ts';
import {forbiddenTo} from '../authorization/forbidden.ts';
import {wrongSubdomain} from '../builtin/name-rules.ts';
import {readImpersonation, shownUser} from './impersonation-headers.ts';
import {accountGroups, accountOfUsername, AUTHENTICATED, MASTERS, UNAUTHENTICATED} from './user-info.ts';
import type {UserInfo} from './user-info.ts';

/**
 * Who a request is made as: kubectl's `--as`, `--as-group`, `--as-uid` (KEP-5284). The constrained ways are tried first, which need
 * `impersonate-on:MODE:VERB` for the request and `impersonate:MODE` for the user; then the old one, which needs `impersonate` alone.
 *
 * @param asked - the request, by the user who really makes it
 * @returns that user where the request names nobody else
 * @throws ApiError 400, or 403 that tells the first thing that was missing
 */
export function impersonated(request: IncomingMessage, asked: Attributes, authorizer: Authorizer): UserInfo {
  const wanted = readImpersonation(request);
  if (wanted === undefined) return asked.user;
  if (wanted.username === '') {
    throw badRequest(`requested ${shownUser(wanted)} without impersonating a user name`);
  }
  const mode = constrainedMode(wanted);
  const attempts: Attempt[] = [
    ...(mode === undefined ? [] : [{mode, verb: `impersonate:${mode}`}]),
    {verb: 'impersonate'},
  ];
  const refusals = attempts.map((attempt) => refusal({asked, wanted, authorizer, ...attempt}));
  const allowed = refusals.findIndex((one) => one === undefined);
  const attempt = attempts[allowed];
  if (attempt === undefined) throw refusals[0] ?? forbiddenTo(asked, '');
  return become(wanted, attempt.mode);
}

type Mode = 'arbitrary-node' | 'serviceaccount' | 'user-info';

interface Attempt {
  /** Undefined for the old way. */
  readonly mode?: Mode;
  readonly verb: string;
}

interface Check extends Attempt {
  readonly asked: Attributes;
  readonly wanted: UserInfo;
  readonly authorizer: Authorizer;
}

/** Nodes and ServiceAccounts are impersonated as they are, with nothing made up; `user-info` is for everybody else. */
function constrainedMode(wanted: UserInfo): Mode | undefined {
  const {username, uid, groups, extra = {}} = wanted;
  const nameOnly = uid === '' && groups.length === 0 && Object.keys(extra).length === 0;
  if (nodeOf(username) !== undefined) return nameOnly ? 'arbitrary-node' : undefined;
  if (accountOfUsername(username) !== undefined) return nameOnly ? 'serviceaccount' : undefined;
  return 'user-info';
}

function nodeOf(username: string): string | undefined {
  const name = /^system:node:(.+)$/.exec(username)?.[1];
  return name === undefined || wrongSubdomain(name).length > 0 ? undefined : name;
}

/** The first thing that is not allowed. */
function refusal(check: Check): ApiError | undefined {
  const {asked, mode, verb, authorizer} = check;
  if (mode !== undefined) {
    const denied = denial(authorizer, {...asked, verb: `impersonate-on:${mode}:${asked.verb}`});
    if (denied !== undefined) return denied;
  }
  for (const resource of subjects(check)) {
    const attributes = {...asked, verb, resource};
    const denied =
      (resource.resource === 'groups' ? wrongGroup(check, attributes) : undefined) ?? denial(authorizer, attributes);
    if (denied !== undefined) return denied;
  }
  return undefined;
}

/** What the old way allows to whoever may do anything, and the constrained ones to nobody. */
function wrongGroup({mode, wanted: {groups}}: Check, attributes: Attributes): ApiError | undefined {
  if (mode === undefined || attributes.resource === undefined) return undefined;
  const unnamed = {...attributes, resource: {...attributes.resource, name: ''}};
  if (groups.includes('')) return forbiddenTo(unnamed, 'impersonating the empty string group is not allowed');
  if (!groups.includes(MASTERS)) return undefined;
  const named = {...attributes, resource: {...attributes.resource, name: MASTERS}};
  return forbiddenTo(named, 'impersonating the system:masters group is not allowed');
}

function denial(authorizer: Authorizer, attributes: Attributes): ApiError | undefined {
  const {allowed, reason} = authorizer.authorize(attributes);
  return allowed ? undefined : forbiddenTo(attributes, reason);
}

/** One thing after another that the impersonator must be allowed to be. */
function subjects(check: Check): readonly ResourceAttributes[] {
  const {username, uid, groups, extra = {}} = check.wanted;
  const account = accountOfUsername(username);
  const node = check.mode === undefined ? undefined : nodeOf(username);
  const who =
    account !== undefined
      ? {...subject(check, 'serviceaccounts', account.name), namespace: account.namespace}
      : node !== undefined
        ? subject(check, 'nodes', node)
        : subject(check, 'users', username);
  return [
    who,
    ...(uid === '' ? [] : [{...subject(check, 'uids', uid), group: AUTHENTICATION}]),
    ...groups.map((group) => subject(check, 'groups', group)),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({
        ...subject(check, 'userextras', value),
        group: AUTHENTICATION,
        subresource: key,
      })),
    ),
  ];
}

const AUTHENTICATION = 'authentication.k8s.io';

function subject({mode}: Check, resource: string, name: string): ResourceAttributes {
  // The old way has users, groups and accounts in the core group.
  return {group: mode === undefined ? '' : AUTHENTICATION, resource, subresource: '', namespace: '', name};
}

function become(wanted: UserInfo, mode: Mode | undefined): UserInfo {
  const account = accountOfUsername(wanted.username);
  const own =
    mode === 'arbitrary-node' ? ['system:nodes'] : account === undefined ? [] : accountGroups(account.namespace);
  const groups = wanted.groups.length === 0 ? own : wanted.groups;
  const anonymous = wanted.username === 'system:anonymous';
  const implied = anonymous ? UNAUTHENTICATED : groups.includes(UNAUTHENTICATED) ? undefined : AUTHENTICATED;
  const known = implied === undefined || groups.includes(implied);
  return {...wanted, groups: known ? groups : [...groups, implied]};
}
