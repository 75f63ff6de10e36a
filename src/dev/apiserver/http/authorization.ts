import {failure, qualified} from '../api-error.ts';
import type {ApiError} from '../api-error.ts';
import {ANONYMOUS} from './authentication.ts';
import type {UserInfo} from './authentication.ts';
import type {RequestInfo, ResourceRequest} from './request-info.ts';

const OPEN_PATHS = new Set(['/healthz', '/livez', '/readyz', '/version']);

/**
 * Everybody who is authenticated may do everything; anonymous requests get health and version only.
 *
 * @returns the 403, worded as a real server's (apiserver.md §7), or undefined
 */
export function refuse(user: UserInfo, request: RequestInfo): ApiError | undefined {
  if (user !== ANONYMOUS || isOpen(request)) return undefined;
  const who = `User "${user.username}" cannot ${request.verb}`;
  if (request.resource === undefined) {
    const message = `forbidden: ${who} path "${request.path}"`;
    return failure({code: 403, reason: 'Forbidden', message, details: {}});
  }
  return refuseResource(who, request.resource);
}

function isOpen(request: RequestInfo): boolean {
  const first = `/${request.path.split('/')[1] ?? ''}`;
  return request.method === 'GET' && OPEN_PATHS.has(first);
}

function refuseResource(who: string, at: ResourceRequest): ApiError {
  const about = qualified(at.plural, at.group) + (at.name === undefined ? '' : ` "${at.name}"`);
  const what = at.subresource === undefined ? at.plural : `${at.plural}/${at.subresource}`;
  const where = at.namespace === undefined ? 'at the cluster scope' : `in the namespace "${at.namespace}"`;
  return failure({
    code: 403,
    reason: 'Forbidden',
    message: `${about} is forbidden: ${who} resource "${what}" in API group "${at.group}" ${where}`,
    details: {
      ...(at.name === undefined ? {} : {name: at.name}),
      ...(at.group === '' ? {} : {group: at.group}),
      kind: at.plural,
    },
  });
}
