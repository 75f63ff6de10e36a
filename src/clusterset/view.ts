import type {
  Endpoint,
  ExportPolicy,
  GlobalTrafficPolicy,
  ImportPolicy,
  ImportPort,
  ImportType,
  IPFamily,
  Protocol,
} from '../api/kinds.ts';
import type {AddressRefusal} from './addresses.ts';

/**
 * The immutable snapshot of everything one cluster knows about the clusterset at one moment (design §2). Made by the
 * agent out of its own API server alone; DNS, webhooks and Envoy configuration are functions of it, so they can't disagree.
 * Maps are keyed `namespace/name`, or by name for cluster-scoped things. A view never changes once it is published.
 */
export interface View {
  /** Grows by one with each publication. */
  readonly revision: number;
  /** When it was made, milliseconds since the epoch. */
  readonly atMs: number;
  readonly clusterId: string;
  /** False until the first full list of imports, slices, namespaces, derived Services and the rest is in. Never taken back. */
  readonly synced: boolean;
  readonly namespaces: ReadonlyMap<string, NamespaceView>;
  readonly imports: ReadonlyMap<string, ImportView>;
  readonly clusters: ReadonlyMap<string, ClusterView>;
  /** Local ServiceExports of all groups, for warnings on apply. */
  readonly exports: ReadonlyMap<string, LocalExportView>;
  readonly services: ReadonlyMap<string, LocalServiceView>;
  readonly exportPolicies: ReadonlyMap<string, ExportPolicy>;
  readonly importPolicies: ReadonlyMap<string, ImportPolicy>;
  /** The effective ones, by the import that they are bound to: see `effectiveTrafficPolicies`. */
  readonly trafficPolicies: ReadonlyMap<string, GlobalTrafficPolicy>;
  /** What decides where no GlobalTrafficPolicy is bound: a setting of the hub. Undefined: `local-first`. */
  readonly defaultRouting?: DefaultRouting;
  readonly hub: HubSignal;
  /** All gateways fell silent at once, so this cluster suspects itself, and what it says of them is what was known before. */
  readonly suspectsItself?: boolean;
  /** True where a hub runs in this very cluster and validates Cluster and policies itself. */
  readonly hubIsHere: boolean;
}

/** Without a policy: the own cluster first, then every healthy exporter; the own one alone; or all alike (FSM §2.6, V1). */
export type DefaultRouting = 'local-first' | 'Locality' | 'ActiveActive';

export interface NamespaceView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

export interface ImportView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly type: ImportType;
  readonly ports: readonly ImportPort[];
  /**
   * The addresses DNS answers with: those of the derived Service, and only while it and its slices exist (design §7). `spec.ips`
   * says the same. Empty means NODATA.
   */
  readonly ips: readonly string[];
  readonly ipFamilies: readonly IPFamily[];
  /** `status.clusters`, sorted. */
  readonly clusters: readonly string[];
  /** Exporters with a ready endpoint; undefined: not known, so readiness leaves nobody out. */
  readonly readyClusters: readonly string[] | undefined;
  /** `PROTOCOL/port` → clusters; ports that are not in it are served by every exporter. */
  readonly portClusters: Readonly<Record<string, readonly string[]>>;
  /** From the annotation, within bounds; undefined: the server's default. */
  readonly ttlSeconds: number | undefined;
  /** Headless only: imported slices, accepted addresses only. */
  readonly slices: readonly SliceView[];
  /** The exported labels, for ImportPolicies that select by them. */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Exporters whose slices are imported here, so that their pods can be reached directly within one network. Undefined: those
   * that {@link slices} are from.
   */
  readonly sliceClusters?: readonly string[];
  /** Addresses of imported slices that may not be used here: they are in none of the lists above. */
  readonly refusedAddresses?: readonly RefusedAddresses[];
  /** Exporters that the ImportPolicies keep out: they are in none of the lists above. */
  readonly refused?: readonly RefusedSource[];
  /** Exporters that export it to other clusters only. Undefined: not known, as in every member; who asks all of them knows. */
  readonly notTargeted?: readonly string[];
  /** Exporters whose export opted out of drains: they keep serving this import while their cluster is drained. */
  readonly ignoreDrain?: readonly string[];
}

export interface RefusedSource {
  readonly cluster: string;
  /** Which policy, and what to change. */
  readonly message: string;
}

export interface RefusedAddresses {
  readonly cluster: string;
  readonly reason: AddressRefusal;
  readonly count: number;
  /** The first few, in order. */
  readonly some: readonly string[];
}

export interface SliceView {
  readonly sourceCluster: string;
  readonly addressType: IPFamily;
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly {readonly name: string; readonly port: number; readonly protocol: Protocol}[];
}

export interface ClusterView {
  readonly id: string;
  readonly gateway: {readonly host: string; readonly port: number; readonly addresses: readonly string[]} | undefined;
  readonly region: string;
  readonly zone: string;
  readonly group: string;
  /** Undefined: a network of its own (design §7). */
  readonly network: string | undefined;
  readonly podCIDRs: readonly string[];
  /** Drained altogether: no traffic but of services that opted out. */
  readonly drain: boolean;
  /** How much of its weight is drained, 0 to 1, while a drain is ramped up or down. Undefined: nothing. */
  readonly drainShare?: number;
  /** As the hub wrote it: seen by the hub, never moves traffic (design §6). */
  readonly api: {readonly state: 'Reachable' | 'Unreachable' | 'Unknown'; readonly sinceMs: number | undefined};
  /** As the local probes see it. Unknown until something probes: never leaves a cluster out. */
  readonly gatewayHealth: 'Alive' | 'Dead' | 'Unknown';
}

export interface LocalExportView {
  readonly namespace: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly createdAtMs: number;
}

/** What injection needs to know of local Services: which pods they select and which ports those pods must keep free. */
export interface LocalServiceView {
  readonly namespace: string;
  readonly name: string;
  /** For ExportPolicies that select by them. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly type: string;
  readonly headless: boolean;
  /** What the name server of the clusterset zone is told to be reached at. Undefined or empty: it has no address (yet). */
  readonly clusterIPs?: readonly string[];
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly {
    readonly name: string | undefined;
    readonly port: number;
    readonly protocol: Protocol;
    readonly targetPort: number | string;
    readonly appProtocol: string | undefined;
  }[];
}

/** The heartbeat, judged by local observation of changes of `renewTime`, never by comparing clocks (design §6). */
export type HubSignal =
  | {readonly state: 'Never'}
  /**
   * `sinceMs`: when this row of heartbeats began; every "since" that the hub tells starts anew then. Undefined: long ago.
   * `unconfirmed`: the Lease is there, and this process has not seen it change yet.
   */
  | {readonly state: 'Alive'; readonly observedMs: number; readonly sinceMs?: number; readonly unconfirmed?: true}
  | {readonly state: 'Expired'; readonly observedMs: number};

/** What is different from the view before, so that a consumer recompiles only that. */
export interface ViewChange {
  /** Everything may be different (first view, new cluster id). */
  readonly all: boolean;
  readonly imports: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
  /** RemoteClusters, policies, the hub's signal: anything that routing of every import may depend on. */
  readonly clusterset: boolean;
}
