import type {PolicyOrigin} from './policy-origin.ts';
import type {SourceState} from './staleness.ts';

/** Results of the decision functions: data with a reason for everything, printed alike by the CLI, `_why` and warnings. */

/** Why a cluster gets no traffic for one import. Stable codes, part of the API of `explain`. */
export type LeftOutReason =
  /** It is not among the exporters of the import here: whether it exports the service to others, a member can't know. */
  | 'NotExporting'
  /** It exports the service, and not to this cluster. */
  | 'NotTargeted'
  | 'PortNotServed'
  | 'NoReadyEndpoint'
  | 'GatewayDead'
  | 'Drained'
  | 'WeightZero'
  | 'NotInPolicy'
  | 'NoGateway'
  | 'UnknownCluster'
  | 'ImportPolicy'
  /** Pods are reached directly only within one network, and headless services and UDP, SCTP in no other way. */
  | 'NotSameNetwork'
  /** Of the same network, but none of its slices is imported here. */
  | 'SlicesNotImported'
  /** Its slices are imported here, and none of their addresses may be used. */
  | 'AddressesRefused';

/** The asking cluster's own endpoints, pods of a cluster in the same network, or the gateway of another one. */
export type Reach = 'Local' | 'Direct' | 'Gateway';

export interface RoutedCluster {
  readonly cluster: string;
  /** Relative to the others of its tier; an integer above 0, a tier's sum fits 32 bits. */
  readonly weight: number;
  /** The asking cluster itself: reached directly, not by a gateway. */
  readonly local: boolean;
  readonly reach: Reach;
  /** What the signals of design §6 say of it: told, and never a reason to send less there. */
  readonly source: SourceState;
  /** How much of its weight is drained, in thousandths. */
  readonly drained: number;
  /** It had no ready endpoint when somebody last told of it, which is too long ago to leave it out: it comes after all others. */
  readonly readinessInDoubt?: true;
}

export interface Route {
  /** In order: a tier is used only when none in the tier before is healthy (design §2). */
  readonly tiers: readonly (readonly RoutedCluster[])[];
  readonly leftOut: readonly {readonly cluster: string; readonly reason: LeftOutReason; readonly message: string}[];
  /** The policy that decided; `default` where none is bound to the import. */
  readonly policy: {
    readonly kind: 'GlobalTrafficPolicy' | 'default';
    readonly name: string;
    readonly lbType: string;
    /** Whose policy it is; the default is a setting of the hub. */
    readonly from: PolicyOrigin;
  };
  /**
   * Everything that is served is stale (DNS says so by EDE 3). Where no gateway of all that might serve answers either, the
   * least stale one is served nevertheless.
   */
  readonly stale: boolean;
}

/** One finding of `admit` about one object. */
export interface Finding {
  /** `Policy/name` or the rule of the API that it comes from. */
  readonly source: string;
  /** Name of the rule within the policy. */
  readonly rule?: string;
  /** One sentence: what is wrong and what to change. */
  readonly message: string;
  /** Field path such as `spec.targets[0].weight`, where one field is to blame. */
  readonly field?: string;
}

export interface Admission {
  readonly allowed: boolean;
  /** Why it is refused; empty when allowed. All of them at once. */
  readonly denials: readonly Finding[];
  /** 403: a policy forbids it. 422: the object itself is wrong. */
  readonly code: 403 | 422 | undefined;
  readonly warnings: readonly Finding[];
  /** Findings of `enforcement: Audit`: counted and logged, not shown to the user. */
  readonly audits: readonly Finding[];
}

/** One line of an explanation, in order of the decision. */
export interface TraceStep {
  readonly step: 'export' | 'merge' | 'policy' | 'health' | 'route' | 'import' | 'dns';
  readonly subject: string;
  readonly verdict: string;
  readonly because: string;
}
