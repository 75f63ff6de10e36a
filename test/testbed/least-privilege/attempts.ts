import {AGENT_MANAGER, HUB_MANAGED_BY, HUB_MANAGER, MANAGED_BY_LABEL} from '../../../src/api/names.ts';
import type {KubeObject} from '../../../src/api/meta.ts';
import type {KubeClient} from '../../../src/kube/client.ts';
import {IMPORTED_SLICE, MIRRORED_POLICY} from './objects.ts';

/** In whose hands a credential is. */
export type Who = 'hub' | 'agent' | 'editor' | 'namespace-admin';

/** What somebody tries with a credential, by dry run, and who of the API server refuses it. */
export interface Attempt {
  readonly who: Who;
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  readonly type?: string;
  /** `RBAC`, or the name of a ValidatingAdmissionPolicy. */
  readonly by: string;
  /** Of the policy's sentence. */
  readonly says?: string;
}

/** The namespace that the attempts are made in, with objects that are somebody else's. */
export const SHOP = 'shop';
type Labels = Readonly<Record<string, string>>;

const OURS: Labels = {[MANAGED_BY_LABEL]: HUB_MANAGED_BY};
const MERGE = 'application/merge-patch+json';
const APPLY = 'application/apply-patch+yaml';
const OWN = 'isthmus-system';

const core = (namespace: string, rest: string): string => `/api/v1/namespaces/${namespace}/${rest}`;
const mcs = (namespace: string, rest: string): string =>
  `/apis/multicluster.x-k8s.io/v1beta1/namespaces/${namespace}/${rest}`;
const flomesh = (namespace: string, rest: string): string =>
  `/apis/flomesh.io/v1alpha1/namespaces/${namespace}/${rest}`;
const slices = (namespace: string, rest = ''): string =>
  `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices${rest}`;
const rbac = 'rbac.authorization.k8s.io/v1';

export const serviceImport = (
  name: string,
  namespace: string,
  labels: Labels = OURS,
  spec: object = {},
): KubeObject => ({
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceImport',
  metadata: {name, namespace, labels},
  ...{spec: {type: 'ClusterSetIP', ports: [{port: 80}], ...spec}},
});

export const flomeshImport = (name: string, namespace: string, labels: Labels = OURS): KubeObject => ({
  apiVersion: 'flomesh.io/v1alpha1',
  kind: 'ServiceImport',
  metadata: {name, namespace, labels},
  ...{spec: {ports: [{port: 80, endpoints: []}]}},
});

export const slice = (name: string, labels: Labels, namespace = SHOP): KubeObject => ({
  ...IMPORTED_SLICE,
  metadata: {name, namespace, labels},
});

const IMPORTED_LABELS = IMPORTED_SLICE.metadata.labels;
const without = (label: string): Labels =>
  Object.fromEntries(Object.entries(IMPORTED_LABELS).filter(([key]) => key !== label));
const relabel = (labels: object): object => ({metadata: {labels}});

const config = (namespace: string, name: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {name, namespace},
});
const token = {apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {}};
const lease = (name: string): object => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: {name, namespace: OWN},
  spec: {},
});
const secret = (type: string): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type,
  metadata: {name: 'stolen', namespace: OWN, annotations: {'kubernetes.io/service-account.name': HUB_MANAGER}},
  ...(type === 'kubernetes.io/tls' ? {data: {'tls.crt': '', 'tls.key': ''}} : {}),
});
const namespace = (name: string, labels: object = OURS): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {name, labels},
});
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {name: 'mine', namespace: SHOP},
  spec: {containers: [{name: 'c', image: 'example.org/c:1'}]},
};
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {name: 'mine', namespace: SHOP},
  spec: {ports: [{port: 80}]},
};
const binding = {
  apiVersion: rbac,
  kind: 'ClusterRoleBinding',
  metadata: {name: 'more'},
  roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin'},
  subjects: [{kind: 'ServiceAccount', name: HUB_MANAGER, namespace: OWN}],
};
const property = {
  apiVersion: 'about.k8s.io/v1beta1',
  kind: 'ClusterProperty',
  metadata: {name: 'fingerprint.example.com'},
  spec: {value: 'x'},
};
const remoteCluster = {
  apiVersion: 'isthmus.dev/v1alpha1',
  kind: 'RemoteCluster',
  metadata: {name: 'mine', labels: OURS},
  spec: {},
};
const admission = 'admissionregistration.k8s.io/v1';
const hooks = {apiVersion: admission, kind: 'MutatingWebhookConfiguration', metadata: {name: 'mine'}};
const definition = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/serviceimports.multicluster.x-k8s.io';

type Row = readonly [
  what: string,
  method: Attempt['method'],
  path: string,
  body: object | undefined,
  by: string,
  says?: string,
];

function attempts(who: Who, rows: readonly Row[]): readonly Attempt[] {
  return rows.map(([what, method, path, body, by, says]) => ({
    ...{who, what, method, path, by},
    ...(body === undefined ? {} : {body}),
    ...(says === undefined ? {} : {says}),
    ...(method === 'PATCH' ? {type: body !== undefined && 'kind' in body ? APPLY : MERGE} : {}),
  }));
}

/** What nobody may with the credential of hub or agent in a member. */
const beyond = (other: string): readonly Row[] => [
  ['reads all Secrets', 'GET', '/api/v1/secrets', undefined, 'RBAC'],
  ["reads a user's Secret", 'GET', core(SHOP, 'secrets/password'), undefined, 'RBAC'],
  ['lists Secrets of its own namespace', 'GET', core(OWN, 'secrets'), undefined, 'RBAC'],
  ['reads pods', 'GET', core(SHOP, 'pods'), undefined, 'RBAC'],
  ['creates a pod', 'POST', core(SHOP, 'pods'), pod, 'RBAC'],
  [
    'creates a pod in its own namespace',
    'POST',
    core(OWN, 'pods'),
    {...pod, metadata: {name: 'mine', namespace: OWN}},
    'RBAC',
  ],
  ['runs a command in a pod', 'POST', core(SHOP, 'pods/client/exec?command=sh'), undefined, 'RBAC'],
  ['creates a Service', 'POST', core(SHOP, 'services'), service, 'RBAC'],
  ["changes a user's Service", 'PATCH', core(SHOP, 'services/foo'), {spec: {externalIPs: ['192.0.2.66']}}, 'RBAC'],
  ['binds itself to cluster-admin', 'POST', `/apis/${rbac}/clusterrolebindings`, binding, 'RBAC'],
  ['widens its own role', 'PATCH', `/apis/${rbac}/clusterroles/isthmus-hub-member`, {rules: []}, 'RBAC'],
  ['makes a webhook', 'POST', `/apis/${admission}/mutatingwebhookconfigurations`, hooks, 'RBAC'],
  [
    'removes a policy',
    'DELETE',
    `/apis/${admission}/validatingadmissionpolicies/isthmus-hub-slices`,
    undefined,
    'RBAC',
  ],
  [
    'unbinds a policy',
    'DELETE',
    `/apis/${admission}/validatingadmissionpolicybindings/isthmus-hub-slices`,
    undefined,
    'RBAC',
  ],
  ['changes a CRD', 'PATCH', definition, {spec: {}}, 'RBAC'],
  ['reads ConfigMaps', 'GET', core(OWN, 'configmaps'), undefined, 'RBAC'],
  ['writes a ConfigMap', 'POST', core(SHOP, 'configmaps'), config(SHOP, 'mine'), 'RBAC'],
  [`takes a token of ${other}`, 'POST', core(OWN, `serviceaccounts/${other}/token`), token, 'RBAC'],
  ['takes a token of a controller', 'POST', core('kube-system', 'serviceaccounts/default/token'), token, 'RBAC'],
  ['relabels a namespace', 'PATCH', `/api/v1/namespaces/${SHOP}`, relabel({'isthmus.dev/inject': null}), 'RBAC'],
  ['deletes a namespace', 'DELETE', `/api/v1/namespaces/${SHOP}`, undefined, 'RBAC'],
  [
    'exports a Service',
    'POST',
    mcs(SHOP, 'serviceexports'),
    {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata: {name: 'client', namespace: SHOP}},
    'RBAC',
  ],
  ["changes an export's spec", 'PATCH', mcs(SHOP, 'serviceexports/foo'), {spec: {exportedLabels: {a: 'b'}}}, 'RBAC'],
  ['reads nodes', 'GET', '/api/v1/nodes', undefined, 'RBAC'],
  ['lists all Leases', 'GET', '/apis/coordination.k8s.io/v1/leases', undefined, 'RBAC'],
  [
    'writes a Lease of a controller',
    'PATCH',
    '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/mine',
    {spec: {}},
    'RBAC',
  ],
];

const HUB: readonly Row[] = [
  ['reads the service range', 'GET', '/apis/networking.k8s.io/v1/servicecidrs', undefined, 'RBAC'],
  ...beyond(AGENT_MANAGER),
  ['reads another ConfigMap', 'GET', core(OWN, 'configmaps/isthmus-member-cluster-1'), undefined, 'RBAC'],
  ['reads the CA of the cluster', 'GET', core(OWN, 'secrets/isthmus-ca'), undefined, 'RBAC'],
  ['creates a Secret', 'POST', core(OWN, 'secrets'), secret('kubernetes.io/tls'), 'RBAC'],
  [
    'writes the Lease of agents',
    'PATCH',
    '/apis/coordination.k8s.io/v1/namespaces/isthmus-system/leases/isthmus-agent-writer',
    {spec: {}},
    'RBAC',
  ],
  [
    'makes a Lease of another name',
    'POST',
    '/apis/coordination.k8s.io/v1/namespaces/isthmus-system/leases',
    lease('mine'),
    'isthmus-created-names',
    'Leases of fixed names',
  ],
  [
    'writes another ClusterProperty',
    'PATCH',
    '/apis/about.k8s.io/v1beta1/clusterproperties/fingerprint.example.com',
    property,
    'RBAC',
  ],
  ['creates a ClusterProperty by POST', 'POST', '/apis/about.k8s.io/v1beta1/clusterproperties', property, 'RBAC'],
  [
    'makes a namespace without its label',
    'POST',
    '/api/v1/namespaces',
    namespace('made', {}),
    'isthmus-hub-namespaces',
    'makes namespaces with the label',
  ],
  [
    'makes a namespace with another label of the same key',
    'POST',
    '/api/v1/namespaces',
    namespace('made', {[MANAGED_BY_LABEL]: 'Helm'}),
    'isthmus-hub-namespaces',
    'makes namespaces with the label',
  ],
  [
    'makes a privileged namespace',
    'POST',
    '/api/v1/namespaces',
    namespace('made', {...OURS, 'pod-security.kubernetes.io/enforce': 'privileged'}),
    'isthmus-hub-namespaces',
    'no label but its own',
  ],
  [
    'makes a protected namespace',
    'POST',
    '/api/v1/namespaces',
    namespace('kube-made'),
    'isthmus-hub-namespaces',
    'the name is protected',
  ],
  ...['kube-system', 'openshift', 'openshift-ingress', OWN].flatMap((protectedOne): Row[] => [
    [
      `writes an import in ${protectedOne}`,
      'PATCH',
      mcs(protectedOne, 'serviceimports/mine'),
      serviceImport('mine', protectedOne),
      'isthmus-hub-protected',
      'protected',
    ],
    [
      `writes a slice in ${protectedOne}`,
      'PATCH',
      slices(protectedOne, '/mine'),
      slice('mine', IMPORTED_LABELS, protectedOne),
      'isthmus-hub-protected',
      'protected',
    ],
  ]),
  [
    'writes an import of flomesh.io in kube-system',
    'PATCH',
    flomesh('kube-system', 'serviceimports/mine'),
    flomeshImport('mine', 'kube-system'),
    'isthmus-hub-protected',
    'protected',
  ],
  [
    'deletes a slice of the API server',
    'DELETE',
    slices('default', '/kubernetes'),
    undefined,
    'isthmus-hub-slices',
    "somebody else's",
  ],
  [
    'takes over a Service by a slice',
    'PATCH',
    slices(SHOP, '/mine'),
    slice('mine', {...IMPORTED_LABELS, 'kubernetes.io/service-name': 'foo'}),
    'isthmus-hub-slices',
    'take over',
  ],
  [
    'takes over a Service by relabelling its own slice',
    'PATCH',
    slices(SHOP, '/ours'),
    relabel({'kubernetes.io/service-name': 'foo'}),
    'isthmus-hub-slices',
    'take over',
  ],
  [
    'writes a slice without a manager',
    'PATCH',
    slices(SHOP, '/mine'),
    slice('mine', without('endpointslice.kubernetes.io/managed-by')),
    'isthmus-hub-slices',
    'managed-by=isthmus-hub',
  ],
  [
    'writes a slice of another manager',
    'PATCH',
    slices(SHOP, '/mine'),
    slice('mine', {...IMPORTED_LABELS, 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io'}),
    'isthmus-hub-slices',
    'managed-by=isthmus-hub',
  ],
  [
    'writes a slice from nowhere',
    'PATCH',
    slices(SHOP, '/mine'),
    slice('mine', without('multicluster.kubernetes.io/source-cluster')),
    'isthmus-hub-slices',
    'source-cluster',
  ],
  [
    'writes a slice of no import',
    'PATCH',
    slices(SHOP, '/mine'),
    slice('mine', without('multicluster.kubernetes.io/service-name')),
    'isthmus-hub-slices',
    'service-name only',
  ],
  [
    "takes a Service's own slice over by its labels",
    'PATCH',
    slices(SHOP, '/theirs'),
    relabel({...IMPORTED_LABELS, 'kubernetes.io/service-name': null}),
    'isthmus-hub-slices',
    "somebody else's",
  ],
  [
    "deletes a Service's own slice",
    'DELETE',
    slices(SHOP, '/theirs'),
    undefined,
    'isthmus-hub-slices',
    "somebody else's",
  ],
  [
    'gives up the labels of its own slice',
    'PATCH',
    slices(SHOP, '/ours'),
    relabel({'endpointslice.kubernetes.io/managed-by': null}),
    'isthmus-hub-slices',
    'managed-by=isthmus-hub',
  ],
  [
    'writes an import without its label',
    'PATCH',
    mcs(SHOP, 'serviceimports/mine'),
    serviceImport('mine', SHOP, {}),
    'isthmus-hub-imports',
    'imports with the label',
  ],
  [
    "takes another controller's import over by its label",
    'PATCH',
    mcs(SHOP, 'serviceimports/theirs'),
    relabel(OURS),
    'isthmus-hub-imports',
    "somebody else's",
  ],
  [
    "deletes another controller's import",
    'DELETE',
    mcs(SHOP, 'serviceimports/theirs'),
    undefined,
    'isthmus-hub-imports',
    "somebody else's",
  ],
  [
    "writes the status of another controller's import",
    'PATCH',
    mcs(SHOP, 'serviceimports/theirs/status'),
    {status: {clusters: [{cluster: 'evil'}]}},
    'isthmus-hub-imports',
    'imports with the label',
  ],
  [
    'gives an import an address',
    'PATCH',
    mcs(SHOP, 'serviceimports/ours'),
    {spec: {ips: ['203.0.113.9']}},
    'isthmus-hub-imports',
    'spec.ips',
  ],
  [
    'gives up the label of its own import',
    'PATCH',
    mcs(SHOP, 'serviceimports/ours'),
    relabel({[MANAGED_BY_LABEL]: null}),
    'isthmus-hub-imports',
    'imports with the label',
  ],
  [
    'writes an import of flomesh.io without a mark',
    'PATCH',
    flomesh(SHOP, 'serviceimports/mine'),
    flomeshImport('mine', SHOP, {}),
    'isthmus-hub-flomesh-imports',
    'imports with the label',
  ],
  [
    "changes a user's import of flomesh.io",
    'PATCH',
    flomesh(SHOP, 'serviceimports/theirs'),
    {...relabel(OURS), spec: {ports: [{port: 81, endpoints: []}]}},
    'isthmus-hub-flomesh-imports',
    "somebody else's",
  ],
  [
    "deletes a user's import of flomesh.io",
    'DELETE',
    flomesh(SHOP, 'serviceimports/theirs'),
    undefined,
    'isthmus-hub-flomesh-imports',
    "somebody else's",
  ],
  [
    "deletes a user's import that it had filled",
    'DELETE',
    flomesh(SHOP, 'serviceimports/filled'),
    undefined,
    'isthmus-hub-flomesh-imports',
    "somebody else's",
  ],
  ...(['exportpolicies', 'importpolicies'] as const).flatMap((plural): Row[] => {
    const at = `/apis/isthmus.dev/v1alpha1/${plural}`;
    return [
      [
        `writes one of ${plural} without its label`,
        'PATCH',
        `${at}/mirrored`,
        {...MIRRORED_POLICY[plural], metadata: {name: 'mirrored'}},
        'isthmus-hub-policies',
        'policies with the label',
      ],
      [
        `loosens one of the cluster's own ${plural}`,
        'PATCH',
        `${at}/theirs`,
        {...relabel(OURS), spec: {enforcement: 'Audit'}},
        'isthmus-hub-policies',
        "this cluster's own",
      ],
      [
        `deletes one of the cluster's own ${plural}`,
        'DELETE',
        `${at}/theirs`,
        undefined,
        'isthmus-hub-policies',
        "this cluster's own",
      ],
    ];
  }),
  [
    'writes an import with port 0',
    'PATCH',
    mcs(SHOP, 'serviceimports/mine'),
    serviceImport('mine', SHOP, OURS, {ports: [{port: 0}]}),
    'isthmus-imports',
    '1 to 65535',
  ],
  [
    'writes an import of a strange protocol',
    'PATCH',
    mcs(SHOP, 'serviceimports/mine'),
    serviceImport('mine', SHOP, OURS, {ports: [{port: 1, protocol: 'ICMP'}]}),
    'isthmus-imports',
    'the protocol is',
  ],
  [
    'writes an import with one port twice',
    'PATCH',
    mcs(SHOP, 'serviceimports/mine'),
    serviceImport('mine', SHOP, OURS, {
      ports: [
        {name: 'a', port: 1},
        {name: 'b', port: 1, protocol: 'TCP'},
      ],
    }),
    'isthmus-imports',
    'one number and protocol',
  ],
  [
    'writes an import with one port name twice',
    'PATCH',
    mcs(SHOP, 'serviceimports/mine'),
    serviceImport('mine', SHOP, OURS, {
      ports: [
        {name: 'a', port: 1},
        {name: 'a', port: 2},
      ],
    }),
    'isthmus-imports',
    'one name',
  ],
  [
    'writes a headless import with an address',
    'PATCH',
    mcs(SHOP, 'serviceimports/mine'),
    serviceImport('mine', SHOP, OURS, {type: 'Headless', ips: ['10.0.0.1']}),
    'isthmus-imports',
    'Headless',
  ],
  [
    'writes an import with one family twice',
    'PATCH',
    mcs(SHOP, 'serviceimports/mine'),
    serviceImport('mine', SHOP, OURS, {ipFamilies: ['IPv4', 'IPv4']}),
    'isthmus-imports',
    'each once',
  ],
];

const AGENT: readonly Row[] = [
  ...beyond(HUB_MANAGER),
  ['takes a token of its own', 'POST', core(OWN, `serviceaccounts/${AGENT_MANAGER}/token`), token, 'RBAC'],
  ['reads another Secret of its namespace', 'GET', core(OWN, 'secrets/kubeconfigs'), undefined, 'RBAC'],
  [
    'has a token of the hub put into a Secret',
    'POST',
    core(OWN, 'secrets'),
    secret('kubernetes.io/service-account-token'),
    'isthmus-created-names',
    'certificates in Secrets',
  ],
  [
    'makes a Lease of another name',
    'POST',
    '/apis/coordination.k8s.io/v1/namespaces/isthmus-system/leases',
    lease('mine'),
    'isthmus-created-names',
    'Leases of fixed names',
  ],
  [
    'fakes the heartbeat of the hub',
    'PATCH',
    '/apis/coordination.k8s.io/v1/namespaces/isthmus-system/leases/isthmus-hub',
    {spec: {}},
    'RBAC',
  ],
  ['makes an import', 'POST', mcs(SHOP, 'serviceimports'), serviceImport('mine', SHOP), 'RBAC'],
  [
    'brings a deleted import back by an apply',
    'PATCH',
    mcs(SHOP, 'serviceimports/mine'),
    serviceImport('mine', SHOP),
    'RBAC',
  ],
  ...(
    [
      ['addresses in another order than its families', ['10.1.1.1', 'fd00::1'], ['IPv6', 'IPv4'], 'in their order'],
      ['an address of another family', ['fd00::1'], ['IPv4'], 'in their order'],
      ['more addresses than families', ['10.1.1.1', 'fd00::1'], ['IPv4'], 'at most one for each'],
      [
        'a name for an address',
        ['gateway.example.com'],
        ['IPv4'],
        'IPv4 addresses, and IPv6 addresses in hexadecimal groups, only',
      ],
    ] as const
  ).map(([what, ips, ipFamilies, says]): Row => [
    `gives an import ${what}`,
    'PATCH',
    mcs(SHOP, 'serviceimports/ours'),
    {spec: {ips, ipFamilies}},
    'isthmus-imports',
    says,
  ]),
  ['deletes an import', 'DELETE', mcs(SHOP, 'serviceimports/ours'), undefined, 'RBAC'],
  ['writes a RemoteCluster', 'PATCH', '/apis/isthmus.dev/v1alpha1/remoteclusters/mine', remoteCluster, 'RBAC'],
  ['writes a slice for a Service', 'POST', slices(SHOP), slice('mine', {'kubernetes.io/service-name': 'foo'}), 'RBAC'],
  [
    'loosens a policy',
    'PATCH',
    '/apis/isthmus.dev/v1alpha1/exportpolicies/theirs',
    {spec: {enforcement: 'Audit'}},
    'RBAC',
  ],
  ['makes a namespace', 'POST', '/api/v1/namespaces', namespace('made'), 'RBAC'],
  [
    'writes a ClusterProperty',
    'PATCH',
    '/apis/about.k8s.io/v1beta1/clusterproperties/clusterset.k8s.io',
    {spec: {value: 'x'}},
    'RBAC',
  ],
  [
    "writes the hub's webhook configuration",
    'PATCH',
    `/apis/${admission}/validatingwebhookconfigurations/isthmus-hub-validator`,
    {webhooks: []},
    'RBAC',
  ],
];

/** By built-in `edit` in the namespace, and all rights to every kind of it: whoever may more is an administrator of the cluster. */
const NAMESPACE_ADMIN: readonly Row[] = [
  [
    'makes a standard import',
    'POST',
    mcs(SHOP, 'serviceimports'),
    serviceImport('mine', SHOP, {}),
    'isthmus-owned-kinds',
    'ServiceExport instead',
  ],
  [
    'makes one that claims to be of the hub',
    'POST',
    mcs(SHOP, 'serviceimports'),
    serviceImport('mine', SHOP),
    'isthmus-owned-kinds',
    'ServiceExport instead',
  ],
  [
    'makes one of the older version',
    'POST',
    `/apis/multicluster.x-k8s.io/v1alpha1/namespaces/${SHOP}/serviceimports`,
    {...serviceImport('mine', SHOP), apiVersion: 'multicluster.x-k8s.io/v1alpha1'},
    'isthmus-owned-kinds',
    'ServiceExport instead',
  ],
  [
    'changes the addresses of an import',
    'PATCH',
    mcs(SHOP, 'serviceimports/ours'),
    {spec: {ips: ['10.9.9.9']}},
    'isthmus-owned-kinds',
    'ServiceExport instead',
  ],
  [
    'changes the status of an import',
    'PATCH',
    mcs(SHOP, 'serviceimports/ours/status'),
    {status: {clusters: [{cluster: 'evil'}]}},
    'isthmus-owned-kinds',
    'ServiceExport instead',
  ],
  [
    'makes a slice that DNS would believe',
    'POST',
    slices(SHOP),
    slice('mine', IMPORTED_LABELS),
    'isthmus-owned-slices',
    'written by Isthmus',
  ],
  [
    'makes a slice with one of the labels',
    'POST',
    slices(SHOP),
    slice('mine', {'multicluster.kubernetes.io/source-cluster': 'cluster-2'}),
    'isthmus-owned-slices',
    'written by Isthmus',
  ],
  [
    'labels a slice of its own',
    'PATCH',
    slices(SHOP, '/theirs'),
    relabel({'multicluster.kubernetes.io/service-name': 'foo'}),
    'isthmus-owned-slices',
    'written by Isthmus',
  ],
  [
    'takes the labels of an imported slice away',
    'PATCH',
    slices(SHOP, '/ours'),
    relabel({'multicluster.kubernetes.io/service-name': null, 'multicluster.kubernetes.io/source-cluster': null}),
    'isthmus-owned-slices',
    'written by Isthmus',
  ],
  [
    'writes a RemoteCluster',
    'POST',
    '/apis/isthmus.dev/v1alpha1/remoteclusters',
    remoteCluster,
    'isthmus-owned-kinds',
    'ServiceExport instead',
  ],
  [
    'exports by a name that no Service has',
    'POST',
    mcs(SHOP, 'serviceexports'),
    {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata: {name: 'a.b', namespace: SHOP}},
    'isthmus-exports',
    'one DNS label',
  ],
  [
    'exports from a protected namespace',
    'POST',
    mcs('kube-system', 'serviceexports'),
    {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceExport',
      metadata: {name: 'foo', namespace: 'kube-system'},
    },
    'isthmus-exports',
    'exports nothing',
  ],
  ...(
    [
      ['a label with a bad key', {exportedLabels: {'a/b/c': 'x'}}, 'exportedLabels'],
      ['a label with a bad value', {exportedLabels: {a: 'x y'}}, 'exportedLabels'],
      ['an annotation with a bad key', {exportedAnnotations: {'-a': 'x'}}, 'exportedAnnotations'],
      ['a label of ours', {exportedLabels: {[MANAGED_BY_LABEL]: 'me'}}, 'reserved'],
      ['an annotation of ours', {exportedAnnotations: {'isthmus.dev/ready': 'evil'}}, 'reserved'],
    ] as const
  ).map(([what, spec, says]): Row => [
    `exports ${what}`,
    'PATCH',
    mcs(SHOP, 'serviceexports/foo'),
    {spec},
    'isthmus-exports',
    says,
  ]),
];

const EDITOR: readonly Row[] = [
  ['makes a standard import', 'POST', mcs(SHOP, 'serviceimports'), serviceImport('mine', SHOP, {}), 'RBAC'],
  ['changes an import', 'PATCH', mcs(SHOP, 'serviceimports/ours'), {spec: {ips: ['10.9.9.9']}}, 'RBAC'],
  ['makes a slice that DNS would believe', 'POST', slices(SHOP), slice('mine', IMPORTED_LABELS), 'RBAC'],
  ['writes a RemoteCluster', 'POST', '/apis/isthmus.dev/v1alpha1/remoteclusters', remoteCluster, 'RBAC'],
];

export const ATTEMPTS: readonly Attempt[] = [
  ...attempts('hub', HUB),
  ...attempts('agent', AGENT),
  ...attempts('namespace-admin', NAMESPACE_ADMIN),
  ...attempts('editor', EDITOR),
];

/** What two rules of one policy refuse: taking one of them away shows nothing. */
export const REFUSED_TWICE: ReadonlySet<string> = new Set(["writes the status of another controller's import"]);

/** What the same credentials may, so that a refusal is one of the attempt and not of everything. */
export const ALLOWED: readonly Attempt[] = [
  ...attempts('hub', [
    ['writes an import', 'PATCH', mcs(SHOP, 'serviceimports/mine'), serviceImport('mine', SHOP), ''],
    ['changes its own import', 'PATCH', mcs(SHOP, 'serviceimports/ours'), {spec: {sessionAffinity: 'ClientIP'}}, ''],
    ['brings its label back', 'PATCH', mcs(SHOP, 'serviceimports/unlabelled'), relabel(OURS), ''],
    ['deletes its own import', 'DELETE', mcs(SHOP, 'serviceimports/ours'), undefined, ''],
    ['writes an import of flomesh.io', 'PATCH', flomesh(SHOP, 'serviceimports/mine'), flomeshImport('mine', SHOP), ''],
    [
      'fills an empty import of a user',
      'PATCH',
      flomesh(SHOP, 'serviceimports/empty'),
      {metadata: {annotations: {'isthmus.dev/filled-by': HUB_MANAGED_BY}}, spec: {ports: [{port: 80, endpoints: []}]}},
      '',
    ],
    [
      'empties an import of a user that it had filled',
      'PATCH',
      flomesh(SHOP, 'serviceimports/filled'),
      {metadata: {annotations: {'isthmus.dev/filled-by': null}}, spec: null},
      '',
    ],
    ['writes an imported slice', 'PATCH', slices(SHOP, '/mine'), slice('mine', IMPORTED_LABELS), ''],
    ['deletes its own slice', 'DELETE', slices(SHOP, '/ours'), undefined, ''],
    ['makes a namespace', 'POST', '/api/v1/namespaces', namespace('made'), ''],
    ['renews its token', 'POST', core(OWN, `serviceaccounts/${HUB_MANAGER}/token`), token, ''],
  ]),
  ...attempts('agent', [
    ['gives an import its addresses', 'PATCH', mcs(SHOP, 'serviceimports/ours'), {spec: {ips: ['10.1.1.1']}}, ''],
    [
      'gives an import addresses of both families',
      'PATCH',
      mcs(SHOP, 'serviceimports/ours'),
      {spec: {ips: ['fd00::1', '10.1.1.1'], ipFamilies: ['IPv6', 'IPv4']}},
      '',
    ],
    ['makes a Secret for its CA', 'POST', core(OWN, 'secrets'), secret('kubernetes.io/tls'), ''],
  ]),
  ...attempts('namespace-admin', [
    [
      'exports a Service',
      'POST',
      mcs(SHOP, 'serviceexports'),
      {
        apiVersion: 'multicluster.x-k8s.io/v1beta1',
        kind: 'ServiceExport',
        metadata: {name: 'bar', namespace: SHOP},
        spec: {exportedLabels: {'example.com/team': 'a', 'b': ''}, exportedAnnotations: {'isthmus.dev/dns-ttl': '5'}},
      },
      '',
    ],
    ['writes a slice of its own', 'PATCH', slices(SHOP, '/theirs'), {endpoints: []}, ''],
    ['deletes an import, which comes back', 'DELETE', mcs(SHOP, 'serviceimports/ours'), undefined, ''],
  ]),
];

/** @returns status and message, exactly as the API server said them */
export async function attempt(client: KubeClient, of: Attempt): Promise<{status: number; message: string}> {
  const {method, path, body, type} = of;
  const query = new URLSearchParams(method === 'GET' || path.includes('/exec') ? {} : {dryRun: 'All'});
  if (method === 'PATCH') query.set('fieldManager', 'attempt');
  if (type === APPLY) query.set('force', 'true');
  const target = query.size === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${query.toString()}`;
  const answer = await client.raw(method, target, {body, contentType: type});
  const said = answer.body.startsWith('{') ? (JSON.parse(answer.body) as {message?: string}).message : answer.body;
  return {status: answer.status, message: said ?? ''};
}
