import type {ImportView} from '../../src/clusterset/view.ts';
import {sourcesOf} from './routing.ts';

/** What DNS does for an import, in a word: the reason codes of `_why`. */
export const OUTCOMES = [
  'Addresses',
  'NoAddress',
  'ImportPolicy',
  'Gateways',
  'NoGateway',
  'Endpoints',
  'NoEndpoint',
] as const;

export type Outcome = (typeof OUTCOMES)[number];

const HEADLESS = 1;
const READY_KNOWN = 2;

const EXPORTS = 1;
const READY = 2;
const SLICES = 4;
const IGNORES_DRAIN = 8;
const REFUSED = 16;
const ADDRESSES_REFUSED = 32;

/** Of refused addresses nothing is packed but whose they are, and nobody here looks at more. */
const UNTOLD = {reason: 'NotAnAddress', count: 0, some: []} as const;

const FIXED_BYTES = 4;
const CLUSTER_BYTES = 3;

/** What a worker has to know of an import to explain it. */
export interface ImportFacts {
  /** With all that a route looks at, and nothing else. */
  readonly service: ImportView;
  /** Clusters from which the ImportPolicies let nothing in. */
  readonly refused: ReadonlySet<string>;
  readonly outcome: Outcome;
}

/**
 * Packs them: octet outcome; octet flags; u16 number of clusters; for each a u16, its number, and an octet of flags. An import
 * of two exporters takes 10 octets, so that every import can be explained without anything being worked out beforehand.
 *
 * @param numberOf - a number for each cluster id, 0 to 65,535, the same for ever
 */
export function encodeImportFacts(
  facts: Omit<ImportFacts, 'service'>,
  service: ImportView,
  numberOf: (cluster: string) => number,
): Uint8Array {
  const clusters = sourcesOf(service);
  const slices = new Set(service.sliceClusters ?? service.slices.map((slice) => slice.sourceCluster));
  const unusable = new Set(service.refusedAddresses?.map(({cluster}) => cluster));
  const bytes = Buffer.alloc(FIXED_BYTES + CLUSTER_BYTES * clusters.length);
  bytes[0] = OUTCOMES.indexOf(facts.outcome);
  bytes[1] = (service.type === 'Headless' ? HEADLESS : 0) | (service.readyClusters ? READY_KNOWN : 0);
  bytes.writeUInt16BE(clusters.length, 2);
  clusters.forEach((id, i) => {
    const at = FIXED_BYTES + CLUSTER_BYTES * i;
    bytes.writeUInt16BE(numberOf(id), at);
    bytes[at + 2] =
      (service.clusters.includes(id) ? EXPORTS : 0) |
      (service.readyClusters?.includes(id) ? READY : 0) |
      (slices.has(id) ? SLICES : 0) |
      (service.ignoreDrain?.includes(id) ? IGNORES_DRAIN : 0) |
      (facts.refused.has(id) ? REFUSED : 0) |
      (unusable.has(id) ? ADDRESSES_REFUSED : 0);
  });
  return bytes;
}

/** @param idOf - the reverse of `numberOf` */
export function decodeImportFacts(
  bytes: Buffer,
  name: {readonly namespace: string; readonly name: string},
  idOf: (number: number) => string,
): ImportFacts {
  const clusters = Array.from({length: bytes.readUInt16BE(2)}, (_, i) => {
    const at = FIXED_BYTES + CLUSTER_BYTES * i;
    return {id: idOf(bytes.readUInt16BE(at)), flags: bytes[at + 2]!};
  });
  const having = (flag: number) => clusters.filter(({flags}) => (flags & flag) !== 0).map(({id}) => id);
  const flags = bytes[1]!;
  const service: ImportView = {
    ...name,
    uid: '',
    type: (flags & HEADLESS) !== 0 ? 'Headless' : 'ClusterSetIP',
    ports: [],
    ips: [],
    ipFamilies: [],
    clusters: having(EXPORTS),
    readyClusters: (flags & READY_KNOWN) !== 0 ? having(READY) : undefined,
    portClusters: {},
    ttlSeconds: undefined,
    slices: [],
    sliceClusters: having(SLICES),
    ignoreDrain: having(IGNORES_DRAIN),
    // Which addresses and how many is for conditions, not for whoever asks.
    refusedAddresses: having(ADDRESSES_REFUSED).map((cluster) => ({cluster, ...UNTOLD})),
  };
  return {service, refused: new Set(having(REFUSED)), outcome: OUTCOMES[bytes[0]!] ?? 'NoAddress'};
}
