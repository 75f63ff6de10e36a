import type {Cluster} from '../api/kinds.ts';
import type {MemberExport} from '../clusterset/member-export.ts';
import type {MergeResult} from '../clusterset/merged-import.ts';
import type {Consumer} from './clusterset-exports.ts';
import type {Delivery} from './plan-export-status.ts';
import type {FlomeshTarget} from './plan-flomesh-import.ts';
import type {ApiSignal} from './plan-remote-cluster.ts';

/** What the hub knows about one cluster when it writes into another. */
export interface ClusterFacts {
  readonly cluster: Cluster;
  /** False until it was once identified: what never joined is shown to nobody. */
  readonly joined: boolean;
  readonly addresses: readonly string[];
  readonly gatewayRefused: boolean;
  readonly api: ApiSignal | undefined;
  readonly version: string | undefined;
}

/** The whole clusterset as a member's writer sees it. Read-only, always the newest state, never asks anybody. */
export interface ClustersetFacts {
  readonly namespace: string;
  readonly clustersetId: string;
  readonly createNamespaces: boolean;
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
  /** Registered clusters of which it isn't known what they export. */
  isUnknown(cluster: string): boolean;
  accepted(cluster: string, key: string): MemberExport | undefined;
  clusters(): Iterable<ClusterFacts>;
  /** Undefined: no Cluster of that name is registered. */
  cluster(id: string): ClusterFacts | undefined;
  targets(): ReadonlyMap<string, FlomeshTarget>;
  delivery(key: string): Delivery;
}
