import {FSM_MONITORED_LABEL, INJECT_LABEL} from '../src/api/names.ts';
import type {LabelSelector} from '../src/api/kinds.ts';
import {FLOMESH_GROUP, FLOMESH_MCS_GROUP, ISTHMUS_GROUP, MCS_GROUP} from '../src/api/resources.ts';
import {PATHS} from './paths.ts';

export interface WebhookRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[];
  readonly resources: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
}

export type ClientConfig = {readonly caBundle: string} & (
  | {
      readonly service: {
        readonly namespace: string;
        readonly name: string;
        readonly port: number;
        readonly path: string;
      };
    }
  | {readonly url: string}
);

/** One entry of a webhook configuration (`admissionregistration.k8s.io/v1`), every defaulted field said. */
export interface WebhookEntry {
  /** At least three segments; also what users see in `admission webhook "..." denied the request`. */
  readonly name: string;
  readonly clientConfig: ClientConfig;
  readonly rules: readonly WebhookRule[];
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly matchPolicy: 'Equivalent';
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  /** All must hold, or the request isn't sent at all. Kubernetes 1.30 or newer; older ones send every request. */
  readonly matchConditions?: readonly {readonly name: string; readonly expression: string}[];
  readonly sideEffects: 'None';
  readonly timeoutSeconds: number;
  readonly admissionReviewVersions: readonly ['v1'];
  /** Mutating entries only. */
  readonly reinvocationPolicy?: 'Never';
}

/** Where an API server finds us: a Service, or a base URL such as `https://127.0.0.1:9443`. */
export type WebhookClient =
  | {readonly service: {readonly namespace: string; readonly name: string; readonly port: number}}
  | {readonly url: string};

export interface WebhookOptions {
  readonly client: WebhookClient;
  /** PEM, one certificate or several while CAs overlap. */
  readonly caBundle: string;
  /** Ready replicas answer: only then may validation be `Fail`. */
  readonly ready: boolean;
  /** Isthmus' own. */
  readonly namespace: string;
}

/** The entries of a member's two configurations (design §8). */
export function agentWebhooks(options: WebhookOptions & {readonly hubIsHere: boolean}): {
  readonly mutating: readonly WebhookEntry[];
  readonly validating: readonly WebhookEntry[];
} {
  return {mutating: INJECTION.map((of) => injection(of, options)), validating: validation(options)};
}

/** The entries of the hub's own configuration: Cluster and the policies of all kinds. */
export function hubWebhooks(options: WebhookOptions): {readonly validating: readonly WebhookEntry[]} {
  return {validating: HUB_KINDS.map((kind) => validating(kind, options))};
}

function validation(options: WebhookOptions & {readonly hubIsHere: boolean}): WebhookEntry[] {
  const kinds = options.hubIsHere ? MEMBER_KINDS : [...MEMBER_KINDS, ...HUB_KINDS];
  return [...kinds.map((kind) => validating(kind, options)), ...WARNINGS.map((of) => warning(of, options))];
}

interface InjectionEntry {
  readonly name: string;
  readonly path: string;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly namespaces: NonNullable<LabelSelector['matchExpressions']>;
}

/** `Ignore`: a pod that missed injection works through the gateway. Only who says `required` would rather have no pod. */
const INJECTION: readonly InjectionEntry[] = [
  {
    name: 'inject.pods.isthmus.dev',
    path: PATHS.pods,
    failurePolicy: 'Ignore',
    namespaces: [{key: INJECT_LABEL, operator: 'In', values: ['enabled']}],
  },
  {
    name: 'inject-required.pods.isthmus.dev',
    path: PATHS.pods,
    failurePolicy: 'Fail',
    namespaces: [{key: INJECT_LABEL, operator: 'In', values: ['required']}],
  },
  {
    name: 'inject-monitored.pods.isthmus.dev',
    path: PATHS.monitoredPods,
    failurePolicy: 'Ignore',
    namespaces: [
      {key: FSM_MONITORED_LABEL, operator: 'Exists'},
      {key: INJECT_LABEL, operator: 'DoesNotExist'},
    ],
  },
];

interface ValidatedKind {
  readonly name: string;
  readonly path: string;
  readonly resource: string;
  /** Groups that serve it, each with its versions. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly matchConditions?: WebhookEntry['matchConditions'];
}

const EXPORT_AND_IMPORT_GROUPS = {
  [MCS_GROUP]: ['v1beta1', 'v1alpha1'],
  [FLOMESH_GROUP]: ['v1alpha1'],
  [FLOMESH_MCS_GROUP]: ['v1alpha1'],
};

/**
 * What hub and agents write is judged when it is read, whoever says so (design §10), and bounded by admission.yaml: a call would only make
 * every import wait for an agent, and fail with it. The standard's kind alone: imports of FSM's groups are read by FSM. Known by their verb `own`, as there: wildcards hold every verb and are asked about.
 */
const NOT_BY_ISTHMUS = {
  name: 'not-by-hub-or-agent',
  expression: `!(request.resource.group == 'multicluster.x-k8s.io' &&
authorizer.group('multicluster.x-k8s.io').resource('serviceimports').check('own').allowed() &&
!authorizer.group('multicluster.x-k8s.io').resource('serviceimports').check('*').allowed())`,
};

const MEMBER_KINDS: readonly ValidatedKind[] = [
  {
    name: 'serviceexports.validate.isthmus.dev',
    path: PATHS.serviceExports,
    resource: 'serviceexports',
    groups: EXPORT_AND_IMPORT_GROUPS,
    scope: 'Namespaced',
  },
  {
    name: 'serviceimports.validate.isthmus.dev',
    path: PATHS.serviceImports,
    resource: 'serviceimports',
    groups: EXPORT_AND_IMPORT_GROUPS,
    scope: 'Namespaced',
    matchConditions: [NOT_BY_ISTHMUS],
  },
];

interface WarnedChange {
  readonly name: string;
  readonly path: string;
  readonly rules: readonly WebhookRule[];
  readonly matchConditions: NonNullable<WebhookEntry['matchConditions']>;
}

/** Whoever deletes a namespace hears nothing of what its controller does then, and has to wait for each review. */
const BY_SOMEBODY = {
  name: 'by-somebody',
  expression: `!request.userInfo.username.startsWith('system:serviceaccount:kube-system:') &&
!(request.userInfo.username in ['system:kube-controller-manager', 'system:apiserver'])`,
};

/** Nearly all changes of Services are none for consumers in other clusters: they must not cost a call. */
const IS_A_CHANGE = {
  name: 'type-ports-or-deletion',
  expression: `request.operation == 'DELETE' ||
(has(object.spec.type) ? object.spec.type : '') != (has(oldObject.spec.type) ? oldObject.spec.type : '') ||
(has(object.spec.clusterIP) ? object.spec.clusterIP : '') != (has(oldObject.spec.clusterIP) ? oldObject.spec.clusterIP : '') ||
(has(object.spec.ports) ? object.spec.ports : []) != (has(oldObject.spec.ports) ? oldObject.spec.ports : [])`,
};

/** Answered with warnings alone, so nobody has to wait for them where they don't come. */
const WARNINGS: readonly WarnedChange[] = [
  {
    name: 'serviceexport-deletions.warn.isthmus.dev',
    path: PATHS.exportDeletions,
    rules: Object.entries(EXPORT_AND_IMPORT_GROUPS).map(([group, versions]) => ({
      apiGroups: [group],
      apiVersions: versions,
      operations: ['DELETE'],
      resources: ['serviceexports'],
      scope: 'Namespaced',
    })),
    matchConditions: [BY_SOMEBODY],
  },
  {
    name: 'services.warn.isthmus.dev',
    path: PATHS.services,
    rules: [
      {
        apiGroups: [''],
        apiVersions: ['v1'],
        operations: ['UPDATE', 'DELETE'],
        resources: ['services'],
        scope: 'Namespaced',
      },
    ],
    matchConditions: [IS_A_CHANGE, BY_SOMEBODY],
  },
];

const HUB_KINDS: readonly ValidatedKind[] = [
  {
    name: 'clusters.validate.isthmus.dev',
    path: PATHS.clusters,
    resource: 'clusters',
    groups: {[FLOMESH_GROUP]: ['v1alpha1'], [FLOMESH_MCS_GROUP]: ['v1alpha1']},
    scope: 'Cluster',
  },
  {
    name: 'exportpolicies.validate.isthmus.dev',
    path: PATHS.exportPolicies,
    resource: 'exportpolicies',
    groups: {[ISTHMUS_GROUP]: ['v1alpha1']},
    scope: 'Cluster',
  },
  {
    name: 'importpolicies.validate.isthmus.dev',
    path: PATHS.importPolicies,
    resource: 'importpolicies',
    groups: {[ISTHMUS_GROUP]: ['v1alpha1']},
    scope: 'Cluster',
  },
  {
    name: 'globaltrafficpolicies.validate.isthmus.dev',
    path: PATHS.trafficPolicies,
    resource: 'globaltrafficpolicies',
    groups: {[FLOMESH_GROUP]: ['v1alpha1'], [FLOMESH_MCS_GROUP]: ['v1alpha1']},
    scope: 'Namespaced',
  },
];

function injection(of: InjectionEntry, options: WebhookOptions): WebhookEntry {
  return {
    ...entry(of, options),
    rules: [{apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced'}],
    failurePolicy: of.failurePolicy,
    namespaceSelector: {matchExpressions: [...of.namespaces, neverIn(options.namespace)]},
    objectSelector: {matchExpressions: [{key: INJECT_LABEL, operator: 'NotIn', values: ['disabled']}]},
    // A second call would see its own work and change nothing.
    reinvocationPolicy: 'Never',
  };
}

function warning(of: WarnedChange, options: WebhookOptions): WebhookEntry {
  return {
    ...entry(of, options),
    rules: of.rules,
    failurePolicy: 'Ignore',
    namespaceSelector: {matchExpressions: [neverIn(options.namespace)]},
    objectSelector: {},
    matchConditions: of.matchConditions,
  };
}

/** Never DELETE: what can't be deleted while a webhook is down is an outage of its own. */
function validating(kind: ValidatedKind, options: WebhookOptions): WebhookEntry {
  return {
    ...entry(kind, options),
    rules: Object.entries(kind.groups).map(([group, versions]) => ({
      apiGroups: [group],
      apiVersions: versions,
      operations: ['CREATE', 'UPDATE'],
      resources: [kind.resource],
      scope: kind.scope,
    })),
    failurePolicy: options.ready ? 'Fail' : 'Ignore',
    namespaceSelector: kind.scope === 'Namespaced' ? {matchExpressions: [neverIn(options.namespace)]} : {},
    objectSelector: {},
    ...(kind.matchConditions !== undefined && {matchConditions: kind.matchConditions}),
  };
}

/** Without these two a broken webhook could keep the cluster, and itself, from being repaired. */
function neverIn(ownNamespace: string): NonNullable<LabelSelector['matchExpressions']>[number] {
  const values = ['kube-system', 'kube-public', 'kube-node-lease', ownNamespace];
  return {key: 'kubernetes.io/metadata.name', operator: 'NotIn', values};
}

function entry(of: {name: string; path: string}, options: WebhookOptions) {
  return {
    name: of.name,
    clientConfig: clientConfig(of.path, options),
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds: 3,
    admissionReviewVersions: ['v1'],
  } as const;
}

function clientConfig(path: string, {client, caBundle}: WebhookOptions): ClientConfig {
  const bundle = Buffer.from(caBundle, 'utf8').toString('base64');
  return 'url' in client
    ? {url: `${client.url.replace(/\/+$/, '')}${path}`, caBundle: bundle}
    : {service: {...client.service, path}, caBundle: bundle};
}
