import type {ReflectorStatus} from '../kube/reflector.ts';
import type {GatewayReport} from '../probes/gateway-prober.ts';
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
  /** Of what replicas share: `leases` of the replicas, `configmaps` of members. */
  readonly sharedLists: Readonly<Record<string, ReflectorStatus>>;
  /** Identities of all replicas that live, sorted; undefined: it can't be told. */
  readonly replicas: readonly string[] | undefined;
  readonly epoch: number;
  readonly members: readonly MemberStatus[];
  readonly gateways: {
    /** By cluster; undefined: gateways are not probed. */
    readonly reports: ReadonlyMap<string, GatewayReport> | undefined;
    /** All fell silent at once, so that nothing is concluded from it. */
    readonly suspectsItself: boolean;
    /** Members whose endpoints are withdrawn, sorted. */
    readonly withdrawn: readonly string[];
  };
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
  /** Until when the hub's token there is good, milliseconds since the epoch; undefined: it doesn't say, or there is none. */
  readonly tokenExpiresMs: number | undefined;
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
