import {toKubeTime} from '../../../api/meta.ts';
import {trackUpdate} from '../../apply/managed-fields.ts';
import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {metaOf, withField, withMeta} from '../object-meta.ts';
import {apiVersionOfType} from '../resource-type.ts';
import type {WriteCall, WriteContext} from './write-call.ts';

/** What the server itself fills in where a request leaves it out: nobody owns that (seen on a real server for Services). */
const ALLOCATED: Readonly<Record<string, readonly string[]>> = {
  services: ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'],
  namespaces: ['finalizers'],
  pods: ['nodeName'],
};

export interface Tracked {
  readonly before: JsonObject | undefined;
  /** As the request has it. */
  readonly given: JsonObject;
  /** The same with defaults and allocations; defaults belong to whoever wrote the object. */
  readonly prepared: JsonObject;
}

/** The prepared object with the `managedFields` of an ordinary write (apiserver.md §4.1). */
export function ownedByWriter(context: WriteContext, call: WriteCall, {before, given, prepared}: Tracked): JsonObject {
  const {type, subresource} = call;
  const owned = trackUpdate({
    before,
    after: writtenPart(type.storageKey, given, prepared),
    manager: call.manager,
    apiVersion: apiVersionOfType(type),
    ...(subresource === undefined ? {} : {subresource}),
    schema: type.schema,
    now: toKubeTime(context.nowMs()),
  });
  return withMeta(prepared, {managedFields: metaOf(owned).managedFields});
}

function writtenPart(storageKey: string, given: JsonObject, prepared: JsonObject): JsonObject {
  const withoutStatus = withField(prepared, 'status', given['status']);
  const allocated = ALLOCATED[storageKey];
  const spec = prepared['spec'];
  if (allocated === undefined || !isObject(spec)) return withoutStatus;
  const asked = isObject(given['spec']) ? given['spec'] : {};
  const written = Object.entries(spec).filter(([field]) => !allocated.includes(field) || asked[field] !== undefined);
  return {...withoutStatus, spec: Object.fromEntries(written)};
}
