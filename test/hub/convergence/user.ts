import {
  apiVersionOf,
  clusters,
  endpointSlices,
  exportPolicies,
  flomeshMcsServiceExports,
  flomeshServiceExports,
  flomeshServiceImports,
  globalTrafficPolicies,
  namespaces,
  remoteClusters,
  serviceExports,
  serviceImports,
  services,
  type Resource,
} from '../../../src/api/resources.ts';
import type {ServiceImport} from '../../../src/api/kinds.ts';
import {type KubeObject, type ObjectMeta, parseKey} from '../../../src/api/meta.ts';
import {CONFIRM_DELETIONS_ANNOTATION, SERVICE_NAME_LABEL} from '../../../src/api/names.ts';
import {resourcePath} from '../../../src/kube/resource-path.ts';
import type {Place} from './playground.ts';

/** What users and a cluster's own controllers do in one cluster, each as one request. Impossible ones are refused, as always. */

export type Variant = 0 | 1 | 2 | 3;

/** The groups that an export may be written in: the standard's, FSM's, and the one that newer releases of FSM have. */
export type Group = 'mcs' | 'flomesh' | 'flomesh-mcs';

const EXPORTS: Readonly<Record<Group, Resource>> = {
  'mcs': serviceExports,
  'flomesh': flomeshServiceExports,
  'flomesh-mcs': flomeshMcsServiceExports,
};

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

/** As whoever rules the cluster can. */
export function applyStatus(api: Place, resource: Resource, metadata: ObjectMeta, status: object): number {
  const path = `${resourcePath(resource, metadata)}/status?fieldManager=kubectl&force=true`;
  const body = {apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, status};
  return send(api, 'PATCH', {path, body, contentType: 'application/apply-patch+yaml'});
}

export function annotate(api: Place, resource: Resource, key: string, annotations: Record<string, string>): number {
  const path = `${resourcePath(resource, parseKey(key))}?fieldManager=kubectl`;
  return send(api, 'PATCH', {path, body: {metadata: {annotations}}, contentType: 'application/merge-patch+json'});
}

export function remove(api: Place, resource: Resource, key: string): number {
  return send(api, 'DELETE', {path: resourcePath(resource, parseKey(key))});
}

export function makeNamespace(api: Place, name: string): void {
  apply(api, namespaces, {name}, {});
}

export interface ServiceOptions {
  readonly variant: Variant;
  readonly number: number;
  /** Default: as the Service that is there; of a new one its name says it. Nobody can change it of one that is there. */
  readonly isHeadless?: boolean;
}

/** The Service and, as the endpoint controller does, its slice. */
export function putService(api: Place, key: string, o: ServiceOptions): void {
  const {namespace = '', name} = parseKey(key);
  const isHeadless = o.isHeadless ?? isHeadlessThere(api, key) ?? name.startsWith('hl');
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

/** A Service turns into a headless one, or back, only by being made anew. */
export function turnService(api: Place, key: string, o: {variant: Variant; number: number}): void {
  const isHeadless = isHeadlessThere(api, key);
  if (isHeadless === undefined) return;
  removeService(api, key);
  putService(api, key, {...o, isHeadless: !isHeadless});
}

function isHeadlessThere(api: Place, key: string): boolean | undefined {
  const there = api.find<KubeObject & {spec?: {clusterIP?: string}}>(services, key)?.spec;
  return there && there.clusterIP === 'None';
}

export interface ExportOptions {
  readonly group: Group;
  readonly variant: Variant;
  /** Of FSM's groups: clusters that may import it; none: all. */
  readonly targets?: readonly string[];
}

export function putExport(api: Place, key: string, {group, variant, targets = []}: ExportOptions): void {
  const {namespace = '', name} = parseKey(key);
  const labels = variant === 0 ? {} : {exportedLabels: {tier: `t${variant}`}};
  const spec = group === 'mcs' ? labels : {...FLOMESH_SETTINGS[variant], targetClusters: targets};
  apply(api, EXPORTS[group], {namespace, name}, {spec});
}

/** What imports of that group carry on: paths of ports, an account. */
const FLOMESH_SETTINGS: Readonly<Record<Variant, object>> = {
  0: {},
  1: {rules: [{portNumber: 80, path: '/one', pathType: 'Prefix'}]},
  2: {rules: [{portNumber: 443, path: '/two', pathType: 'Exact'}], serviceAccountName: 'two'},
  3: {serviceAccountName: 'three'},
};

export function removeExport(api: Place, key: string, group: Group): void {
  remove(api, EXPORTS[group], key);
}

export type Tampering = 'delete' | 'edit' | 'type' | 'slices' | 'flomesh' | 'told';

/** Somebody has a hand in what the hub wrote. */
export function tamper(api: Place, key: string, how: Tampering): void {
  switch (how) {
    case 'delete':
      remove(api, serviceImports, key);
      return;
    case 'flomesh':
      remove(api, flomeshServiceImports, key);
      return;
    case 'edit':
    case 'type':
      editImport(api, key, how);
      return;
    case 'slices':
      for (const slice of api.list<KubeObject>(endpointSlices)) {
        const {namespace, name, labels = {}} = slice.metadata;
        if (labels['multicluster.kubernetes.io/service-name'] === parseKey(key).name)
          remove(api, endpointSlices, `${namespace}/${name}`);
      }
      return;
    case 'told':
      for (const {metadata} of api.list(remoteClusters)) remove(api, remoteClusters, metadata.name);
      return;
  }
}

function editImport(api: Place, key: string, how: 'edit' | 'type'): void {
  const found = api.find<ServiceImport>(serviceImports, key);
  if (found?.spec === undefined) return;
  const {namespace = '', name} = parseKey(key);
  const other = found.spec.type === 'Headless' ? 'ClusterSetIP' : 'Headless';
  const type = how === 'type' ? other : found.spec.type;
  const metadata = {namespace, name, labels: {mine: 'yes'}};
  const spec = {
    type,
    ports: [{port: 9, protocol: 'TCP'}],
    ...(type === 'Headless' ? {} : {sessionAffinity: 'ClientIP'}),
  };
  apply(api, serviceImports, metadata, {spec});
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

/** As `isthmus confirm` does. */
export function confirmDeletions(hubApi: Place, name: string): void {
  annotate(hubApi, clusters, name, {[CONFIRM_DELETIONS_ANNOTATION]: new Date(Date.now()).toISOString()});
}

export function editCluster(hubApi: Place, name: string, spec: object): void {
  const path = `${resourcePath(clusters, {name})}?fieldManager=kubectl`;
  send(hubApi, 'PATCH', {path, body: {spec}, contentType: 'application/merge-patch+json'});
}
