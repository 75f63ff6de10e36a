import {createHash} from 'node:crypto';

/** Names, labels and annotations that are part of the API. Spelled here once. */

export const DEFAULT_NAMESPACE = 'isthmus-system';
export const HUB_MANAGER = 'isthmus-hub';
export const AGENT_MANAGER = 'isthmus-agent';

export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const HUB_MANAGED_BY = 'isthmus-hub';
export const AGENT_MANAGED_BY = 'isthmus-agent';

/** A hub of Isthmus wrote it: by its label, which whoever may write the object may take off. False where there is no object. */
export function isManagedByHub(
  object: {readonly metadata: {readonly labels?: Readonly<Record<string, string>>}} | undefined,
): boolean {
  return object?.metadata.labels?.[MANAGED_BY_LABEL] === HUB_MANAGED_BY;
}

/** KEP-1645: the import that a slice belongs to, and the cluster that it came from. */
export const MCS_SERVICE_NAME_LABEL = 'multicluster.kubernetes.io/service-name';
export const MCS_SOURCE_CLUSTER_LABEL = 'multicluster.kubernetes.io/source-cluster';
export const SLICE_MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** On derived Services: the import they stand for. */
export const IMPORT_NAMESPACE_LABEL = 'isthmus.dev/import-namespace';
export const IMPORT_NAME_LABEL = 'isthmus.dev/import-name';

/** On standard imports, written by the hub: exporters with a ready endpoint, comma-joined and sorted. Absent: not known. */
export const READY_ANNOTATION = 'isthmus.dev/ready';
/** On standard imports, written by the hub where ports differ: `{"TCP/80":["cluster-1"]}`; ports left out are served by every exporter. */
export const PORT_CLUSTERS_ANNOTATION = 'isthmus.dev/port-clusters';
/**
 * On standard imports of several exporters, written by the hub: `cluster-1/2026-01-01T00:00:00.000Z`, the export that decides and its
 * age, for a hub that starts while that cluster can't be asked.
 */
export const OLDEST_EXPORT_ANNOTATION = 'isthmus.dev/oldest-export';
/** On imports: TTL of the DNS answer in seconds. */
export const TTL_ANNOTATION = 'isthmus.dev/dns-ttl';
/** On flomesh imports that a user made without a spec and the hub filled: names who did. */
export const FILLED_ANNOTATION = 'isthmus.dev/filled-by';
/** On ServiceExports: the type that the import may change to although it is consumed (`Headless` or `ClusterSetIP`). */
export const ALLOW_TYPE_CHANGE_ANNOTATION = 'isthmus.dev/allow-type-change';
/** On ServiceExports `true`: the service stays in use while its cluster is drained. On imports, by the hub: exporters that say so. */
export const IGNORE_DRAIN_ANNOTATION = 'isthmus.dev/ignore-drain';
/** On policies that the hub copied into a member: the name of the original. */
export const POLICY_FOR_ANNOTATION = 'isthmus.dev/policy-for';
/** On Clusters: the one finalizer that Isthmus has. It goes when the member was cleared, or when that is remembered elsewhere. */
export const LEAVE_FINALIZER = 'isthmus.dev/leave';
/** On Secrets `isthmus-member-<cluster>`: when inline kubeconfigs were moved there, milliseconds since the epoch, comma-joined. */
export const MOVED_AT_ANNOTATION = 'isthmus.dev/moved-at';
/** On the same Secrets: somebody puts the kubeconfig back again and again, so it stays in the Cluster. */
export const PUT_BACK_ANNOTATION = 'isthmus.dev/put-back';
/** On ConfigMap `kube-dns`: its `stubDomains` before and after `isthmus dns wire`, as JSON. On Service `isthmus-dns`: `Undone`. */
export const DNS_WIRING_ANNOTATION = 'isthmus.dev/dns-wiring';
/** Type of the Secrets that the hub makes: nothing else in Kubernetes acts on it. */
export const KUBECONFIG_SECRET_TYPE = 'isthmus.dev/kubeconfig';
/** On Clusters: deletions that were held back until this time (RFC 3339, not one to come) are meant. */
export const CONFIRM_DELETIONS_ANNOTATION = 'isthmus.dev/confirm-deletions';

export const INJECT_LABEL = 'isthmus.dev/inject';
export const CAPTURE_ANNOTATION = 'isthmus.dev/capture';
export const IMPORTS_ANNOTATION = 'isthmus.dev/imports';
export const LISTEN_PORTS_ANNOTATION = 'isthmus.dev/listen-ports';
export const INJECT_STATUS_ANNOTATION = 'isthmus.dev/status';
/** FSM's own switches count as `enabled`. */
export const FSM_MONITORED_LABEL = 'flomesh.io/monitored-by';
export const FSM_INJECT_ANNOTATION = 'flomesh.io/sidecar-injection';

/** Reason of `Valid=False` where a policy forbids an export: the agent writes it, the hub obeys it. */
export const NOT_ALLOWED = 'NotAllowed';
/** On Service `isthmus-agent`, by the agent: whether the hub's heartbeat is seen, whether other clusters' gateways answer. */
export const HUB_REACHABLE_CONDITION = 'isthmus.dev/HubReachable';
export const GATEWAYS_REACHABLE_CONDITION = 'isthmus.dev/GatewaysReachable';
/** The same, of one gateway: what follows is the cluster id. */
export const GATEWAY_CONDITION_PREFIX = 'gateways.isthmus.dev/';
export const CARRIED_CONDITION = 'isthmus.dev/Carried';
/** Of a ServiceExport: what policies that only warn or audit find about it. */
export const POLICY_FINDINGS_CONDITION = 'isthmus.dev/PolicyFindings';
/** Of a policy in a member: whether it counts there. */
export const EFFECTIVE_CONDITION = 'Effective';
/** Of a policy of the hub, on the original: whether the members hold their copies. */
export const COPIES_CONDITION = 'Synced';
/** kubectl's copy of the whole object as it was applied. */
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
export const EPOCH_ANNOTATION = 'isthmus.dev/hub-epoch';
/** On a member's Lease `isthmus-hub`: uid of `kube-system` of the cluster that the hub is in. */
export const HUB_ANNOTATION = 'isthmus.dev/hub';
/** On a member's Lease `isthmus-hub`: the replica of the hub that should have it, and is ready. */
export const WANTED_BY_ANNOTATION = 'isthmus.dev/wanted-by';
/** On the Lease of a replica of the hub: the members that it writes to, comma-joined and sorted. */
export const HOLDS_ANNOTATION = 'isthmus.dev/holds';

export const CLUSTER_ID_PROPERTY = 'cluster.clusterset.k8s.io';
export const CLUSTERSET_ID_PROPERTY = 'clusterset.k8s.io';

export const HUB_LEASE = 'isthmus-hub';
export const AGENT_WRITER_LEASE = 'isthmus-agent-writer';
/** In the hub's own cluster: which replica of the hub writes the webhook configuration. */
export const HUB_WRITER_LEASE = 'isthmus-hub-writer';
/** On the Leases of the hub's replicas in the hub's own cluster: they find each other by it. */
export const COMPONENT_LABEL = 'app.kubernetes.io/component';
export const HUB_REPLICA_COMPONENT = 'hub-replica';
/** In the hub's own cluster: which epoch this hub is in. */
export const HUB_EPOCH_CONFIG_MAP = 'isthmus-hub-epoch';
export const AGENT_SERVICE = 'isthmus-agent';
/** In front of the DNS servers of a cluster: its address is the name server's. */
export const DNS_SERVICE = 'isthmus-dns';
export const HUB_SERVICE = 'isthmus-hub';
export const INJECTOR_CONFIGURATION = 'isthmus-injector';
export const VALIDATOR_CONFIGURATION = 'isthmus-validator';
export const HUB_VALIDATOR_CONFIGURATION = 'isthmus-hub-validator';

export const CLUSTERSET_ZONE = 'clusterset.local';

const BASE32_HEX = '0123456789abcdefghijklmnopqrstuv';

/** Lower-case, unpadded base32hex (RFC 4648 §7). */
function base32Hex(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32_HEX[(value >> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + BASE32_HEX[(value << (5 - bits)) & 31] : text;
}

/** The derived Service of an import, named as the reference controllers of the standard name it: `derived-` and 10 characters. */
export function derivedServiceName(namespace: string, name: string): string {
  const digest = createHash('sha256').update(`${namespace}/${name}`).digest();
  return `derived-${base32Hex(digest).slice(0, 10)}`;
}

/** The Lease of one replica of the hub in the hub's own cluster: `isthmus-hub-` and 10 characters. */
export function hubReplicaLease(identity: string): string {
  return `isthmus-hub-${base32Hex(createHash('sha256').update(identity).digest()).slice(0, 10)}`;
}

/**
 * The slice that stands in an importing cluster for one source slice: the same for ever, so that an update is an update, and
 * nobody else's. The address type is part of it because an API server lets no slice change its own.
 */
export function importedSliceName(
  of: {readonly namespace: string; readonly service: string},
  source: {readonly cluster: string; readonly slice: string; readonly addressType: string},
): string {
  const parts = [source.cluster, of.namespace, of.service, source.slice, source.addressType];
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  // 100 bits: a member that chooses the names of its slices must not meet another member's.
  return `${of.service}-${base32Hex(digest).slice(0, 20)}`;
}

/** FSM's long form of a cluster id, `region/zone/group/name`; each part is `default` where it is not set. */
export function clusterKey(at: {region?: string; zone?: string; group?: string; name: string}): string {
  return [at.region ?? 'default', at.zone ?? 'default', at.group ?? 'default', at.name].join('/');
}

/** The cluster id out of either form, the long key or the plain name. */
export function clusterIdOfKey(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** Namespaces that are neither exported nor written to (design §10; the class of CVE-2026-66788). */
export function isProtectedNamespace(namespace: string, ownNamespace: string = DEFAULT_NAMESPACE): boolean {
  return (
    namespace.startsWith('kube-') ||
    namespace === 'openshift' ||
    namespace.startsWith('openshift-') ||
    namespace === ownNamespace
  );
}

/** One DNS label (RFC 1123): the syntax of a cluster id, which must also fit a label value. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
}

/** ConfigMap and Secret of one member in the hub's namespace. */
export function memberRecordName(cluster: string): string {
  return `isthmus-member-${cluster}`;
}
