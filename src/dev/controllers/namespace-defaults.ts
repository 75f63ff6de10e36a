import type {Logger} from 'pino';
import {toKubeTime} from '../../api/meta.ts';
import type {InternalApi} from '../apiserver/internal-api.ts';
import {isTerminating, nameOf, namespaceOf, objectIn} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {ServiceIpAllocator} from '../builtin/service-ip-allocator.ts';
import {isType, NAMESPACES, SERVICE_ACCOUNTS, SERVICE_CIDRS, SERVICES} from './known-types.ts';
import {startReconciler} from './reconciler.ts';

export interface NamespaceDefaultsOptions {
  readonly allocator: ServiceIpAllocator;
  /** Where the API server listens: what the Service `kubernetes` points at. */
  readonly apiServerPort: number;
  readonly logger: Logger;
  readonly nowMs?: () => number;
}

const STANDARD_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
const CLUSTER = 'cluster';
const API_SERVER = 'kube-apiserver';

/**
 * What every cluster has: the standard namespaces, the Service `default/kubernetes` on the first address of the range, the ServiceCIDR
 * `kubernetes`, and in each namespace the ServiceAccount `default`. They are there when this returns, and come back when deleted.
 *
 * @returns stops it
 */
export function startNamespaceDefaults(api: InternalApi, options: NamespaceDefaultsOptions): () => void {
  options.allocator.follow(api);
  ensureCluster(api, options);
  for (const namespace of api.list(NAMESPACES)) ensureServiceAccount(api, nameOf(namespace));
  return startReconciler(api, {
    name: 'namespace-defaults',
    logger: options.logger,
    keysOf: ({type, kind, object}) => {
      if (isType(type, NAMESPACES)) return kind === 'DELETED' ? [CLUSTER] : [`account/${nameOf(object)}`];
      if (kind !== 'DELETED') return [];
      if (isType(type, SERVICE_ACCOUNTS)) return [`account/${namespaceOf(object)}`];
      return isType(type, SERVICES) || isType(type, SERVICE_CIDRS) ? [CLUSTER] : [];
    },
    reconcile: (key) => {
      if (key === CLUSTER) ensureCluster(api, options);
      else ensureServiceAccount(api, key.slice(key.indexOf('/') + 1));
    },
  });
}

function ensureServiceAccount(api: InternalApi, namespace: string): void {
  const home = api.get(NAMESPACES, undefined, namespace);
  if (home === undefined || isTerminating(home)) return;
  if (api.get(SERVICE_ACCOUNTS, namespace, 'default') !== undefined) return;
  api.create(SERVICE_ACCOUNTS, {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name: 'default', namespace}});
}

function ensureCluster(api: InternalApi, options: NamespaceDefaultsOptions): void {
  for (const name of STANDARD_NAMESPACES) {
    if (api.get(NAMESPACES, undefined, name) !== undefined) continue;
    api.create(NAMESPACES, {apiVersion: 'v1', kind: 'Namespace', metadata: {name}}, API_SERVER);
  }
  ensureKubernetesService(api, options);
  ensureServiceCidr(api, options);
}

function ensureKubernetesService(api: InternalApi, {allocator, apiServerPort}: NamespaceDefaultsOptions): void {
  if (api.get(SERVICES, 'default', 'kubernetes') !== undefined) return;
  const service: JsonObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: {component: 'apiserver', provider: 'kubernetes'},
    },
    spec: {
      clusterIP: allocator.at('IPv4', 1),
      ipFamilyPolicy: 'SingleStack',
      ports: [{name: 'https', port: 443, protocol: 'TCP', targetPort: apiServerPort}],
    },
  };
  api.create(SERVICES, service, API_SERVER);
}

function ensureServiceCidr(api: InternalApi, {allocator, nowMs = Date.now}: NamespaceDefaultsOptions): void {
  const existing = api.get(SERVICE_CIDRS, undefined, 'kubernetes');
  const cidrs = [allocator.cidrs.IPv4, allocator.cidrs.IPv6];
  const metadata = {name: 'kubernetes'};
  const apiVersion = 'networking.k8s.io/v1';
  const stored =
    existing ?? api.create(SERVICE_CIDRS, {apiVersion, kind: 'ServiceCIDR', metadata, spec: {cidrs}}, API_SERVER);
  if (Array.isArray(objectIn(stored, 'status')['conditions'])) return;
  const ready = {
    type: 'Ready',
    status: 'True',
    lastTransitionTime: toKubeTime(nowMs()),
    reason: '',
    message: 'Kubernetes default Service CIDR is ready',
  };
  api.update(SERVICE_CIDRS, {...stored, status: {conditions: [ready]}}, 'status');
}
