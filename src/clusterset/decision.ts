/** Results of the decision functions: data with a reason for everything, printed alike by the CLI, `_why` and warnings. */

/** Why a cluster gets no traffic for one import. Stable codes, part of the API of `explain`. */
export type LeftOutReason =
  | 'NotExporting'
  | 'PortNotServed'
  | 'NoReadyEndpoint'
  | 'GatewayDead'
  | 'Drained'
  | 'WeightZero'
  | 'NotInPolicy'
  | 'NoGateway'
  | 'UnknownCluster'
  | 'ImportPolicy';

export interface RoutedCluster {
  readonly cluster: string;
  /** Relative to the others of its tier; always above 0. */
  readonly weight: number;
  /** The asking cluster itself: reached directly, not by a gateway. */
  readonly local: boolean;
}

export interface Route {
  /** In order: a tier is used only when none in the tier before is healthy (design §2). */
  readonly tiers: readonly (readonly RoutedCluster[])[];
  readonly leftOut: readonly {readonly cluster: string; readonly reason: LeftOutReason; readonly message: string}[];
  /** The policy that decided; `default` where none is bound to the import. */
  readonly policy: {readonly kind: 'GlobalTrafficPolicy' | 'default'; readonly name: string; readonly lbType: string};
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
