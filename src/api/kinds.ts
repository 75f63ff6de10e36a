import type {Condition, KubeObject} from './meta.ts';

/** The kinds of design §4 and the few built-in ones, as narrow as Isthmus needs them. Schemas: `manifests/crds/`. */

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

export interface SessionAffinityConfig {
  readonly clientIP?: {readonly timeoutSeconds?: number};
}

export interface Service extends KubeObject {
  readonly spec?: {
    readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly ipFamilies?: readonly IPFamily[];
    readonly ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly ServicePort[];
    readonly sessionAffinity?: string;
    readonly sessionAffinityConfig?: SessionAffinityConfig;
    readonly internalTrafficPolicy?: string;
    readonly trafficDistribution?: string;
    readonly publishNotReadyAddresses?: boolean;
  };
}

/** Ranges that a cluster's own Services have addresses of, `10.96.0.0/16`; at most one of each family. */
export interface ServiceCIDR extends KubeObject {
  readonly spec?: {readonly cidrs?: readonly string[]};
}

export type IPFamily = 'IPv4' | 'IPv6';

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: Protocol;
  readonly targetPort?: number | string;
  readonly appProtocol?: string;
  readonly nodePort?: number;
}

export interface Namespace extends KubeObject {
  readonly status?: {readonly phase?: string};
}

export interface EndpointSlice extends KubeObject {
  readonly addressType: IPFamily | 'FQDN';
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly {name?: string; port?: number; protocol?: Protocol; appProtocol?: string}[] | null;
}

export interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: {readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean};
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
}

export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export interface Secret extends KubeObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** `multicluster.x-k8s.io` (KEP-1645). */
export interface ServiceExport extends KubeObject {
  readonly spec?: {
    readonly exportedLabels?: Readonly<Record<string, string>>;
    readonly exportedAnnotations?: Readonly<Record<string, string>>;
  };
  readonly status?: {readonly conditions?: readonly Condition[]};
}

export interface ImportPort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: Protocol;
  readonly appProtocol?: string;
}

export type ImportType = 'ClusterSetIP' | 'Headless';

/** `multicluster.x-k8s.io` (KEP-1645). */
export interface ServiceImport extends KubeObject {
  readonly spec?: {
    readonly type: ImportType;
    readonly ports: readonly ImportPort[];
    readonly ips?: readonly string[];
    readonly ipFamilies?: readonly IPFamily[];
    readonly sessionAffinity?: string;
    readonly sessionAffinityConfig?: SessionAffinityConfig;
    readonly internalTrafficPolicy?: string;
    readonly trafficDistribution?: string;
  };
  readonly status?: {
    readonly clusters?: readonly {readonly cluster: string}[];
    readonly conditions?: readonly Condition[];
    readonly endpointSliceObjects?: 'Present' | 'Absent';
  };
}

/** `flomesh.io/v1alpha1` (reference: FSM). Every field is optional: the seed applies it without a spec. */
export interface FlomeshServiceExport extends KubeObject {
  readonly spec?: {
    readonly rules?: readonly FlomeshExportRule[];
    readonly targetClusters?: readonly string[];
    readonly loadBalancer?: string;
    readonly sessionSticky?: boolean;
    readonly pathRewrite?: {readonly from?: string; readonly to?: string};
    readonly serviceAccountName?: string;
  };
  readonly status?: {readonly conditions?: readonly Condition[]};
}

export interface FlomeshExportRule {
  readonly portNumber?: number;
  readonly path?: string;
  readonly pathType: 'Exact' | 'Prefix';
}

export interface FlomeshServiceImport extends KubeObject {
  readonly spec?: {
    readonly type?: ImportType;
    readonly ports: readonly (ImportPort & {
      readonly endpoints: readonly {
        readonly clusterKey: string;
        readonly target: {readonly host: string; readonly ip: string; readonly port: number; readonly path: string};
      }[];
    })[];
    readonly ips?: readonly string[];
    readonly sessionAffinity?: string;
    readonly sessionAffinityConfig?: SessionAffinityConfig;
    readonly serviceAccountName?: string;
  };
}

/** `flomesh.io/v1alpha1`: the seed's object. */
export interface Cluster extends KubeObject {
  readonly spec?: {
    readonly gatewayHost?: string;
    readonly gatewayPort?: number;
    readonly kubeconfig?: string;
    readonly kubeconfigSecretRef?: {readonly name: string; readonly namespace?: string; readonly key?: string};
    readonly region?: string;
    readonly zone?: string;
    readonly group?: string;
    readonly isInCluster?: boolean;
    readonly network?: string;
    readonly podCIDRs?: readonly string[];
    readonly drain?: boolean;
    /** 0 to 100: how much of its weight a drain has taken so far. */
    readonly drainPercent?: number;
    /** The way from `fromPercent` to what `drain` and `drainPercent` say. `startedAt`: RFC 3339. */
    readonly drainRamp?: {readonly startedAt: string; readonly overSeconds: number; readonly fromPercent?: number};
  };
  readonly status?: {readonly conditions?: readonly Condition[]};
}

/** `isthmus.dev/v1alpha1`: written by the hub into every member, one for each member, the member itself included. */
export interface RemoteCluster extends KubeObject {
  readonly spec?: {
    readonly gateway?: {readonly host: string; readonly port: number; readonly addresses?: readonly string[]};
    readonly region?: string;
    readonly zone?: string;
    readonly group?: string;
    readonly network?: string;
    readonly podCIDRs?: readonly string[];
    readonly drain?: boolean;
    readonly drainPercent?: number;
    /** In the member's own: how it routes imports that no policy is bound to. */
    readonly defaultRouting?: 'local-first' | 'Locality' | 'ActiveActive';
    readonly trustBundle?: string;
  };
  readonly status?: {
    readonly api?: {readonly state: 'Reachable' | 'Unreachable'; readonly since: string};
    readonly version?: string;
  };
}

export type TrafficPolicyType = 'Locality' | 'FailOver' | 'ActiveActive';

/** `flomesh.io/v1alpha1`: bound to an import by name and namespace, in the consuming cluster. */
export interface GlobalTrafficPolicy extends KubeObject {
  readonly spec?: {
    readonly lbType?: TrafficPolicyType;
    readonly targets?: readonly {readonly clusterKey: string; readonly weight?: number; readonly priority?: number}[];
    readonly preferClosest?: 'None' | 'Zone' | 'Region';
    readonly allowOverride?: boolean;
  };
  readonly status?: {readonly conditions?: readonly Condition[]};
}

export type Enforcement = 'Deny' | 'Warn' | 'Audit';

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

/** What a rule speaks about. Everything that is given must match; nothing given matches everything. */
export interface PolicyMatch {
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
  readonly services?: readonly string[];
  readonly serviceSelector?: LabelSelector;
}

/** `isthmus.dev/v1alpha1`: who may export what to whom. */
export interface ExportPolicy extends KubeObject {
  readonly spec?: {
    readonly enforcement?: Enforcement;
    readonly rules?: readonly (PolicyMatch & {
      readonly name: string;
      readonly action: 'Allow' | 'Deny';
      readonly message?: string;
      readonly targetClusters?: readonly string[];
      readonly exclusive?: boolean;
      readonly cel?: string;
    })[];
  };
  readonly status?: {readonly conditions?: readonly Condition[]};
}

/** `isthmus.dev/v1alpha1`: what a cluster accepts, from whom, and which namespaces may consume it. */
export interface ImportPolicy extends KubeObject {
  readonly spec?: {
    readonly enforcement?: Enforcement;
    readonly rules?: readonly (PolicyMatch & {
      readonly name: string;
      readonly action: 'Allow' | 'Deny';
      readonly message?: string;
      readonly sourceClusters?: readonly string[];
      readonly consumerNamespaces?: readonly string[];
      readonly cel?: string;
    })[];
  };
  readonly status?: {readonly conditions?: readonly Condition[]};
}

/** `about.k8s.io/v1beta1` (KEP-2149). */
export interface ClusterProperty extends KubeObject {
  readonly spec?: {readonly value: string};
}
