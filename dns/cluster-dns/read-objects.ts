import type {Service} from '../../src/api/kinds.ts';
import type {KubeObject, ObjectKey} from '../../src/api/meta.ts';
import {configMaps, services} from '../../src/api/resources.ts';
import type {Resource} from '../../src/api/resources.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {CONFIG_MAPS, DNS_NAMESPACE, dnsOperators, helmChartConfigs, RKE2_CHART} from '../wiring/cluster-dns-objects.ts';
import type {ClusterDnsObjects, ConfigMap, DnsOperator, HelmChartConfig} from '../wiring/cluster-dns-objects.ts';

type Reader = Pick<KubeClient, 'find'>;

/**
 * Reads every object by name that may configure the DNS of a cluster.
 *
 * @throws KubeError: also for a single one that can't be read, since what is not known is not absent
 */
export async function readClusterDns(client: Reader, signal?: AbortSignal): Promise<ClusterDnsObjects> {
  const at = (name: string): ObjectKey => ({namespace: DNS_NAMESPACE, name});
  const read = <T extends KubeObject>(resource: Resource, key: ObjectKey): Promise<T | undefined> =>
    client.find<T>(resource, key, {...(signal === undefined ? {} : {signal})});
  const [operator, chartConfig, ...maps] = await Promise.all([
    whereServed(read<DnsOperator>(dnsOperators, {name: 'default'})),
    whereServed(read<HelmChartConfig>(helmChartConfigs, at(RKE2_CHART))),
    ...CONFIG_MAPS.map((name) => read<ConfigMap>(configMaps, at(name))),
  ]);
  return {
    operator: operator.object,
    chartConfig: chartConfig.object,
    servesChartConfigs: chartConfig.isServed,
    configMaps: new Map(maps.flatMap((map) => (map === undefined ? [] : [[map.metadata.name, map]]))),
  };
}

/** Where pods ask: `kube-dns` nearly everywhere, CoreDNS included. */
const CLUSTER_DNS_SERVICES: readonly ObjectKey[] = [
  {namespace: DNS_NAMESPACE, name: 'kube-dns'},
  {namespace: DNS_NAMESPACE, name: 'rke2-coredns-rke2-coredns'},
  {namespace: DNS_NAMESPACE, name: 'coredns'},
  {namespace: 'openshift-dns', name: 'dns-default'},
];

/** The address of the cluster's own DNS; undefined: there is none by a name that is known. */
export async function clusterDnsAddress(client: Reader): Promise<{host: string; port: number} | undefined> {
  for (const at of CLUSTER_DNS_SERVICES) {
    const host = (await client.find<Service>(services, at))?.spec?.clusterIP;
    if (host !== undefined && host !== '' && host !== 'None') return {host, port: 53};
  }
  return undefined;
}

async function whereServed<T>(reading: Promise<T | undefined>): Promise<{object: T | undefined; isServed: boolean}> {
  try {
    return {object: await reading, isServed: true};
  } catch (error) {
    if (error instanceof KubeError && error.isKindMissing) return {object: undefined, isServed: false};
    throw error;
  }
}
