import type {ImportPort, ImportType, IPFamily, Protocol, SessionAffinityConfig} from '../api/kinds.ts';

/** The groups that a service may be exported through; several at once make one export (design §4). */
export type ExportGroup = 'multicluster.x-k8s.io' | 'flomesh.io';

/** The local facts of one exported Service, as the hub reads them in the member. */
export interface ExportedService {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  readonly headless: boolean;
  readonly ports: readonly ExportedPort[];
  readonly ipFamilies: readonly IPFamily[];
  readonly sessionAffinity: string;
  readonly sessionAffinityConfig?: SessionAffinityConfig;
  readonly internalTrafficPolicy?: string;
  readonly trafficDistribution?: string;
}

export interface ExportedPort extends ImportPort {
  readonly protocol: Protocol;
}

/** What only a flomesh export can say. */
export interface FlomeshExportSettings {
  readonly rules: readonly {
    readonly portNumber?: number;
    readonly path?: string;
    readonly pathType: 'Exact' | 'Prefix';
  }[];
  /** Cluster ids or long keys; empty means all. */
  readonly targetClusters: readonly string[];
  readonly serviceAccountName?: string;
  readonly loadBalancer?: string;
  readonly sessionSticky?: boolean;
  readonly pathRewrite?: {readonly from: string; readonly to: string};
}

/** Something of a member's objects that can't be used: every field of them is untrusted (design §10). */
export interface ExportFault {
  /** Such as `Service.spec.ports[0].port`. */
  readonly field: string;
  /** One word in CamelCase, a lawful reason of a condition. */
  readonly reason: string;
  /** What is wrong and what to change, without a full stop. */
  readonly message: string;
}

/** Labels in the exporting cluster; empty where there is no Service. */
export interface ExportSubject {
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly serviceLabels: Readonly<Record<string, string>>;
}

/**
 * One service exported by one member: all its ServiceExports of all groups, and the Service behind them.
 * `cluster` comes from the connection it was read over, never from the object.
 */
export interface MemberExport {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly groups: readonly ExportGroup[];
  /** Milliseconds since the epoch: the older of the objects, already capped by the rule against backdating (design §5). */
  readonly createdAtMs: number;
  /** What the objects themselves say, where that is known and differs; for explanations alone. */
  readonly claimedAtMs?: number;
  /** It was deleted, which is held back, so it still counts as imports remember it; for explanations alone. */
  readonly heldBack?: true;
  /** In place of the cluster id among exports of equal age: of one that is only remembered, whom it comes right after. */
  readonly rank?: string;
  readonly exportedLabels: Readonly<Record<string, string>>;
  readonly exportedAnnotations: Readonly<Record<string, string>>;
  /** Undefined: no Service of that name is there (`Valid=False`, `NoService`). */
  readonly service: ExportedService | undefined;
  readonly flomesh?: FlomeshExportSettings;
  /** Why the member itself does not allow it, in a sentence: its agent found a policy against it. Then it counts as invalid. */
  readonly notAllowed?: string;
  /** Why the whole export can't be used: it counts as invalid, and its member goes on. */
  readonly refusal?: ExportFault;
  /** Parts that were left out; the rest counts. */
  readonly faults?: readonly ExportFault[];
  /** The type that its owner lets a consumed import change to (annotation `isthmus.dev/allow-type-change`). */
  readonly allowTypeChange?: ImportType;
  /** Its owner keeps it in use while its cluster is drained (annotation `isthmus.dev/ignore-drain`). */
  readonly ignoreDrain?: boolean;
  /** What policies select it by, as its own cluster says. Undefined: not known, as of one that is only remembered. */
  readonly subject?: ExportSubject;
  /** True, false: at least one, no ready endpoint was seen. Undefined: endpoints are not known. */
  readonly ready?: boolean;
}
