import {isObject, jsonClone, jsonEquals, objectAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {withTypeAndMeta} from '../schema/object-meta.ts';
import type {Schema} from '../schema/schema.ts';
import {compare} from './compare.ts';
import type {Comparison} from './compare.ts';
import {difference, isEmptySet, union} from './field-set.ts';
import {decodeManagers, encodeManagers, foldOldUpdaters, managerId} from './manager-entry.ts';
import type {ManagerEntry, Managers} from './manager-entry.ts';
import {visiblePart, withoutUnownable} from './ownable.ts';
import type {Scope} from './ownable.ts';

export interface UpdateInput extends Scope {
  /** The stored object; undefined for a create. */
  readonly before: JsonObject | undefined;
  /** As it is to be stored: defaulted, but without what only the server fills in (allocations are owned by nobody). */
  readonly after: JsonObject;
  readonly manager: string;
  readonly apiVersion: string;
  readonly schema: Schema;
  /** RFC 3339, whole seconds. */
  readonly now: string;
}

/** The new object with the managedFields that a POST, PUT or (non-apply) PATCH leaves. */
export function trackUpdate(input: UpdateInput): JsonObject {
  const {before, after} = input;
  const managers = baseManagers(input);
  // Once somebody cleared all owners, updates track nothing until the next apply.
  if (before !== undefined && managers.size === 0) return withManagers(after, managers);
  return withManagers(after, foldOldUpdaters(recordUpdate(managers, input)));
}

/** A write may bring managedFields along, to change them. An empty list means that the client knows nothing of them. */
function baseManagers(input: UpdateInput): Managers {
  const stored = decodeManagers(objectAt(input.before, 'metadata')?.['managedFields']);
  if (input.subresource !== undefined) return stored;
  const sent = objectAt(input.after, 'metadata')?.['managedFields'];
  if (Array.isArray(sent) && sent.length === 1 && isObject(sent[0]) && Object.keys(sent[0]).length === 0)
    return new Map();
  const managers = decodeManagers(sent);
  return managers.size === 0 ? stored : managers;
}

/** What changed goes to the writer, also from others; what was removed is nobody's any more. */
export function recordUpdate(managers: Managers, input: UpdateInput): Managers {
  const schema = withTypeAndMeta(input.schema);
  const before = input.before ?? emptyObject(input.schema, input.after);
  const comparison = compare(schema, visiblePart(input, before), visiblePart(input, input.after));
  const result = new Map(giveUp(managers, comparison));
  const taken = withoutUnownable(union(comparison.added, comparison.modified));
  if (isEmptySet(taken)) return result;
  const entry = {
    manager: input.manager,
    operation: 'Update',
    apiVersion: input.apiVersion,
    subresource: input.subresource ?? '',
  } as const;
  const earlier = result.get(managerId(entry))?.fields;
  result.set(managerId(entry), {
    ...entry,
    time: input.now,
    fields: earlier === undefined ? taken : union(taken, earlier),
  });
  return result;
}

/** The managers without the fields that changed under their hands; a manager without fields is none. */
export function giveUp(managers: Managers, comparison: Comparison): Managers {
  const lost = union(union(comparison.added, comparison.modified), comparison.removed);
  const left = [...managers].map(([id, entry]): [string, ManagerEntry] => [
    id,
    {...entry, fields: difference(entry.fields, lost)},
  ]);
  return new Map(left.filter(([, entry]) => !isEmptySet(entry.fields)));
}

/** What a create is compared with. The structs of a Go type are there from the start, so that nobody comes to own them as such. */
function emptyObject(schema: Schema, after: JsonObject): JsonObject {
  const empty: JsonObject = {apiVersion: after['apiVersion'], kind: after['kind'], metadata: {}};
  return schema.goType === true ? {...emptyStruct(schema), ...empty} : empty;
}

function emptyStruct(schema: Schema): JsonObject {
  const empty: JsonObject = {};
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (jsonEquals(member.default, {})) empty[name] = emptyStruct(member);
    else if (member.nullable === true) empty[name] = null;
  }
  return empty;
}

export function withManagers(object: JsonObject, managers: Managers): JsonObject {
  const {managedFields: _dropped, ...metadata} = objectAt(object, 'metadata') ?? {};
  const encoded = encodeManagers(managers);
  return {...object, metadata: jsonClone(encoded.length === 0 ? metadata : {...metadata, managedFields: encoded})};
}
