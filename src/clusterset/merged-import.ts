import type {Condition} from '../api/meta.ts';
import type {ImportPort, ImportType, IPFamily, SessionAffinityConfig} from '../api/kinds.ts';
import type {ExportFault, ExportGroup} from './member-export.ts';

/** What every member's ServiceImport of one name should say. `ips` and the families of a ClusterSetIP are the agents' (design §3). */
export interface MergedImport {
  readonly namespace: string;
  readonly name: string;
  readonly type: ImportType;
  readonly ports: readonly ImportPort[];
  readonly ipFamilies: readonly IPFamily[];
  readonly sessionAffinity?: string;
  readonly sessionAffinityConfig?: SessionAffinityConfig;
  readonly internalTrafficPolicy?: string;
  readonly trafficDistribution?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Ids of all clusters that export it validly, sorted. */
  readonly clusters: readonly string[];
  /** Exporters with a ready endpoint, sorted; undefined where any exporter's endpoints are not known. */
  readonly readyClusters: readonly string[] | undefined;
  /** `PROTOCOL/port` → clusters that serve it; only ports that some exporter lacks. */
  readonly portClusters: Readonly<Record<string, readonly string[]>>;
  /** The groups that any of its exports came from. */
  readonly groups: readonly ExportGroup[];
  /** What the export that decides lets a consumed import turn into: see `guardTypeFlip`. */
  readonly allowTypeChange?: ImportType;
  /** Exporters that opted out of drains, sorted. */
  readonly ignoreDrain?: readonly string[];
  /** The export that decides; absent where there is only one. */
  readonly oldest?: {readonly cluster: string; readonly createdAtMs: number};
}

export type ConflictReason =
  | 'PortConflict'
  | 'TypeConflict'
  | 'SessionAffinityConflict'
  | 'SessionAffinityConfigConflict'
  | 'LabelsConflict'
  | 'AnnotationsConflict'
  | 'InternalTrafficPolicyConflict'
  | 'TrafficDistributionConflict'
  | 'IPFamilyConflict';

/** What the hub's merge says about one cluster's export: the source of its `Valid` facts, its `Conflict` and its trace. */
export interface ExportVerdict {
  readonly cluster: string;
  readonly valid: Pick<Condition, 'status' | 'reason' | 'message'>;
  /** Empty: `Conflict=False`, `NoConflicts`. The same list on every export of the name (KEP-1645). */
  readonly conflicts: readonly {readonly reason: ConflictReason; readonly message: string}[];
  /** The oldest valid export: its value won wherever one had to be chosen. */
  readonly winner: boolean;
  /** What of a valid export was left out, for the message of its `Ready`; absent: nothing. */
  readonly leftOut?: readonly ExportFault[];
}

export interface MergeResult {
  /** Undefined: no valid export is left, so no import exists. */
  readonly import: MergedImport | undefined;
  /** By cluster id. */
  readonly verdicts: ReadonlyMap<string, ExportVerdict>;
}
