import type {ResourceType} from '../resource-type.ts';

const BUILTIN = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const CUSTOM = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

export const STATUS_VERBS: readonly string[] = ['get', 'patch', 'update'];

/** What may be done with a resource, in the order in which a real server lists it. */
export function verbsOf(type: ResourceType): readonly string[] {
  if (type.verbs !== undefined) return type.verbs;
  if (type.custom) return CUSTOM;
  return type.storageKey === 'namespaces' ? BUILTIN.filter((verb) => verb !== 'deletecollection') : BUILTIN;
}
