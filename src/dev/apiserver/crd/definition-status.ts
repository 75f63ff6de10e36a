import {toKubeTime} from '../../../api/meta.ts';
import {isObject, listAt, objectAt, stringAt} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {TypeRegistry} from '../type-registry.ts';
import {groupOfDefinition, namesOf, versionsOfDefinition} from './definition.ts';
import {metaOf} from '../object-meta.ts';

interface ConditionText {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/**
 * The status of a definition: are its names free, is it served, which versions may be in storage (apiserver.md §8). A condition that
 * keeps its status keeps its time.
 */
export function definitionStatus(definition: JsonObject, registry: TypeRegistry, nowMs: number): JsonObject {
  const clash = nameClash(definition, registry);
  const status = objectAt(definition, 'status');
  const conditions = [namesCondition(clash), establishedCondition(clash)];
  if (metaOf(definition).deletionTimestamp !== undefined) conditions.push(terminatingCondition());
  const accepted = acceptedNames(definition, clash, objectAt(status, 'acceptedNames'));
  return {
    conditions: mergeConditions(listAt(status, 'conditions').filter(isObject), conditions, nowMs),
    acceptedNames: accepted,
    storedVersions: storedVersions(definition, status),
  };
}

/** The status of a definition at the moment it is marked for deletion. */
export function statusOfMarked(definition: JsonObject, nowMs: number): JsonObject {
  const status = objectAt(definition, 'status') ?? {};
  const message = 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon';
  const pending = {type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message};
  const conditions = listAt(status, 'conditions').filter(isObject);
  return {...status, conditions: [...conditions, {...pending, lastTransitionTime: toKubeTime(nowMs)}]};
}

export function isEstablished(definition: JsonObject): boolean {
  return listAt(objectAt(definition, 'status'), 'conditions').some(
    (condition) => isObject(condition) && condition['type'] === 'Established' && condition['status'] === 'True',
  );
}

/** Every name that is free is taken; the one that is not stays as it was. */
function acceptedNames(definition: JsonObject, clash: Clash | undefined, before: JsonObject | undefined): JsonObject {
  const names: Record<string, unknown> = namesAsShown(definition);
  if (clash === undefined) return names;
  delete names[clash.name];
  return {...names, ...(before?.[clash.name] === undefined ? {} : {[clash.name]: before[clash.name]})};
}

interface Clash {
  readonly name: 'singular' | 'shortNames' | 'kind' | 'listKind';
  readonly reason: string;
  readonly message: string;
}

/** Within a group, no other resource may have one of the names. */
function nameClash(definition: JsonObject, registry: TypeRegistry): Clash | undefined {
  const names = namesOf(definition);
  const group = groupOfDefinition(definition);
  const others = registry.all().filter((type) => type.group === group && type.plural !== names.plural);
  const taken = new Set(others.flatMap((type) => [type.plural, type.singular, ...type.shortNames]));
  const kinds = new Set(others.flatMap((type) => [type.kind, type.listKind]));
  const inUse = (name: Clash['name'], reason: string, value: string): Clash => ({
    name,
    reason,
    message: `"${value}" is already in use`,
  });
  if (taken.has(names.singular)) return inUse('singular', 'SingularConflict', names.singular);
  const short = names.shortNames.find((name) => taken.has(name));
  if (short !== undefined) return inUse('shortNames', 'ShortNamesConflict', short);
  if (kinds.has(names.kind)) return inUse('kind', 'KindConflict', names.kind);
  if (kinds.has(names.listKind)) return inUse('listKind', 'ListKindConflict', names.listKind);
  return undefined;
}

function namesCondition(clash: Clash | undefined): ConditionText {
  if (clash !== undefined) {
    const {reason, message} = clash;
    return {type: 'NamesAccepted', status: 'False', reason, message};
  }
  return {type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found'};
}

function establishedCondition(clash: Clash | undefined): ConditionText {
  return clash === undefined
    ? {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      }
    : {type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted'};
}

function terminatingCondition(): ConditionText {
  const message = 'CustomResource deletion is in progress';
  return {type: 'Terminating', status: 'True', reason: 'InstanceDeletionInProgress', message};
}

function namesAsShown(definition: JsonObject): JsonObject {
  const {shortNames, categories, ...names} = namesOf(definition);
  return {
    ...names,
    ...(shortNames.length > 0 ? {shortNames} : {}),
    ...(categories.length > 0 ? {categories} : {}),
  };
}

/** Every version that objects may be stored in: those that ever were, and the one of now. */
export function storedVersions(definition: JsonObject, status: JsonObject | undefined): readonly string[] {
  const before = listAt(status, 'storedVersions').filter((version) => typeof version === 'string');
  const storage = versionsOfDefinition(definition).find((version) => version['storage'] === true);
  return [...new Set([...before, stringAt(storage, 'name') ?? ''])].filter((version) => version !== '');
}

function mergeConditions(
  before: readonly JsonObject[],
  after: readonly ConditionText[],
  nowMs: number,
): readonly JsonObject[] {
  return after.map((condition) => {
    const old = before.find((candidate) => candidate['type'] === condition.type);
    const since = old?.['status'] === condition.status ? old['lastTransitionTime'] : undefined;
    return {...condition, lastTransitionTime: since ?? toKubeTime(nowMs)};
  });
}
