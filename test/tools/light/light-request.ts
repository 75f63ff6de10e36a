import type {ObjectKey} from '../../../src/api/meta.ts';
import {keyOf} from '../../../src/api/meta.ts';
import type {Resource} from '../../../src/api/resources.ts';
import type {RequestFacts} from '../../../src/dev/faults.ts';
import {tableId} from './light-storage.ts';

export interface LightCall {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  readonly userAgent: string;
}

/** What a call is about; `at.name` is undefined for a collection. */
export interface LightRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
}

/** @returns undefined: no path of a served resource */
export function parseRequest(path: string, served: readonly Resource[]): LightRequest | undefined {
  const [pathname = '', search = ''] = path.split('?', 2);
  const parts = pathname.split('/').slice(1).map(decodeURIComponent);
  const [group, version, ...rest] = parts[0] === 'api' ? ['', ...parts.slice(1)] : parts.slice(1);
  const isNamespaced = rest[0] === 'namespaces' && rest.length > 2 && !['status', 'finalize'].includes(rest[2] ?? '');
  const [namespace, plural, name, subresource] = isNamespaced ? [rest[1], ...rest.slice(2)] : [undefined, ...rest];
  const resource = served.find(
    (each) => tableId(each) === `${group ?? ''}/${plural ?? ''}` && each.version === version,
  );
  return resource && {resource, namespace, name, subresource, query: new URLSearchParams(search)};
}

export function placeOf({namespace, name = ''}: LightRequest): ObjectKey {
  return namespace === undefined ? {name} : {namespace, name};
}

export function keyOfRequest(request: LightRequest): string {
  return keyOf(placeOf(request));
}

const VERBS: Readonly<Record<string, string>> = {POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete'};

/** What faults are chosen by. */
export function factsOf({method, userAgent}: LightCall, request: LightRequest | undefined): RequestFacts {
  const isWatch = request?.query.get('watch') === 'true';
  const read = isWatch ? 'watch' : request?.name === undefined ? 'list' : 'get';
  return {
    method,
    userAgent,
    resource: request?.resource.plural,
    group: request?.resource.group,
    verb: VERBS[method] ?? read,
    namespace: request?.namespace,
    name: request?.name,
    fieldManager: request?.query.get('fieldManager') ?? undefined,
  };
}
