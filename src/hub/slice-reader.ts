import type {ReadSlice, ReadSlices} from '../clusterset/intake/read-slices.ts';
import {readSlices} from '../clusterset/intake/read-slices.ts';
import type {KeptSlice} from './kept-slice.ts';
import {shared} from './shared-parts.ts';

/** What a source cluster's endpoints are judged by. */
export interface SourceRules {
  /** Declared by its Cluster; undefined: nothing is declared, nothing is checked. */
  readonly podCIDRs: readonly string[] | undefined;
  /** Loopback addresses are let through. */
  readonly development: boolean;
}

interface Reading {
  readonly kept: readonly KeptSlice[];
  readonly podCIDRs: readonly string[] | undefined;
  readonly read: ReadSlices;
}

const NONE: readonly string[] = [];

/**
 * Reads the source slices of one member, each state of a Service once: conditions of its export change oftener than its
 * endpoints do, and five thousand endpoints take a while.
 */
export class SliceReader {
  readonly #cluster: string;
  readonly #rules: () => SourceRules;
  readonly #readings = new WeakMap<KeptSlice, Reading>();

  constructor(cluster: string, rules: () => SourceRules) {
    this.#cluster = cluster;
    this.#rules = rules;
  }

  /** The receiving cluster's ranges are looked at when the slices are received. */
  read(kept: readonly KeptSlice[]): ReadSlices {
    const {podCIDRs, development} = this.#rules();
    const [first] = kept;
    const before = first && this.#readings.get(first);
    if (before !== undefined && before.podCIDRs === podCIDRs && isSame(before.kept, kept)) return before.read;
    const sorted = kept.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    const rules = {cluster: this.#cluster, podCIDRs: podCIDRs ?? NONE, serviceCIDRs: NONE, development};
    const read = compact(readSlices(sorted, rules));
    if (first !== undefined) this.#readings.set(first, {kept, podCIDRs, read});
    return read;
  }
}

/** It is kept for as long as the Service: parts that many slices have once, and lists that grew without the room they grew into. */
function compact({slices, ready, faults}: ReadSlices): ReadSlices {
  return {slices: slices.map(compactSlice), ready, faults: shared(faults)};
}

function compactSlice(slice: ReadSlice): ReadSlice {
  const endpoints = slice.endpoints.map((endpoint) => {
    const {conditions} = endpoint;
    return {
      ...endpoint,
      addresses: [...endpoint.addresses],
      ...(conditions === undefined ? {} : {conditions: shared(conditions)}),
    };
  });
  return {...slice, endpoints, ports: shared(slice.ports)};
}

function isSame(a: readonly KeptSlice[], b: readonly KeptSlice[]): boolean {
  return a.length === b.length && a.every((slice, i) => slice === b[i]);
}
