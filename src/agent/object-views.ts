import type {Namespace, RemoteCluster, Service} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import type {AddressRefusal} from '../clusterset/addresses.ts';
import type {ClusterView, LocalExportView, LocalServiceView, NamespaceView, View} from '../clusterset/view.ts';

/** Converters at the edge: objects of the own API server into what the view holds of them. */

function createdAtMs(object: KubeObject): number {
  return Date.parse(object.metadata.creationTimestamp ?? '') || 0;
}

export function toNamespaceView(object: Namespace): NamespaceView {
  const {name, labels = {}, annotations = {}} = object.metadata;
  return {name, labels, annotations, createdAtMs: createdAtMs(object)};
}

/** Gateway addresses that may not be used (design §10) are left out here, once for DNS, injection and Envoy alike. */
export function toClusterView(
  object: RemoteCluster,
  refuse: (address: string) => AddressRefusal | undefined,
  gatewayHealth: ClusterView['gatewayHealth'] = 'Unknown',
): ClusterView {
  const {spec = {}, status} = object;
  const since = Date.parse(status?.api?.since ?? '');
  return {
    id: object.metadata.name,
    gateway: spec.gateway && {
      host: spec.gateway.host,
      port: spec.gateway.port,
      addresses: (spec.gateway.addresses ?? []).filter((address) => refuse(address) === undefined),
    },
    region: spec.region ?? 'default',
    zone: spec.zone ?? 'default',
    group: spec.group ?? 'default',
    network: spec.network,
    podCIDRs: spec.podCIDRs ?? [],
    drain: spec.drain ?? false,
    drainShare: (spec.drainPercent ?? 0) / 100,
    api: {state: status?.api?.state ?? 'Unknown', sinceMs: Number.isNaN(since) ? undefined : since},
    gatewayHealth,
  };
}

/** What the hub lets decide where no policy does, as the own RemoteCluster says. */
export function toDefaultRouting(own: RemoteCluster | undefined): Pick<View, 'defaultRouting'> {
  // Always there, so that one that is taken back doesn't stay in the views to come.
  return {defaultRouting: own?.spec?.defaultRouting ?? 'local-first'};
}

export function toLocalServiceView(object: Service): LocalServiceView {
  const {spec = {}} = object;
  return {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    type: spec.type ?? 'ClusterIP',
    headless: spec.clusterIP === 'None',
    clusterIPs: (spec.clusterIPs ?? []).filter((ip) => ip !== 'None'),
    labels: object.metadata.labels ?? {},
    selector: spec.selector ?? {},
    ports: (spec.ports ?? []).map((port) => ({
      name: port.name,
      port: port.port,
      protocol: port.protocol ?? 'TCP',
      targetPort: port.targetPort ?? port.port,
      appProtocol: port.appProtocol,
    })),
  };
}

/** One export however many groups it comes from; its age is the older one's (design §4). */
export function toLocalExportView(objects: readonly KubeObject[]): LocalExportView | undefined {
  const [first] = objects;
  if (first === undefined) return undefined;
  return {
    namespace: first.metadata.namespace ?? '',
    name: first.metadata.name,
    groups: objects.map((object) => object.apiVersion.slice(0, object.apiVersion.indexOf('/'))),
    createdAtMs: Math.min(...objects.map(createdAtMs)),
  };
}
