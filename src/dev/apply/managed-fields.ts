import {objectAt, stringAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {withTypeAndMeta} from '../schema/object-meta.ts';
import type {Schema} from '../schema/schema.ts';
import {compare, isSame} from './compare.ts';
import {findConflicts, withoutFields} from './conflicts.ts';
import type {FieldConflict} from './conflicts.ts';
import {withEmptiedMaps} from './emptied-maps.ts';
import {emptySet, equalSets, isEmptySet, union} from './field-set.ts';
import {fieldsOfLastApplied, kubectlManager, syncLastApplied} from './last-applied.ts';
import {decodeManagers, managerId} from './manager-entry.ts';
import type {ManagerEntry, Managers} from './manager-entry.ts';
import {mergeApplied} from './merge-applied.ts';
import {joinParts, visiblePart, withoutUnownable} from './ownable.ts';
import type {Scope} from './ownable.ts';
import {ownedFields} from './owned-fields.ts';
import {pruneDropped} from './prune-dropped.ts';
import {giveUp, recordUpdate, withManagers} from './track-update.ts';
import {typedErrors} from './typed-errors.ts';

export {trackUpdate} from './track-update.ts';

export interface ApplyInput extends Scope {
  /** The stored object in the version of the request; undefined where there is none. */
  readonly live: JsonObject | undefined;
  readonly applied: JsonObject;
  readonly manager: string;
  readonly force: boolean;
  readonly apiVersion: string;
  readonly schema: Schema;
  /** RFC 3339, whole seconds. */
  readonly now: string;
}

export type ApplyResult =
  /** `object` still needs defaults and validation. `changed: false` means that it is `live` itself. */
  | {readonly ok: true; readonly object: JsonObject; readonly changed: boolean}
  | {readonly ok: false; readonly conflicts: readonly FieldConflict[]}
  | {readonly ok: false; readonly error: {readonly code: number; readonly reason?: string; readonly message: string}};

/**
 * Server-side apply (KEP-555; reference: apiserver §4): merges by schema, takes ownership of exactly what is applied, removes what the
 * manager owned and no longer applies, and refuses to change what others own unless forced.
 *
 * `metadata.uid` and `metadata.resourceVersion` of the body stay in the result: comparing them with the stored ones is the server's part.
 */
export function serverSideApply(input: ApplyInput): ApplyResult {
  const result = applyOnce(input);
  if (input.manager !== kubectlManager) return result;
  if (result.ok) return result.changed ? {...result, object: syncLastApplied(result.object, input.applied)} : result;
  if ('error' in result) return result;
  const disputed = withoutFields(result.conflicts, fieldsOfLastApplied(input));
  if (disputed.length > 0) return {ok: false, conflicts: disputed};
  const forced = applyOnce({...input, force: true});
  return forced.ok ? {...forced, object: syncLastApplied(forced.object, input.applied)} : forced;
}

function applyOnce(input: ApplyInput): ApplyResult {
  const refusal = refuse(input);
  if (refusal !== undefined) return {ok: false, error: refusal};
  const schema = withTypeAndMeta(input.schema);
  const live = withoutManagers(input.live ?? {apiVersion: input.applied['apiVersion'], kind: input.applied['kind']});
  const before = storedManagers(input, live);
  const {id, managers, merged} = mergeAs(input, schema, {live, before});

  const comparison = compare(schema, visiblePart(input, live), merged);
  const others = new Map([...managers].filter(([other]) => other !== id));
  const conflicts = findConflicts(others, union(comparison.added, comparison.modified));
  if (conflicts.length > 0 && !input.force) return {ok: false, conflicts};

  const own = managers.get(id);
  const ownFields = withoutUnownable(own?.fields ?? emptySet);
  const after = new Map(giveUp(others, comparison));
  // Who only joins in owning equal values has no time: nothing happened at any.
  if (own !== undefined && !isEmptySet(ownFields)) {
    after.set(id, {...own, fields: ownFields, time: isSame(comparison) ? before.get(id)?.time : input.now});
  }
  if (input.live !== undefined && isSame(comparison) && sameOwners(decodeStored(input.live), after)) {
    return {ok: true, object: input.live, changed: false};
  }
  return {ok: true, object: withManagers(joinParts(input, live, merged), after), changed: true};
}

function refuse(input: ApplyInput): {code: number; reason?: string; message: string} | undefined {
  const metadata = objectAt(input.applied, 'metadata');
  if ((metadata?.['managedFields'] ?? null) !== null) {
    return {code: 400, reason: 'BadRequest', message: 'metadata.managedFields must be nil'};
  }
  const errors = typedErrors(withTypeAndMeta(input.schema), input.applied);
  if (errors.length === 0) return undefined;
  const [group, version] = input.apiVersion.includes('/') ? input.apiVersion.split('/') : ['', input.apiVersion];
  const kind = `${group}/${version}, Kind=${stringAt(input.applied, 'kind') ?? ''}`;
  const which = `${stringAt(metadata, 'namespace') ?? ''}/${stringAt(metadata, 'name') ?? ''}; ${kind}`;
  const told = errors.length === 1 ? errors.join('') : ['errors:', ...errors.map((error) => `  ${error}`)].join('\n');
  return {code: 500, message: `failed to create typed patch object (${which}): ${told}`};
}

function decodeStored(live: JsonObject | undefined): Managers {
  return decodeManagers(objectAt(live, 'metadata')?.['managedFields']);
}

/** An object without owners was there before anybody applied: all it holds belongs to `before-first-apply`. */
function storedManagers(input: ApplyInput, live: JsonObject): Managers {
  const stored = decodeStored(input.live);
  if (input.live === undefined || stored.size > 0) return stored;
  return recordUpdate(stored, {...input, before: undefined, after: live, manager: 'before-first-apply'});
}

interface Merged {
  readonly id: string;
  /** All managers; the applying one with all it applies, name and kind included. */
  readonly managers: Managers;
  /** The visible part of the new object. */
  readonly merged: JsonObject;
}

function mergeAs(input: ApplyInput, schema: Schema, stored: {live: JsonObject; before: Managers}): Merged {
  const applied = visiblePart(input, input.applied);
  const own: ManagerEntry = {
    manager: input.manager,
    operation: 'Apply',
    apiVersion: input.apiVersion,
    subresource: input.subresource ?? '',
    time: undefined,
    fields: ownedFields(schema, applied),
  };
  const id = managerId(own);
  const managers = new Map(stored.before).set(id, own);
  const laidOver = mergeApplied(schema, visiblePart(input, stored.live), applied) as JsonObject;
  const merged = keepServerFields(laidOver, input.live);
  const last = stored.before.get(id)?.fields;
  if (last === undefined) return {id, managers, merged};
  const owned = [...managers.values()].map((entry) => entry.fields).reduce(union, emptySet);
  const pruned = pruneDropped({schema, merged, last, owned});
  return {id, managers, merged: withEmptiedMaps(schema, pruned, {applied, merged})};
}

/** A body may carry what it once read; it cannot change it. */
function keepServerFields(merged: JsonObject, live: JsonObject | undefined): JsonObject {
  const metadata = objectAt(merged, 'metadata');
  if (metadata === undefined) return merged;
  const stored = objectAt(live, 'metadata') ?? {};
  const kept = {...metadata};
  for (const name of [
    'creationTimestamp',
    'generation',
    'selfLink',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ]) {
    if (Object.hasOwn(stored, name)) kept[name] = stored[name];
    else delete kept[name];
  }
  return {...merged, metadata: kept};
}

function sameOwners(a: Managers, b: Managers): boolean {
  const isSameEntry = ([id, entry]: [string, ManagerEntry]): boolean => {
    const other = b.get(id);
    return other !== undefined && other.apiVersion === entry.apiVersion && equalSets(other.fields, entry.fields);
  };
  return a.size === b.size && [...a].every(isSameEntry);
}

function withoutManagers(object: JsonObject): JsonObject {
  const metadata = objectAt(object, 'metadata');
  if (metadata === undefined) return object;
  const {managedFields: _dropped, ...rest} = metadata;
  return {...object, metadata: rest};
}
