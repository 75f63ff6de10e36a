import type {ExportedService, ExportGroup, MemberExport} from '../clusterset/member-export.ts';
import {MCS_GROUP} from '../api/resources.ts';
import type {KeptExport} from './kept-export.ts';

/** All that one member says about one exported name. */
export interface ExportFacts {
  readonly cluster: string;
  /** At least one; of any groups. */
  readonly exports: readonly KeptExport[];
  /** Age of an object after the rule against backdating, milliseconds since the epoch (design §5). */
  readonly ageOf: (object: KeptExport) => number;
  readonly service: ExportedService | undefined;
  /** Undefined: no slice of the Service is there, so nothing is known about its endpoints. */
  readonly ready: boolean | undefined;
}

/**
 * One export out of its objects of several groups (design §4): the standard's fields from the standard object, FSM's from
 * the flomesh one, the age of the older. Of two flomesh objects (the old group and the new) the older one speaks.
 */
export function toMemberExport({cluster, exports, ageOf, service, ready}: ExportFacts): MemberExport {
  const byAge = [...exports].sort((a, b) => ageOf(a) - ageOf(b) || (a.source.id < b.source.id ? -1 : 1));
  const oldest = byAge[0]!;
  const standard = byAge.find((object) => object.source.group === MCS_GROUP);
  const flomesh = byAge.find((object) => object.flomesh !== undefined)?.flomesh;
  // One export in all groups: what forbids one object of it forbids the whole.
  const notAllowed = byAge.find((object) => object.notAllowed !== undefined)?.notAllowed;
  const groups = [...new Set<ExportGroup>(byAge.map((object) => object.source.group))].sort();
  return {
    cluster,
    namespace: oldest.metadata.namespace,
    name: oldest.metadata.name,
    groups,
    createdAtMs: ageOf(oldest),
    exportedLabels: standard?.exportedLabels ?? {},
    exportedAnnotations: standard?.exportedAnnotations ?? {},
    service,
    ...(flomesh === undefined ? {} : {flomesh}),
    ...(notAllowed === undefined ? {} : {notAllowed}),
    ...(ready === undefined ? {} : {ready}),
  };
}
