import type {Cluster, ImportType} from '../api/kinds.ts';
import type {ReadSlice} from '../clusterset/intake/read-slices.ts';
import type {ExportFault, MemberExport} from '../clusterset/member-export.ts';
import type {MergeResult} from '../clusterset/merged-import.ts';
import type {DefaultRouting} from '../clusterset/view.ts';
import type {Consumer} from './clusterset-exports.ts';
import type {Delivery} from './plan-export-status.ts';
import type {FlomeshTarget} from './plan-flomesh-import.ts';
import type {ApiSignal} from './plan-remote-cluster.ts';
import type {Policy, PolicyKind} from './policy-kinds.ts';
import type {SliceUse} from './plan-slices.ts';

/** What the hub knows about one cluster when it writes into another. */
export interface ClusterFacts {
  readonly cluster: Cluster;
  /** False until it was once identified: what never joined is shown to nobody. */
  readonly joined: boolean;
  readonly addresses: readonly string[] | undefined;
  /** It is an address that no gateway can have, or an older Cluster's. */
  readonly gatewayRefused: boolean;
  /** It is an older member under another name, so nobody may see it. */
  readonly isTwin: boolean;
  readonly api: ApiSignal | undefined;
  readonly version: string | undefined;
}

/** The whole clusterset as a member's writer sees it. Read-only, always the newest state, never asks anybody. */
export interface ClustersetFacts {
  readonly namespace: string;
  readonly clustersetId: string;
  readonly createNamespaces: boolean;
  readonly defaultRouting: DefaultRouting | undefined;
  readonly nowMs: () => number;
  exportKeys(): Iterable<string>;
  exportKeysIn(namespace: string): Iterable<string>;
  mergedFor(
    key: string,
    consumer: Consumer,
    memories: readonly MemberExport[],
  ): {readonly result: MergeResult; readonly exports: readonly MemberExport[]};
  /** The engine's verdicts on all exports of the name. */
  merged(key: string): MergeResult;
  /** The hub's policies of one kind, by key. */
  policies(kind: PolicyKind): ReadonlyMap<string, Policy>;
  /** True where a policy of the hub is sure not to be there. Asks the hub's API server. @throws KubeError */
  isPolicyGone(kind: PolicyKind, key: string, signal: AbortSignal): Promise<boolean>;
  /** Why nothing may be decided yet: what the hub's policies forbid isn't known. Undefined: it is. */
  policiesUnknown(): string | undefined;
  /** False while the hub starts: not every member has been read, or found not to answer. */
  isGathered(): boolean;
  /** True where it isn't known whether a cluster exports the name. */
  isUnknown(cluster: string, key: string): boolean;
  /** True where there is a cluster of which that isn't known. */
  anyUnknown(key: string): boolean;
  accepted(cluster: string, key: string): MemberExport | undefined;
  /** Source slices of an export; undefined: not known. */
  slicesOf(cluster: string, key: string): readonly ReadSlice[] | undefined;
  /** Whether slices of an import of this type are imported into a member. */
  sliceUse(consumer: Consumer, type: ImportType): SliceUse;
  /**
   * Of the exporters of one import those whose endpoints are taken back everywhere, although they still export: they are stale and
   * their gateways dead (design §6).
   */
  withdrawnOf(exporters: readonly string[]): ReadonlySet<string>;
  /** Endpoints of an export that some member can't use, because they are addresses of its own Services. */
  refusedEndpoints(cluster: string, key: string): readonly ExportFault[];
  clusters(): Iterable<ClusterFacts>;
  /** Undefined: it is not known, which means that it isn't there only where {@link isRegistered} says so. */
  cluster(id: string): ClusterFacts | undefined;
  /** False: it is sure that no Cluster of that name is registered, or that it leaves. */
  isRegistered(id: string): boolean;
  targets(clusters: Iterable<string>): ReadonlyMap<string, FlomeshTarget>;
  delivery(key: string): Delivery;
}
