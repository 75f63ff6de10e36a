import {
  ALLOW_TYPE_CHANGE_ANNOTATION,
  DEFAULT_NAMESPACE,
  IGNORE_DRAIN_ANNOTATION,
  isProtectedNamespace,
  NOT_ALLOWED,
} from '../../api/names.ts';
import {FLOMESH_GROUP, FLOMESH_MCS_GROUP, MCS_GROUP} from '../../api/resources.ts';
import {fitsDns} from '../dns-names.ts';
import type {ExportFault, ExportGroup, MemberExport} from '../member-export.ts';
import {readService} from './read-service.ts';
import {readMap, readSettings} from './read-settings.ts';
import {readSlices} from './read-slices.ts';
import type {ReadSlice} from './read-slices.ts';
import {asList, asText, FaultList, fieldOf, MAX_FAULTS, show} from './untrusted.ts';

/** All that one member shows of one exported name, as its API server sent it. */
export interface RawExport {
  /** Id of the cluster that it was read from: from the connection, never from an object. */
  readonly cluster: string;
  /** Where it was read: it decides where imports go, whatever the objects say of themselves. */
  readonly namespace: string;
  readonly name: string;
  /** ServiceExports of all groups, at least one. */
  readonly objects: readonly unknown[];
  /** Undefined: there is none. */
  readonly service: unknown;
  /** Undefined: not asked for or not known. */
  readonly slices: readonly unknown[] | undefined;
}

export interface IntakeRules {
  readonly ownNamespace?: string;
  /** Declared by the member. */
  readonly podCIDRs?: readonly string[];
  readonly serviceCIDRs?: readonly string[];
  readonly development?: boolean;
  /** Age of an object after the rule against backdating; its own claim where not given. Milliseconds since the epoch. */
  readonly ageOf?: (object: unknown, claimedAtMs: number) => number;
}

export interface TakenExport {
  /** With `refusal` where it can't be used as a whole; `faults` where parts were left out. Always there, so it is told. */
  readonly export: MemberExport;
  readonly slices: readonly ReadSlice[];
}

/**
 * The one way from another cluster's objects into the engine. Every field is hostile until it was read here (design §10, the
 * class of CVE-2026-66788): source and place come from the connection, what can't be used is left out and told on the export,
 * and nothing throws, so the rest of the member goes on.
 *
 * Of several groups (design §4): the standard's fields from the standard object, the rest from the flomesh one (the older of
 * two), the age of the older.
 *
 * @returns undefined where none of the objects is an export of this name, or all are being deleted
 */
export function takeExport(raw: RawExport, rules: IntakeRules = {}): TakenExport | undefined {
  const {cluster, namespace, name} = raw;
  const faults = new FaultList();
  const objects = byAge(raw, rules);
  const [oldest] = objects;
  if (oldest === undefined) return undefined;
  const standard = objects.find(({group}) => group === MCS_GROUP)?.object;
  const flomesh = objects.find(({group}) => group === FLOMESH_GROUP)?.object;
  const read = raw.service === undefined ? undefined : readService(raw.service);
  const {slices, ready, faults: ofSlices} = takeSlices(raw, rules);
  const labels = readMap(fieldOf(standard, 'spec', 'exportedLabels'), 'spec.exportedLabels', faults);
  const annotations = readMap(fieldOf(standard, 'spec', 'exportedAnnotations'), 'spec.exportedAnnotations', faults);
  const settings = flomesh === undefined ? undefined : readSettings(fieldOf(flomesh, 'spec'), faults);
  const refusal = refusalOf(raw, rules) ?? (read !== undefined && 'refusal' in read ? read.refusal : undefined);
  const notAllowed = objects.map(({object}) => notAllowedOf(object)).find((text) => text !== undefined);
  const ofService = read !== undefined && 'faults' in read ? read.faults : [];
  const all = [...faults.all, ...ofService, ...ofSlices].slice(0, MAX_FAULTS);
  const taken: MemberExport = {
    cluster,
    namespace,
    name,
    groups: [...new Set(objects.map(({group}) => group))].sort(),
    createdAtMs: oldest.ageMs,
    exportedLabels: labels,
    exportedAnnotations: annotations,
    service: read?.service,
    ...(settings === undefined ? {} : {flomesh: settings}),
    ...(notAllowed === undefined ? {} : {notAllowed}),
    ...(ready === undefined ? {} : {ready}),
    ...(refusal === undefined ? {} : {refusal}),
    ...(all.length === 0 ? {} : {faults: all}),
    ...askedOf(objects.map(({object}) => object)),
  };
  return {export: taken, slices: refusal === undefined ? slices : []};
}

interface AgedObject {
  readonly object: unknown;
  readonly group: ExportGroup;
  readonly ageMs: number;
}

/** Oldest first. Of a place other than the one that it was read from, or of a group that is none, an object says nothing. */
function byAge(raw: RawExport, {ageOf = (_, claimedAtMs) => claimedAtMs}: IntakeRules): readonly AgedObject[] {
  return raw.objects
    .flatMap((object): AgedObject[] => {
      const group = groupOf(object);
      const isThere =
        fieldOf(object, 'metadata', 'namespace') === raw.namespace && fieldOf(object, 'metadata', 'name') === raw.name;
      if (group === undefined || !isThere || fieldOf(object, 'metadata', 'deletionTimestamp') !== undefined) return [];
      const claimed = Date.parse(asText(fieldOf(object, 'metadata', 'creationTimestamp')) ?? '');
      // An unreadable time must never win a conflict: it counts as the youngest.
      const age = ageOf(object, Number.isNaN(claimed) ? Number.MAX_SAFE_INTEGER : claimed);
      return [{object, group, ageMs: Number.isFinite(age) ? age : Number.MAX_SAFE_INTEGER}];
    })
    .sort((a, b) => a.ageMs - b.ageMs || (a.group < b.group ? -1 : a.group > b.group ? 1 : 0));
}

/** The group that newer FSM releases use is read as that of the older ones (design §4). */
function groupOf(object: unknown): ExportGroup | undefined {
  const [group] = (asText(fieldOf(object, 'apiVersion')) ?? '').split('/');
  if (group === MCS_GROUP) return MCS_GROUP;
  return group === FLOMESH_GROUP || group === FLOMESH_MCS_GROUP ? FLOMESH_GROUP : undefined;
}

function takeSlices({cluster, slices}: RawExport, rules: IntakeRules): ReturnType<typeof readSlices> {
  if (slices === undefined) return {slices: [], ready: undefined, faults: []};
  const {podCIDRs = [], serviceCIDRs = [], development = false} = rules;
  return readSlices(slices, {cluster, podCIDRs, serviceCIDRs, development});
}

/** Places that nothing may be imported into, and names that no Service can have or DNS can't carry. */
function refusalOf(
  {namespace, name}: RawExport,
  {ownNamespace = DEFAULT_NAMESPACE}: IntakeRules,
): ExportFault | undefined {
  if (isProtectedNamespace(namespace, ownNamespace)) {
    const message = `namespace ${show(namespace)} is protected and exports nothing: use a namespace of your own`;
    return {field: 'metadata.namespace', reason: 'NamespaceProtected', message};
  }
  if (fitsDns(namespace, name)) return undefined;
  const message = `${show(name)} can't be the name of a Service: use one DNS label, at most 63 lower-case letters, digits and '-'`;
  return {field: 'metadata.name', reason: 'InvalidName', message};
}

/** Why the member itself forbids it: its agent's verdict upon the present spec. A long text is the member's own fault. */
export function notAllowedOf(object: unknown): string | undefined {
  const conditions = asList(fieldOf(object, 'status', 'conditions')).slice(0, 100);
  const valid = conditions.find((condition) => fieldOf(condition, 'type') === 'Valid');
  const observed = fieldOf(valid, 'observedGeneration');
  const isCurrent = observed === undefined || observed === fieldOf(object, 'metadata', 'generation');
  const forbids = fieldOf(valid, 'status') === 'False' && fieldOf(valid, 'reason') === NOT_ALLOWED;
  if (!forbids || !isCurrent) return undefined;
  return (asText(fieldOf(valid, 'message')) ?? 'a policy of its own cluster forbids it').slice(0, 1_024);
}

/** What an owner asks for by annotations; on any of the objects. */
export function askedOf(objects: readonly unknown[]): Pick<MemberExport, 'allowTypeChange' | 'ignoreDrain'> {
  const values = (key: string) => objects.map((object) => fieldOf(object, 'metadata', 'annotations', key));
  const type = values(ALLOW_TYPE_CHANGE_ANNOTATION).find((value) => value === 'Headless' || value === 'ClusterSetIP');
  const ignores = values(IGNORE_DRAIN_ANNOTATION).includes('true');
  return {
    ...(type === 'Headless' || type === 'ClusterSetIP' ? {allowTypeChange: type} : {}),
    ...(ignores ? {ignoreDrain: true} : {}),
  };
}
