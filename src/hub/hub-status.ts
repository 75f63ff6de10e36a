import type {ReflectorStatus} from '../kube/reflector.ts';
import type {Opinion} from './plan-cluster-status.ts';

/** What the hub is doing, as plain data for `/metrics`, `isthmus status` and tests. */
export interface HubStatus {
  /** Every registered member was read, or is known to be unreachable or refused: absence means absence from now on. */
  readonly gathered: boolean;
  /** Names that any member exports. */
  readonly exportedNames: number;
  /** By `plural.group`. */
  readonly policyLists: Readonly<Record<string, ReflectorStatus>>;
  readonly clusterList: ReflectorStatus;
  readonly members: readonly MemberStatus[];
  /** Clusters that are registered no more and are still being cleared of what was written into them. */
  readonly leaving: readonly string[];
}

export interface MemberStatus {
  readonly cluster: string;
  readonly reachable: boolean;
  readonly synced: boolean;
  /** The same with reason and message, as the Cluster's conditions say it. */
  readonly conditions: {readonly reachable: Opinion; readonly synced: Opinion};
  readonly lastSuccessMs: number | undefined;
  readonly lastError: string | undefined;
  readonly version: string | undefined;
  /** True while this process writes to the member. */
  readonly writing: boolean;
  readonly holdsLease: boolean;
  /** Exports that count, held ones included. */
  readonly exports: number;
  /** Names whose deletion is held back, sorted. */
  readonly heldBack: readonly string[];
  readonly queueDepth: number;
  /** Objects whose last write failed. */
  readonly failing: number;
  /** Imports of another controller that were left alone. */
  readonly leftAlone: number;
  /** Requests sent that could have changed something, of this connection. */
  readonly writes: number;
  /** Slices of other clusters, and its own, that are imported there. */
  readonly importedSlices: number;
  /** By `plural.group`: lists, list failures, watches and so on. */
  readonly reflectors: Readonly<Record<string, ReflectorStatus>>;
}
