import {toKubeTime} from '../../../api/meta.ts';
import {trackUpdate} from '../../apply/managed-fields.ts';
import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {metaOf, withField, withMeta} from '../object-meta.ts';
import {apiVersionOfType} from '../resource-type.ts';
import type {WriteCall, WriteContext} from './write-call.ts';

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
    after: withoutAllocated(type.strategy.unowned?.(prepared, given) ?? prepared, given, type.strategy.allocated ?? []),
    manager: call.manager,
    apiVersion: apiVersionOfType(type),
    ...(subresource === undefined ? {} : {subresource}),
    hasStatus: type.hasStatus,
    schema: type.schema,
    now: toKubeTime(context.nowMs()),
  });
  return withMeta(prepared, {managedFields: metaOf(owned).managedFields});
}

/** Without what the server itself filled in: a path that the request names stays. */
function withoutAllocated(prepared: JsonObject, given: JsonObject, paths: readonly string[]): JsonObject {
  return paths.reduce((object, path) => withoutPath(object, given, path.split('.')), prepared);
}

function withoutPath(prepared: JsonObject, given: JsonObject, path: readonly string[]): JsonObject {
  const [step = '', ...rest] = path;
  const name = step.replace('[]', '');
  const value = prepared[name];
  // As the request has it: what the server then made of it is nobody's. Empty is as good as absent: `clusterIP: ""` asks for one.
  if (rest.length === 0) return withField(prepared, name, given[name] === '' ? undefined : given[name]);
  // Defaults neither add nor move items, so the item at the same place is the one that was asked for.
  const below = (item: unknown, asked: unknown): unknown =>
    isObject(item) ? withoutPath(item, isObject(asked) ? asked : {}, rest) : item;
  if (!Array.isArray(value)) return value === undefined ? prepared : {...prepared, [name]: below(value, given[name])};
  const asked: readonly unknown[] = Array.isArray(given[name]) ? given[name] : [];
  return {...prepared, [name]: value.map((item, at) => below(item, asked[at]))};
}
