import type {EndpointSlice} from '../api/kinds.ts';
import {keyOf} from '../api/meta.ts';
import {SERVICE_NAME_LABEL} from '../api/names.ts';
import {importedSlice, receiveSlices, sourceOf} from '../clusterset/imported-slices.ts';
import type {ReadSlice} from '../clusterset/intake/read-slices.ts';

/** One exporter of an import. */
export interface SliceSource {
  readonly cluster: string;
  /** Undefined: not known which it has, so those that were imported stay (design §5). */
  readonly slices: readonly ReadSlice[] | undefined;
}

/** Whether slices of an import are imported into a member. Undecided: it isn't known yet how many there are (the hub starts). */
export type SliceUse = 'Imported' | 'NotImported' | 'Undecided';

export interface SlicesSituation {
  readonly namespace: string;
  readonly name: string;
  /** Of the import in this member; undefined: it is not there yet, so nothing is written. */
  readonly importUid: string | undefined;
  /** Those that may serve this member, withdrawn ones left out; none where there is to be no import. */
  readonly sources: readonly SliceSource[];
  readonly use: SliceUse;
  /** Of this member's API server; the rest of its service range is refused by its agent. */
  readonly apiServerCIDRs: readonly string[];
  /** The imported slices that are there. */
  readonly actual: readonly EndpointSlice[];
}

export interface SlicesPlan {
  readonly writes: readonly EndpointSlice[];
  readonly deletes: readonly {readonly key: string; readonly uid: string}[];
}

/**
 * The imported slices of one import in one member, against those that are there: one for each source slice (MCS §2, 40-42).
 * What is from a cluster that doesn't export the name (any more) goes; what is from one that can't be asked stays.
 */
export function planSlices(situation: SlicesSituation): SlicesPlan {
  const {namespace, importUid: uid, sources, use, actual} = situation;
  const wanted = use === 'NotImported' ? [] : sources;
  const unknown = new Set(wanted.filter(({slices}) => slices === undefined).map(({cluster}) => cluster));
  const desired = new Map<string, EndpointSlice>();
  for (const slice of wanted.flatMap((source) => received(source, situation))) {
    const object = importedSlice(slice, {namespace, name: situation.name, uid: uid ?? ''});
    desired.set(keyOf(object.metadata), object);
  }
  const there = new Map(actual.map((slice) => [keyOf(slice.metadata), slice]));
  const deletes = [...there].filter(([key, slice]) => {
    if (isHijacked(slice)) return true;
    return !desired.has(key) && !unknown.has(sourceOf(slice) ?? '');
  });
  const writes = [...desired].filter(([key]) => use === 'Imported' || there.has(key)).map(([, slice]) => slice);
  return {
    writes: uid === undefined ? [] : writes,
    deletes: deletes.flatMap(([key, {metadata}]) => (metadata.uid === undefined ? [] : [{key, uid: metadata.uid}])),
  };
}

function received({slices = []}: SliceSource, {apiServerCIDRs}: SlicesSituation): readonly ReadSlice[] {
  return receiveSlices(slices, apiServerCIDRs).slices;
}

/** An apply takes no label away that somebody else put there, and this one gives the slice to a local Service. */
function isHijacked({metadata}: EndpointSlice): boolean {
  return metadata.labels?.[SERVICE_NAME_LABEL] !== undefined;
}

/** What the import says of itself (`status.endpointSliceObjects`): whether slices are imported beside it. */
export function arePresent({sources, use, actual}: Pick<SlicesSituation, 'sources' | 'use' | 'actual'>): boolean {
  if (use === 'NotImported') return false;
  return sources.some(({cluster, slices}) => {
    const isThere = actual.some((slice) => sourceOf(slice) === cluster);
    return slices === undefined || use === 'Undecided' ? isThere : slices.length > 0;
  });
}
