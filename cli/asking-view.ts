import {toImportView} from '../src/agent/import-view.ts';
import {readGateways} from '../src/agent/health-conditions.ts';
import {conditionsOf} from '../src/agent/health-writer.ts';
import {HEARTBEAT_EXPIRY_MS} from '../src/agent/hub-heartbeat.ts';
import {toClusterView, toDefaultRouting, toNamespaceView} from '../src/agent/object-views.ts';
import type {
  EndpointSlice,
  GlobalTrafficPolicy,
  ImportPolicy,
  Lease,
  Namespace,
  RemoteCluster,
  Service,
  ServiceImport,
} from '../src/api/kinds.ts';
import type {KubeObject} from '../src/api/meta.ts';
import {keyOf} from '../src/api/meta.ts';
import {AGENT_SERVICE, HUB_LEASE, MCS_SERVICE_NAME_LABEL} from '../src/api/names.ts';
import * as resources from '../src/api/resources.ts';
import {effectiveTrafficPolicies} from '../src/clusterset/effective-policy.ts';
import type {RouteInput} from '../src/clusterset/route.ts';
import type {HubSignal, View} from '../src/clusterset/view.ts';
import {withAcceptedOnly} from '../src/clusterset/accepted-sources.ts';
import type {KubeClient} from '../src/kube/client.ts';
import {KubeError} from '../src/kube/kube-error.ts';

export interface Asking {
  /** Of the cluster that asks. */
  readonly client: KubeClient;
  readonly clusterId: string;
  readonly isthmusNamespace: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/**
 * What one cluster knows about one import, read once from its own API server, as its agent reads it: enough to decide where
 * its traffic goes. Gateways are as its agent says: nobody probes them for a command.
 *
 * @returns undefined where the cluster has no import of that name
 * @throws KubeError where it can't be asked
 */
export async function askingRoute(
  asking: Asking & {readonly at: {readonly namespace: string; readonly name: string}},
): Promise<RouteInput | undefined> {
  const {namespace, name} = asking.at;
  const view = await askingView(asking, asking.at);
  const imported = view?.imports.get(`${namespace}/${name}`);
  return view === undefined || imported === undefined ? undefined : {import: imported, view, nowMs: asking.nowMs};
}

/**
 * The same of all imports of the cluster, or of one.
 *
 * @returns undefined where there is no import at all
 * @throws KubeError where it can't be asked
 */
export async function askingView(
  asking: Asking,
  only?: {readonly namespace: string; readonly name: string},
): Promise<View | undefined> {
  const {clusterId, nowMs} = asking;
  const within = only === undefined ? {} : {namespace: only.namespace};
  const ofName = only === undefined ? {} : {fieldSelector: `metadata.name=${only.name}`};
  const objects = await list<ServiceImport>(asking, resources.serviceImports, {...within, ...ofName});
  if (objects.length === 0) return undefined;
  const ofSlices = only === undefined ? MCS_SERVICE_NAME_LABEL : `${MCS_SERVICE_NAME_LABEL}=${only.name}`;
  const [clusters, importPolicies, trafficPolicies, slices, homes, gateways] = await Promise.all([
    list<RemoteCluster>(asking, resources.remoteClusters),
    list<ImportPolicy>(asking, resources.importPolicies),
    list<GlobalTrafficPolicy>(asking, resources.globalTrafficPolicies, within),
    list<EndpointSlice>(asking, resources.endpointSlices, {...within, labelSelector: ofSlices}),
    namespacesOf(asking, only?.namespace),
    gatewaysSeen(asking),
  ]);
  const view: View = {
    revision: 0,
    atMs: nowMs,
    clusterId,
    synced: true,
    namespaces: new Map(homes.map((home) => [home.metadata.name, toNamespaceView(home)])),
    imports: new Map(),
    // Which addresses may be used is not asked here: none is shown.
    clusters: new Map(
      clusters.map((one) => {
        const {name: id} = one.metadata;
        return [id, toClusterView(one, () => undefined, gateways.health.get(id))];
      }),
    ),
    exports: new Map(),
    services: new Map(),
    exportPolicies: new Map(),
    importPolicies: new Map(importPolicies.map((one) => [one.metadata.name, one])),
    trafficPolicies: new Map([...effectiveTrafficPolicies(trafficPolicies)].map(([key, {policy}]) => [key, policy])),
    ...toDefaultRouting(clusters.find(({metadata}) => metadata.name === clusterId)),
    hub: await hubSignal(asking),
    suspectsItself: gateways.suspectsItself,
    hubIsHere: false,
  };
  const byImport = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const key = `${slice.metadata.namespace}/${slice.metadata.labels?.[MCS_SERVICE_NAME_LABEL]}`;
    byImport.set(key, [...(byImport.get(key) ?? []), slice]);
  }
  const imports = objects.map((object) => {
    const key = keyOf(object.metadata);
    const importedSlices = byImport.get(key) ?? [];
    const facts = {derived: undefined, derivedSlices: [], importedSlices, refuse: () => undefined};
    return [key, withAcceptedOnly(toImportView(object, facts), view)] as const;
  });
  return {...view, imports: new Map(imports)};
}

async function namespacesOf(asking: Asking, only: string | undefined): Promise<readonly Namespace[]> {
  if (only === undefined) return list<Namespace>(asking, resources.namespaces);
  const found = await asking.client.find<Namespace>(resources.namespaces, {name: only}, {signal: asking.signal});
  return found === undefined ? [] : [found];
}

async function gatewaysSeen({client, isthmusNamespace, signal}: Asking): Promise<ReturnType<typeof readGateways>> {
  const at = {namespace: isthmusNamespace, name: AGENT_SERVICE};
  const service = await client.find<Service>(resources.services, at, {signal});
  return readGateways(service === undefined ? [] : conditionsOf(service));
}

/** A single look can't see a heartbeat change, so here, and for show alone, clocks are compared. */
async function hubSignal({client, isthmusNamespace, nowMs, signal}: Asking): Promise<HubSignal> {
  const lease = await client.find<Lease>(resources.leases, {namespace: isthmusNamespace, name: HUB_LEASE}, {signal});
  const observedMs = Date.parse(lease?.spec?.renewTime ?? '');
  if (Number.isNaN(observedMs)) return {state: 'Never'};
  return {state: nowMs - observedMs < HEARTBEAT_EXPIRY_MS ? 'Alive' : 'Expired', observedMs};
}

/** A kind that the cluster does not serve has no objects there. */
async function list<T extends KubeObject>(
  {client, signal}: Asking,
  resource: resources.Resource,
  scope: {namespace?: string; fieldSelector?: string; labelSelector?: string} = {},
): Promise<readonly T[]> {
  try {
    return (await client.list<T>(resource, {...scope, signal})).items;
  } catch (error) {
    if (error instanceof KubeError && error.isKindMissing) return [];
    throw error;
  }
}
