import {
  apiVersionOf,
  clusters,
  endpointSlices,
  exportPolicies,
  flomeshServiceExports,
  globalTrafficPolicies,
  namespaces,
  serviceExports,
  serviceImports,
  services,
  type Resource,
} from '../../../src/api/resources.ts';
import type {ServiceImport} from '../../../src/api/kinds.ts';
import {type KubeObject, type ObjectMeta, parseKey} from '../../../src/api/meta.ts';
import {SERVICE_NAME_LABEL} from '../../../src/api/names.ts';
import {resourcePath} from '../../../src/kube/resource-path.ts';
import type {Place} from './playground.ts';

/** What users and a cluster's own controllers do in one cluster, each as one request. Impossible ones are refused, as always. */

export type Variant = 0 | 1 | 2 | 3;

const PORTS: Readonly<Record<Variant, readonly number[]>> = {0: [80], 1: [81], 2: [80, 443], 3: [80]};

function portsOf(variant: Variant): readonly object[] {
  return PORTS[variant].map((port) => ({name: `p-${port}`, port, protocol: 'TCP', targetPort: port}));
}

function send(api: Place, method: string, o: {path: string; body?: unknown; contentType?: string}): number {
  const body = o.body === undefined ? undefined : JSON.stringify(o.body);
  return api.user({method, path: o.path, body, contentType: o.contentType, userAgent: 'kubectl'});
}

/** Server-side apply by `kubectl`. */
export function apply(api: Place, resource: Resource, metadata: ObjectMeta, rest: object): number {
  const path = `${resourcePath(resource, metadata)}?fieldManager=kubectl&force=true`;
  const body = {apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...rest};
  return send(api, 'PATCH', {path, body, contentType: 'application/apply-patch+yaml'});
}

export function remove(api: Place, resource: Resource, key: string): number {
  return send(api, 'DELETE', {path: resourcePath(resource, parseKey(key))});
}

export function makeNamespace(api: Place, name: string): void {
  apply(api, namespaces, {name}, {});
}

/** The Service and, as the endpoint controller does, its slice; a headless one is headless for ever. */
export function putService(api: Place, key: string, o: {variant: Variant; number: number}): void {
  const {namespace = '', name} = parseKey(key);
  const isHeadless = name.startsWith('hl');
  const clusterIP = isHeadless ? 'None' : '10.96.7.7';
  const address = api.allocates && !isHeadless ? {} : {clusterIP, clusterIPs: [clusterIP]};
  const ports = portsOf(o.variant);
  const sessionAffinity = o.variant === 3 ? 'ClientIP' : 'None';
  const spec = {type: 'ClusterIP', ...address, ipFamilies: ['IPv4'], sessionAffinity, ports};
  if (apply(api, services, {namespace, name}, {spec}) >= 300) return;
  applySlice(api, key, {ready: true, number: o.number});
}

export function putSlice(api: Place, key: string, o: {ready: boolean; number: number}): void {
  if (api.find(services, key) !== undefined) applySlice(api, key, o);
}

function applySlice(api: Place, key: string, o: {ready: boolean; number: number}): void {
  const {namespace = '', name} = parseKey(key);
  const endpoints = [{addresses: [`10.20${o.number}.0.9`], conditions: {ready: o.ready}}];
  const metadata = {namespace, name: `${name}-x`, labels: {[SERVICE_NAME_LABEL]: name}};
  apply(api, endpointSlices, metadata, {
    addressType: 'IPv4',
    endpoints,
    ports: [{name: 'p', port: 80, protocol: 'TCP'}],
  });
}

/** Both at once: what is behind a Service that is gone goes with it. */
export function removeService(api: Place, key: string): void {
  remove(api, services, key);
  remove(api, endpointSlices, `${key}-x`);
}

export function putExport(api: Place, key: string, o: {group: 'mcs' | 'flomesh'; variant: Variant}): void {
  const {namespace = '', name} = parseKey(key);
  const labels = o.variant === 0 ? {} : {exportedLabels: {tier: `t${o.variant}`}};
  if (o.group === 'mcs') apply(api, serviceExports, {namespace, name}, {spec: labels});
  else apply(api, flomeshServiceExports, {namespace, name}, {spec: {}});
}

export function removeExport(api: Place, key: string, group: 'mcs' | 'flomesh'): void {
  remove(api, group === 'mcs' ? serviceExports : flomeshServiceExports, key);
}

/** Somebody has a hand in what the hub wrote. */
export function tamper(api: Place, key: string, how: 'delete' | 'edit' | 'slices'): void {
  if (how === 'delete') remove(api, serviceImports, key);
  else if (how === 'edit') {
    const found = api.find<ServiceImport>(serviceImports, key);
    if (found?.spec === undefined) return;
    const {namespace = '', name} = parseKey(key);
    const metadata = {namespace, name, labels: {mine: 'yes'}};
    // Not its type: while nobody else can be asked that decides what becomes of the import (`guardTypeFlip`).
    const {type} = found.spec;
    const spec = {
      type,
      ports: [{port: 9, protocol: 'TCP'}],
      ...(type === 'Headless' ? {} : {sessionAffinity: 'ClientIP'}),
    };
    apply(api, serviceImports, metadata, {spec});
  } else {
    for (const slice of api.list<KubeObject>(endpointSlices)) {
      const {namespace, name, labels = {}} = slice.metadata;
      if (labels['multicluster.kubernetes.io/service-name'] === parseKey(key).name)
        remove(api, endpointSlices, `${namespace}/${name}`);
    }
  }
}

export function putExportPolicy(hubApi: Place, name: string, o: {services: readonly string[]; deny: boolean}): void {
  const rule = {name: 'r', action: o.deny ? 'Deny' : 'Allow', services: o.services};
  apply(hubApi, exportPolicies, {name}, {spec: {enforcement: 'Deny', rules: [rule]}});
}

export function putTrafficPolicy(hubApi: Place, key: string, weight: number): void {
  const {namespace = '', name} = parseKey(key);
  makeNamespace(hubApi, namespace);
  const spec = {lbType: 'ActiveActive', targets: [{clusterKey: 'default/default/default/cluster-1', weight}]};
  apply(hubApi, globalTrafficPolicies, {namespace, name}, {spec});
}

export function editCluster(hubApi: Place, name: string, spec: object): void {
  const path = `${resourcePath(clusters, {name})}?fieldManager=kubectl`;
  send(hubApi, 'PATCH', {path, body: {spec}, contentType: 'application/merge-patch+json'});
}
