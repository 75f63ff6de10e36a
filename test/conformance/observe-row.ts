import {queryDns} from '../../dns/client.ts';
import type {EndpointSlice, Service, ServiceExport, ServiceImport} from '../../src/api/kinds.ts';
import type {Condition, KubeObject} from '../../src/api/meta.ts';
import {
  DEFAULT_NAMESPACE,
  derivedServiceName,
  HUB_MANAGED_BY,
  MANAGED_BY_LABEL,
  MCS_SERVICE_NAME_LABEL,
  MCS_SOURCE_CLUSTER_LABEL,
  PORT_CLUSTERS_ANNOTATION,
  SERVICE_NAME_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../../src/api/names.ts';
import {
  endpointSlices,
  flomeshServiceImports,
  serviceExports,
  serviceImports,
  services,
} from '../../src/api/resources.ts';
import {MEMBERS, NAME} from './clusterset-row.ts';
import type {Expectation, MemberId} from './clusterset-row.ts';
import type {ClustersetUnderTest} from './clusterset-under-test.ts';

/** What can be seen of a row in one member. */
export interface SeenIn {
  readonly service: Service | undefined;
  readonly exported: ServiceExport | undefined;
  readonly imported: ServiceImport | undefined;
  readonly flomeshImport: KubeObject | undefined;
  readonly slices: readonly EndpointSlice[];
  readonly derived: Service | undefined;
  readonly derivedSlices: readonly EndpointSlice[];
}

export type Seen = Readonly<Record<MemberId, SeenIn>>;

export async function observeRow(set: ClustersetUnderTest, namespace: string): Promise<Seen> {
  const entries = await Promise.all(MEMBERS.map(async (id) => [id, await observeIn(set, id, namespace)] as const));
  return Object.fromEntries(entries) as Record<MemberId, SeenIn>;
}

async function observeIn(set: ClustersetUnderTest, id: MemberId, namespace: string): Promise<SeenIn> {
  const {client} = set.member(id);
  const at = {namespace, name: NAME};
  const name = derivedServiceName(namespace, NAME);
  const [service, exported, imported, flomeshImport, derived] = await Promise.all([
    client.find<Service>(services, at),
    client.find<ServiceExport>(serviceExports, at),
    client.find<ServiceImport>(serviceImports, at),
    client.find(flomeshServiceImports, at),
    client.find<Service>(services, {namespace: DEFAULT_NAMESPACE, name}),
  ]);
  const slices = async (of: string, labelSelector: string): Promise<readonly EndpointSlice[]> =>
    (await client.list<EndpointSlice>(endpointSlices, {namespace: of, labelSelector})).items;
  return {
    ...{service, exported, imported, flomeshImport, derived},
    slices: await slices(namespace, `${MCS_SERVICE_NAME_LABEL}=${NAME}`),
    derivedSlices: await slices(DEFAULT_NAMESPACE, `${SERVICE_NAME_LABEL}=${name}`),
  };
}

/** `True/Reason` by type. */
export function conditionTexts(
  object: {readonly status?: {readonly conditions?: readonly Condition[]}} | undefined,
): Record<string, string> {
  return Object.fromEntries(
    (object?.status?.conditions ?? []).map(({type, status, reason}) => [type, `${status}/${reason}`]),
  );
}

/** An import in the words of the engine, without what says how it is carried in one cluster. */
export function importFacts({metadata, spec, status}: ServiceImport, flomeshImport: KubeObject | undefined): object {
  const {[MANAGED_BY_LABEL]: managedBy, ...labels} = metadata.labels ?? {};
  const all = Object.entries(metadata.annotations ?? {});
  const shares = metadata.annotations?.[PORT_CLUSTERS_ANNOTATION];
  return {
    ...spec,
    labels,
    managedBy,
    annotations: Object.fromEntries(all.filter(([key]) => !/^(isthmus\.dev|multicluster\.kubernetes\.io)\//.test(key))),
    portClusters: shares === undefined ? {} : (JSON.parse(shares) as object),
    clusters: (status?.clusters ?? []).map(({cluster}) => cluster),
    groups: [...(flomeshImport === undefined ? [] : ['flomesh.io']), 'multicluster.x-k8s.io'],
  };
}

/** `source: address …, address …`, with what else is said of an endpoint. */
export function sliceTexts(slices: readonly EndpointSlice[]): readonly string[] {
  return slices.map(sliceText).sort();
}

function sliceText({metadata, endpoints}: EndpointSlice): string {
  const all = (endpoints ?? []).map(({addresses, hostname, zone, nodeName, conditions = {}}) => {
    const said = Object.entries(conditions).map(([name, value]) => `${name}=${String(value)}`);
    return [...addresses, hostname, zone, nodeName, ...said].filter((part) => part !== undefined).join(' ');
  });
  return `${metadata.labels?.[MCS_SOURCE_CLUSTER_LABEL] ?? '?'}: ${all.join(', ')}`;
}

/** Whose slices they are, as the standard wants it told (MCS §2, 41). */
export function isImportedSlice({metadata}: EndpointSlice): boolean {
  const {labels = {}} = metadata;
  return labels[SLICE_MANAGED_BY_LABEL] === HUB_MANAGED_BY && labels[SERVICE_NAME_LABEL] === undefined;
}

/** Sorted addresses, or the code of an answer that has none. */
export async function askDns(
  set: ClustersetUnderTest,
  namespace: string,
  {in: id, type, name}: NonNullable<Expectation['dns']>[number],
): Promise<readonly string[] | string> {
  const full = [name, NAME, namespace, 'svc.clusterset.local'].filter((part) => part !== undefined).join('.');
  const {rcode, answers} = await queryDns({...set.dnsOf(id), name: full, type});
  return rcode === 'NOERROR' ? answers.map(({data}) => data).sort() : rcode;
}
