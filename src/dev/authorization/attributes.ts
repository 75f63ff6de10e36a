import {decodePart} from '../apiserver/http/request-info.ts';
import type {RequestInfo, ResourceRequest} from '../apiserver/http/request-info.ts';
import type {UserInfo} from '../authentication/user-info.ts';
import {wrongPathSegment} from '../builtin/name-rules.ts';

/** A resource as rules name it; what a request leaves open is empty. */
export interface ResourceAttributes {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** What somebody wants to do: with a resource, or with a path that is none. */
export interface Attributes {
  readonly user: UserInfo;
  readonly verb: string;
  /** Undefined for a path. */
  readonly resource: ResourceAttributes | undefined;
  readonly path: string;
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What a request asks for, as a kube-apiserver's authorizers see it (`RequestInfoFactory`). */
export function attributesOf(info: RequestInfo, user: UserInfo): Attributes {
  const {method, path, query} = info;
  if (info.resource === undefined) {
    return {user, verb: method.toLowerCase(), resource: undefined, path: decodePart(path)};
  }
  const {request, byPath} = withoutWatchPrefix(info.resource);
  const {group, plural, subresource = '', name: named = ''} = request;
  // A Namespace and its subresources are judged inside itself, so that a RoleBinding there can allow them.
  const namespace = request.namespace ?? (plural === 'namespaces' ? named : '');
  const verb = byPath ? 'watch' : verbOf(method, named, query);
  const selected = verb === 'list' || (verb === 'watch' && !byPath) ? selectedName(query) : '';
  return {user, verb, path, resource: {group, resource: plural, subresource, namespace, name: named || selected}};
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  const verb = VERBS[method] ?? '';
  if (name !== '') return verb;
  if (verb === 'get') return isTrue(query.get('watch')) ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

function isTrue(value: string | null): boolean {
  return value !== null && !['false', '0'].includes(value.toLowerCase());
}

/** `/api/v1/watch/...`, the old way to ask for a watch: what comes behind it is the resource. */
function withoutWatchPrefix(request: ResourceRequest): {request: ResourceRequest; byPath: boolean} {
  if (request.plural !== 'watch' || request.name === undefined) return {request, byPath: false};
  const {group, version, name, subresource, rest = []} = request;
  const parts = [name, ...(subresource === undefined ? [] : [subresource]), ...rest];
  const inside = parts[0] === 'namespaces' && parts.length > 2;
  const [plural = '', inner, sub] = inside ? parts.slice(2) : parts;
  const namespace = inside ? parts[1] : undefined;
  return {request: {group, version, plural, namespace, name: inner, subresource: sub}, byPath: true};
}

/** A list or watch of one object by its name counts as one of that object: `resourceNames` can allow it. */
function selectedName(query: URLSearchParams): string {
  for (const part of (query.get('fieldSelector') ?? '').split(',')) {
    const value = /^metadata\.name==?([^=].*)$/.exec(part.trim())?.[1];
    if (value !== undefined && wrongPathSegment(value).length === 0) return value;
  }
  return '';
}
