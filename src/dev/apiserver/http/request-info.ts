/** What a request asks for, out of its method and URL (`RequestInfo` of a kube-apiserver). */
export interface RequestInfo {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly verb: Verb;
  /** Undefined for anything that is not about a resource: discovery, health, OpenAPI. */
  readonly resource: ResourceRequest | undefined;
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | 'other';

export interface ResourceRequest {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** What follows in the path, which only proxies use. */
  readonly rest?: readonly string[];
}

export function parseRequest(method: string, url: string): RequestInfo {
  // Not by URL: it would read `//x` as a host and throw for others.
  const [path = '/', search = ''] = url.split('?', 2);
  const query = new URLSearchParams(search);
  const resource = parseResource(path.split('/').filter((part) => part !== ''));
  return {method, path, query, resource, verb: verbOf(method, resource, query)};
}

function verbOf(method: string, resource: ResourceRequest | undefined, query: URLSearchParams): Verb {
  const named = resource?.name !== undefined;
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (resource === undefined) return 'get';
      // A watch of one object by its own path is an ordinary GET (apiserver.md §3.2).
      if (named) return 'get';
      return query.get('watch') === 'true' || query.get('watch') === '1' ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return named ? 'delete' : 'deletecollection';
    default:
      return 'other';
  }
}

/** `/api/v1/...` and `/apis/<group>/<version>/...` with at least a resource in it. */
function parseResource(encoded: readonly string[]): ResourceRequest | undefined {
  const parts = encoded.map(decodePart);
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return undefined;
  const [group, version, ...rest] = core ? ['', ...parts.slice(1)] : parts.slice(1);
  if (group === undefined || version === undefined || rest[0] === undefined) return undefined;
  // Below a namespace stands another resource; `namespaces/x` and its subresources are the Namespace itself.
  const inside = rest[0] === 'namespaces' && rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? '');
  const namespace = inside ? rest[1] : undefined;
  const [plural = '', name, subresource, ...more] = inside ? rest.slice(2) : rest;
  return {group, version, plural, namespace, name, subresource, ...(more.length === 0 ? {} : {rest: more})};
}

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray percent sign is no escape: the name then simply is not found.
    return part;
  }
}
