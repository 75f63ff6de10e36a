import type {EndpointSlice, IPFamily, Service, ServiceImport} from '../api/kinds.ts';
import {keyOf} from '../api/meta.ts';
import {
  IGNORE_DRAIN_ANNOTATION,
  PORT_CLUSTERS_ANNOTATION,
  READY_ANNOTATION,
  TTL_ANNOTATION,
  isManagedByHub,
} from '../api/names.ts';
import type {ImportView} from '../clusterset/view.ts';
import {derivedAddresses, importKeyOf} from './derived-service.ts';
import {receiveImportedSlices, receiveSources} from './received-slices.ts';
import type {RefuseAddress} from './received-slices.ts';

/** Bounds of the TTL annotation in seconds: 0 would make every query travel, a day would outlive any failover. */
const MAX_TTL_SECONDS = 3600;

export interface ImportFacts {
  readonly derived: Service | undefined;
  /** Slices of the derived Service. */
  readonly derivedSlices: readonly EndpointSlice[];
  /** Slices that the hub imported for this name. */
  readonly importedSlices: readonly EndpointSlice[];
  readonly refuse: RefuseAddress;
}

/** The view of one import. Annotations that can't be read count as absent: they are remote input (design §10). */
export function toImportView(object: ServiceImport, facts: ImportFacts): ImportView {
  const {annotations = {}} = object.metadata;
  const isHeadless = object.spec?.type === 'Headless';
  const ips = servedAddresses(object, facts);
  const received = (isHeadless ? receiveImportedSlices : receiveSources)(facts.importedSlices, facts.refuse);
  return {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    uid: object.metadata.uid ?? '',
    labels: object.metadata.labels ?? {},
    type: object.spec?.type ?? 'ClusterSetIP',
    ports: object.spec?.ports ?? [],
    ips,
    // Those of its addresses, as the import will say too.
    ipFamilies: isHeadless ? (object.spec?.ipFamilies ?? []) : familiesOf(ips),
    clusters: (object.status?.clusters ?? []).map(({cluster}) => cluster).sort(),
    readyClusters: readClusters(annotations[READY_ANNOTATION]),
    portClusters: readPortClusters(annotations[PORT_CLUSTERS_ANNOTATION]),
    ttlSeconds: readTtl(annotations[TTL_ANNOTATION]),
    slices: received.slices,
    sliceClusters: received.clusters,
    ...(received.refused.length === 0 ? {} : {refusedAddresses: received.refused}),
    ignoreDrain: readClusters(annotations[IGNORE_DRAIN_ANNOTATION]) ?? [],
  };
}

/**
 * An address is served only while the derived Service that owns it and a slice for each of its families exist
 * (design §7): kube-proxy would otherwise drop, and a later owner of the address would get, what clients send there.
 *
 * The Service itself is asked, not the import's `ips`, which are written after it and say the same (docs/decisions/0010). Where
 * one of the two isn't marked as ours, it has to be named there: another controller may import a name whose Service lingers on.
 */
function servedAddresses(object: ServiceImport, {derived, derivedSlices}: ImportFacts): readonly string[] {
  if (derived === undefined || object.spec === undefined || object.spec.type === 'Headless') return [];
  const families = derived.spec?.ipFamilies ?? [];
  const covered = families.every((family) => derivedSlices.some((slice) => slice.addressType === family));
  if (!covered) return [];
  const owned = derivedAddresses(derived);
  if (isManagedByHub(object) && importKeyOf(derived) === keyOf(object.metadata)) return owned;
  return owned.filter((ip) => object.spec?.ips?.includes(ip) === true);
}

function readClusters(text: string | undefined): readonly string[] | undefined {
  return text?.split(',').filter((cluster) => cluster !== '');
}

function readPortClusters(text: string | undefined): Readonly<Record<string, readonly string[]>> {
  const value = parseObject(text);
  const read: Record<string, readonly string[]> = {};
  for (const [port, clusters] of Object.entries(value)) {
    if (Array.isArray(clusters) && clusters.every((cluster) => typeof cluster === 'string')) read[port] = clusters;
  }
  return read;
}

function parseObject(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Written by the hub; text that is not JSON says nothing, and an import without it is served by all its exporters.
    return {};
  }
}

/** Any whole number of seconds; out of bounds, the bound. Of many digits it may be Infinity, which is above the bound too. */
function readTtl(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  return Math.min(Math.max(Number(text), 1), MAX_TTL_SECONDS);
}

/** Families in the order of their addresses. */
export function familiesOf(ips: readonly string[]): readonly IPFamily[] {
  return ips.map((ip) => (ip.includes(':') ? 'IPv6' : 'IPv4'));
}
