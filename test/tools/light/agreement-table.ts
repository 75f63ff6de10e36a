import {
  clusterProperties,
  configMaps,
  endpointSlices,
  leases,
  namespaces,
  remoteClusters,
  serviceExports,
  serviceImports,
  apiVersionOf,
  type Resource,
} from '../../../src/api/resources.ts';
import type {KubeObject, ObjectMeta} from '../../../src/api/meta.ts';
import {resourcePath} from '../../../src/kube/resource-path.ts';

/** Answers so far, by name: later requests speak of uids and versions of earlier ones. */
export type Seen = ReadonlyMap<string, KubeObject>;

export interface AgreementRow {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: (seen: Seen) => unknown;
  readonly contentType?: string;
}

const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';
const FOO = {namespace: 'a', name: 'foo'};

function objectOf(resource: Resource, metadata: ObjectMeta, rest: object = {}): object {
  return {apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...rest};
}

interface Applied {
  readonly by?: string;
  readonly rest?: object;
  readonly labels?: Readonly<Record<string, string>>;
  readonly subresource?: 'status';
  /** The name of an earlier answer whose uid is sent along. */
  readonly uidOf?: string;
}

function apply(name: string, resource: Resource, at: ObjectMeta, o: Applied = {}): AgreementRow {
  const {by = 'isthmus-hub', rest = {}, labels, subresource, uidOf} = o;
  const path = `${resourcePath(resource, {...at, ...(subresource === undefined ? {} : {subresource})})}?fieldManager=${by}&force=true`;
  const body = (seen: Seen): object => {
    const uid = uidOf === undefined ? undefined : (seen.get(uidOf)?.metadata.uid ?? uidOf);
    const metadata = {...at, ...(labels === undefined ? {} : {labels}), ...(uid === undefined ? {} : {uid})};
    return objectOf(resource, metadata, rest);
  };
  return {name, method: 'PATCH', path, contentType: APPLY, body};
}

const get = (name: string, resource: Resource, at: ObjectMeta): AgreementRow => ({
  name,
  method: 'GET',
  path: resourcePath(resource, at),
});

const remove = (
  name: string,
  resource: Resource,
  at: ObjectMeta,
  preconditions?: (seen: Seen) => object,
): AgreementRow => ({
  name,
  method: 'DELETE',
  path: resourcePath(resource, at),
  ...(preconditions === undefined
    ? {}
    : {body: (seen: Seen) => ({apiVersion: 'v1', kind: 'DeleteOptions', preconditions: preconditions(seen)})}),
});

const OTHER_UID = '11111111-0000-4000-8000-000000000000';
const spec = (...ports: number[]): object => ({
  spec: {type: 'ClusterSetIP', ports: ports.map((port) => ({port, protocol: 'TCP'}))},
});
const clustersOf = (...names: string[]): object => ({
  status: {clusters: names.map((cluster) => ({cluster})), endpointSliceObjects: 'Absent'},
});
const condition = (type: string, status = 'True'): object => ({
  ...{type, status, reason: 'R', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z'},
});

/** What the hub sends and what users do, in the order in which it is sent to both API servers. */
export const AGREEMENT: readonly AgreementRow[] = [
  {name: 'version', method: 'GET', path: '/version'},
  {name: 'a group that is not served', method: 'GET', path: '/apis/nobody.example.org/v1'},
  get('an absent object', serviceImports, FOO),
  apply('into a namespace that is absent', serviceImports, FOO, {rest: spec(80)}),
  {name: 'a namespace', method: 'POST', path: '/api/v1/namespaces', body: () => objectOf(namespaces, {name: 'a'})},
  {name: 'the same again', method: 'POST', path: '/api/v1/namespaces', body: () => objectOf(namespaces, {name: 'a'})},
  apply('an apply of an absent object with a uid', serviceImports, FOO, {rest: spec(80), uidOf: OTHER_UID}),
  apply('a status of an absent object', serviceImports, FOO, {rest: clustersOf('x'), subresource: 'status'}),
  apply('created', serviceImports, FOO, {rest: spec(80), labels: {mine: '1', more: '2'}}),
  apply('the same apply changes nothing', serviceImports, FOO, {
    rest: spec(80),
    labels: {mine: '1', more: '2'},
    uidOf: 'created',
  }),
  apply('another uid', serviceImports, FOO, {rest: spec(80), uidOf: OTHER_UID}),
  apply('a label that is not applied any more goes', serviceImports, FOO, {rest: spec(80), labels: {mine: '1'}}),
  apply('ports are replaced whole', serviceImports, FOO, {rest: spec(80, 81), labels: {mine: '1'}}),
  apply('another manager adds a label', serviceImports, FOO, {by: 'kubectl', labels: {theirs: 'x'}}),
  apply('which stays', serviceImports, FOO, {rest: spec(80), labels: {mine: '1'}}),
  apply('both say the same label', serviceImports, FOO, {by: 'kubectl', labels: {theirs: 'x', mine: '1'}}),
  apply('so it stays when one lets go', serviceImports, FOO, {rest: spec(80)}),
  apply('taken by force', serviceImports, FOO, {by: 'kubectl', rest: spec(9), labels: {theirs: 'x'}}),
  apply('and back', serviceImports, FOO, {rest: spec(80)}),
  apply('status: clusters', serviceImports, FOO, {rest: clustersOf('one', 'two'), subresource: 'status'}),
  apply('status: one goes, one comes', serviceImports, FOO, {rest: clustersOf('two', 'three'), subresource: 'status'}),
  apply('a status in an apply of the object says nothing', serviceImports, FOO, {
    rest: {...spec(80), ...clustersOf('no')},
  }),
  apply('an export', serviceExports, FOO),
  apply('one condition', serviceExports, FOO, {
    rest: {status: {conditions: [condition('Ready')]}},
    subresource: 'status',
  }),
  apply('another manager has another', serviceExports, FOO, {
    by: 'isthmus-agent',
    rest: {status: {conditions: [condition('Valid')]}},
    subresource: 'status',
  }),
  apply('each keeps its own', serviceExports, FOO, {
    rest: {status: {conditions: [condition('Ready', 'False')]}},
    subresource: 'status',
  }),
  {
    name: 'a merge patch',
    method: 'PATCH',
    path: resourcePath(serviceExports, FOO),
    contentType: MERGE,
    body: () => ({metadata: {annotations: {x: 'y'}}}),
  },
  {
    name: 'null takes out',
    method: 'PATCH',
    path: resourcePath(serviceExports, FOO),
    contentType: MERGE,
    body: () => ({metadata: {annotations: {x: null}}}),
  },
  {
    name: 'a merge patch of an older version',
    method: 'PATCH',
    path: resourcePath(serviceExports, FOO),
    contentType: MERGE,
    body: () => ({metadata: {resourceVersion: '1', annotations: {x: 'z'}}}),
  },
  {
    name: 'a finalizer',
    method: 'PATCH',
    path: resourcePath(serviceExports, FOO),
    contentType: MERGE,
    body: () => ({metadata: {finalizers: ['example.org/hold']}}),
  },
  remove('a deletion waits for it', serviceExports, FOO),
  get('and is marked', serviceExports, FOO),
  {
    name: 'the finalizer goes',
    method: 'PATCH',
    path: resourcePath(serviceExports, FOO),
    contentType: MERGE,
    body: () => ({metadata: {finalizers: []}}),
  },
  get('and the object with it', serviceExports, FOO),
  {
    name: 'a lease',
    method: 'POST',
    path: resourcePath(leases, {namespace: 'a'}),
    body: () => objectOf(leases, {namespace: 'a', name: 'l'}, {spec: {holderIdentity: 'x'}}),
  },
  {
    name: 'renewed',
    method: 'PUT',
    path: resourcePath(leases, {namespace: 'a', name: 'l'}),
    body: (seen) => objectOf(leases, seen.get('a lease')?.metadata ?? {name: 'l'}, {spec: {holderIdentity: 'y'}}),
  },
  {
    name: 'renewed by somebody who is behind',
    method: 'PUT',
    path: resourcePath(leases, {namespace: 'a', name: 'l'}),
    body: (seen) => objectOf(leases, seen.get('a lease')?.metadata ?? {name: 'l'}, {spec: {holderIdentity: 'z'}}),
  },
  apply('cluster-scoped', remoteClusters, {name: 'c'}, {rest: {spec: {}}}),
  apply('a property', clusterProperties, {name: 'p'}, {rest: {spec: {value: 'v'}}}),
  apply('a record', configMaps, {namespace: 'a', name: 'r'}, {rest: {data: {k: 'v', l: 'w'}}}),
  apply('a key of it goes', configMaps, {namespace: 'a', name: 'r'}, {rest: {data: {k: 'v'}}}),
  apply(
    'a slice',
    endpointSlices,
    {namespace: 'a', name: 's'},
    {
      labels: {x: 'y'},
      rest: {
        addressType: 'IPv4',
        endpoints: [{addresses: ['10.1.1.1'], conditions: {ready: true}}],
        ports: [{name: 'p', port: 80, protocol: 'TCP'}],
      },
    },
  ),
  {name: 'by label', method: 'GET', path: `${resourcePath(endpointSlices, {namespace: 'a'})}?labelSelector=x%3Dy`},
  {
    name: 'by another label',
    method: 'GET',
    path: `${resourcePath(endpointSlices, {namespace: 'a'})}?labelSelector=x%3Dz`,
  },
  {name: 'by name', method: 'GET', path: `${resourcePath(leases, {namespace: 'a'})}?fieldSelector=metadata.name%3Dl`},
  {name: 'too new', method: 'GET', path: `${resourcePath(configMaps, FOO)}?resourceVersion=999999999`},
  remove('a deletion of another uid', serviceImports, FOO, () => ({uid: OTHER_UID})),
  remove('a deletion', serviceImports, FOO, (seen) => ({uid: seen.get('created')?.metadata.uid})),
  remove('once more', serviceImports, FOO),
  {name: 'a list of nothing', method: 'GET', path: resourcePath(serviceImports, {})},
];
