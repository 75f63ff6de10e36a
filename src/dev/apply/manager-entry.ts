import {isObject, stringAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {isEmptySet, union} from './field-set.ts';
import type {FieldSet} from './field-set.ts';
import {decodeFieldsV1, encodeFieldsV1} from './fields-v1.ts';

/** One item of `metadata.managedFields`. */
export interface ManagerEntry {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339; an applier that only took a share in equal values has none. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

export type Managers = ReadonlyMap<string, ManagerEntry>;

/** Who counts as the same manager: an applier is the same one in every version, an updater is not. */
export function managerId(entry: Omit<ManagerEntry, 'fields' | 'time'>): string {
  const version = entry.operation === 'Apply' ? '' : entry.apiVersion;
  return JSON.stringify([entry.manager, entry.operation, version, entry.subresource]);
}

/**
 * @returns no managers where the list cannot be read: an API server rather forgets owners than refuses a write for them
 */
export function decodeManagers(managedFields: unknown): Managers {
  const managers = new Map<string, ManagerEntry>();
  if (!Array.isArray(managedFields)) return managers;
  for (const item of managedFields) {
    const entry = decodeEntry(item);
    if (entry === undefined) return new Map();
    managers.set(managerId(entry), entry);
  }
  return managers;
}

function decodeEntry(item: unknown): ManagerEntry | undefined {
  if (!isObject(item)) return undefined;
  const operation = stringAt(item, 'operation');
  const fields = decodeFieldsV1(item['fieldsV1'] ?? {});
  if ((operation !== 'Apply' && operation !== 'Update') || fields === undefined) return undefined;
  return {
    manager: stringAt(item, 'manager') ?? '',
    operation,
    apiVersion: stringAt(item, 'apiVersion') ?? '',
    subresource: stringAt(item, 'subresource') ?? '',
    time: stringAt(item, 'time'),
    fields,
  };
}

/** Appliers first, then by time to the second, then by name. */
export function encodeManagers(managers: Managers): JsonObject[] {
  return [...managers.values()]
    .filter((entry) => !isEmptySet(entry.fields))
    .sort(
      (a, b) =>
        order(a.operation, b.operation) ||
        secondsOf(a) - secondsOf(b) ||
        order(a.manager, b.manager) ||
        order(a.apiVersion, b.apiVersion) ||
        order(a.subresource, b.subresource),
    )
    .map((entry) => ({
      manager: entry.manager,
      operation: entry.operation,
      apiVersion: entry.apiVersion,
      ...(entry.time === undefined ? {} : {time: entry.time}),
      fieldsType: 'FieldsV1',
      fieldsV1: encodeFieldsV1(entry.fields),
      ...(entry.subresource === '' ? {} : {subresource: entry.subresource}),
    }));
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function secondsOf(entry: ManagerEntry): number {
  return entry.time === undefined ? 0 : Math.floor(Date.parse(entry.time) / 1000);
}

const mostUpdaters = 10;

/**
 * At most ten Update entries are kept; of the oldest, those of one version are folded into one named `ancient-changes`. Without it every
 * user agent that ever wrote an object would stay on it.
 */
export function foldOldUpdaters(managers: Managers): Managers {
  const updaters = [...managers].filter(([, entry]) => entry.operation === 'Update');
  let surplus = updaters.length - mostUpdaters;
  if (surplus <= 0) return managers;
  const kept = new Map(managers);
  const oldest = new Map<string, {readonly id: string; readonly entry: ManagerEntry}>();
  for (const [id, entry] of updaters.sort(([, a], [, b]) => secondsOf(a) - secondsOf(b))) {
    const earlier = oldest.get(entry.apiVersion);
    if (surplus > 0 && earlier !== undefined) {
      const folded = {
        ...entry,
        manager: 'ancient-changes',
        subresource: '',
        fields: union(earlier.entry.fields, entry.fields),
      };
      kept.delete(earlier.id);
      kept.delete(id);
      kept.set(managerId(folded), folded);
      oldest.set(entry.apiVersion, {id: managerId(folded), entry: folded});
      surplus--;
    } else if (earlier === undefined) {
      oldest.set(entry.apiVersion, {id, entry});
    }
  }
  return kept;
}
