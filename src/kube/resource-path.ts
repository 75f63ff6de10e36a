import type {Resource} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';

export interface PathPlace {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/**
 * The path of a resource, without the server's prefix.
 *
 * Names come from other clusters: one that could leave its place in the path is refused with ISTHMUS_KUBE_BAD_REQUEST,
 * by the rule of the API server itself (`IsValidPathSegmentName`: not `.`, not `..`, no `/`, no `%`).
 */
export function resourcePath(resource: Resource, at: PathPlace): string {
  const parts = resource.group === '' ? ['api', resource.version] : ['apis', resource.group, resource.version];
  if (at.namespace !== undefined) {
    if (!resource.namespaced) throw badRequest(`${resource.plural} have no namespace, but "${at.namespace}" was given`);
    parts.push('namespaces', segment(at.namespace, 'namespace'));
  } else if (resource.namespaced && at.name !== undefined) {
    throw badRequest(`${resource.plural} need a namespace, and none was given for "${at.name}"`);
  }
  parts.push(resource.plural);
  if (at.name !== undefined) parts.push(segment(at.name, 'name'));
  if (at.subresource !== undefined) parts.push(segment(at.subresource, 'subresource'));
  return `/${parts.join('/')}`;
}

/** A path with those parameters that have a value. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

function segment(text: string, what: string): string {
  if (text === '' || text === '.' || text === '..' || /[/%]/.test(text)) {
    throw badRequest(`"${text}" cannot be a ${what}: it must not be empty, "." or "..", nor hold "/" or "%"`);
  }
  return encodeURIComponent(text);
}

function badRequest(reason: string): IsthmusError {
  return new IsthmusError('ISTHMUS_KUBE_BAD_REQUEST', reason);
}
