import type {KubeObject} from '../../src/api/meta.ts';
import type {Resource} from '../../src/api/resources.ts';
import {configMaps} from '../../src/api/resources.ts';
import type {OperatorServer} from './openshift-servers.ts';

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** `operator.openshift.io/v1` DNS. */
export interface DnsOperator extends KubeObject {
  readonly spec?: {readonly servers?: readonly OperatorServer[]};
}

/** `helm.cattle.io/v1`: values over those of a chart that RKE2 brings. */
export interface HelmChartConfig extends KubeObject {
  readonly spec?: {readonly valuesContent?: string};
}

export const dnsOperators: Resource = {
  ...{group: 'operator.openshift.io', version: 'v1', plural: 'dnses', kind: 'DNS', namespaced: false},
};
export const helmChartConfigs: Resource = {
  ...{group: 'helm.cattle.io', version: 'v1', plural: 'helmchartconfigs', kind: 'HelmChartConfig', namespaced: true},
};
export const deployments: Resource = {
  ...{group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true},
};
export const daemonSets: Resource = {
  ...{group: 'apps', version: 'v1', plural: 'daemonsets', kind: 'DaemonSet', namespaced: true},
};

export const DNS_NAMESPACE = 'kube-system';
export const COREDNS = 'coredns';
export const COREDNS_CUSTOM = 'coredns-custom';
export const KUBE_DNS = 'kube-dns';
export const RKE2_COREDNS = 'rke2-coredns-rke2-coredns';
export const RKE2_CHART = 'rke2-coredns';
/** As upstream and most distributions call it, and as kubespray does. */
export const NODE_LOCAL = ['node-local-dns', 'nodelocaldns'] as const;
export const CONFIG_MAPS: readonly string[] = [COREDNS, COREDNS_CUSTOM, KUBE_DNS, RKE2_COREDNS, ...NODE_LOCAL];

/** Everything that is looked at to know what answers a cluster's DNS. An object that is left out does not exist. */
export interface ClusterDnsObjects {
  readonly operator?: DnsOperator | undefined;
  readonly chartConfig?: HelmChartConfig | undefined;
  /** False where the cluster has no such kind. */
  readonly servesChartConfigs: boolean;
  /** Of {@link CONFIG_MAPS}, by name. */
  readonly configMaps: ReadonlyMap<string, ConfigMap>;
}

/** One field of one object, and what it shall be. */
export interface Edit {
  readonly resource: Resource;
  readonly name: string;
  readonly namespace: string | undefined;
  /** As it is; undefined: there is none, so it is made. */
  readonly object: KubeObject | undefined;
  readonly field: readonly [string, string];
  /** Text, or JSON; undefined: not there. */
  readonly before: unknown;
  readonly after: unknown;
  /** Annotations that go with it; null: removed. */
  readonly annotations?: Readonly<Record<string, string | null>>;
}

/** An edit of a ConfigMap of {@link DNS_NAMESPACE}. */
export function editOf(name: string, object: ConfigMap | undefined, key: string, after: string | undefined): Edit {
  const before = object?.data?.[key];
  return {resource: configMaps, name, namespace: DNS_NAMESPACE, object, field: ['data', key], before, after};
}
