import {MCS_GROUP} from '../api/resources.ts';
import {MAX_FAULTS} from '../clusterset/intake/untrusted.ts';
import type {ExportFault, ExportGroup, ExportSubject, MemberExport} from '../clusterset/member-export.ts';
import type {KeptExport} from './kept-export.ts';
import type {KeptService} from './kept-service.ts';
import {shared} from './shared-parts.ts';

/** All that one member says about one exported name. */
export interface ExportFacts {
  readonly cluster: string;
  /** At least one; of any groups. */
  readonly exports: readonly KeptExport[];
  /** Age of an object after the rule against backdating, milliseconds since the epoch (design §5). */
  readonly ageOf: (object: KeptExport) => number;
  readonly service: KeptService | undefined;
  readonly namespaceLabels: ExportSubject['namespaceLabels'];
  /** Undefined: no slice of the Service is there, so nothing is known about its endpoints. */
  readonly ready: boolean | undefined;
  /** What of its slices can't be imported. */
  readonly faults?: readonly ExportFault[];
}

const NO_ENTRIES: Readonly<Record<string, string>> = {};

/**
 * One export out of its objects of several groups (design §4): the standard's fields from the standard object, FSM's from
 * the flomesh one, the age of the older. Of two flomesh objects (the old group and the new) the older one speaks.
 */
export function toMemberExport(facts: ExportFacts): MemberExport {
  const {cluster, exports, ageOf, service, namespaceLabels, ready} = facts;
  const byAge = [...exports].sort((a, b) => ageOf(a) - ageOf(b) || (a.source.id < b.source.id ? -1 : 1));
  const oldest = byAge[0]!;
  const standard = byAge.find((object) => object.source.group === MCS_GROUP);
  const flomesh = byAge.find((object) => object.flomesh !== undefined);
  // One export in all groups: what forbids one object of it forbids the whole.
  const notAllowed = byAge.find((object) => object.notAllowed !== undefined)?.notAllowed;
  const groups = shared([...new Set<ExportGroup>(byAge.map((object) => object.source.group))].sort());
  const faults = [standard?.faults, flomesh?.faults, service?.faults, facts.faults]
    .flatMap((of) => of ?? [])
    .slice(0, MAX_FAULTS);
  return {
    cluster,
    namespace: oldest.metadata.namespace,
    name: oldest.metadata.name,
    groups,
    createdAtMs: ageOf(oldest),
    exportedLabels: standard?.exportedLabels ?? NO_ENTRIES,
    exportedAnnotations: standard?.exportedAnnotations ?? NO_ENTRIES,
    service: service?.service,
    subject: {namespaceLabels, serviceLabels: service?.labels ?? NO_ENTRIES},
    ...askedBy(byAge),
    ...(flomesh?.flomesh === undefined ? {} : {flomesh: flomesh.flomesh}),
    ...(notAllowed === undefined ? {} : {notAllowed}),
    ...(service?.refusal === undefined ? {} : {refusal: service.refusal}),
    ...(ready === undefined ? {} : {ready}),
    ...(faults.length === 0 ? {} : {faults}),
  };
}

/** Of two objects that ask for different things the older one counts. */
function askedBy(byAge: readonly KeptExport[]): KeptExport['asked'] {
  return byAge.reduceRight<KeptExport['asked']>((all, {asked}) => ({...all, ...asked}), {});
}
