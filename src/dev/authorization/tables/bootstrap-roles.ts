/** A rule in short: verbs, groups and resources apart by spaces; `core` is the core group. */
export type ShortRule =
  | {readonly verbs: string; readonly groups: string; readonly resources: string}
  | {readonly verbs: string; readonly urls: string};

export interface BootstrapRole {
  readonly name: string;
  /** The role that its rules go into as well. */
  readonly aggregateTo?: 'admin' | 'edit' | 'view';
  /** Its rules come from all that say so. */
  readonly aggregated?: true;
  readonly rules?: readonly ShortRule[];
  /** Groups that it is bound to, by a ClusterRoleBinding of its name. */
  readonly groups?: readonly string[];
}

const READ = 'get list watch';
const WRITE = 'create delete deletecollection patch update';
const BOTH = 'create delete deletecollection get list patch update watch';

function rule(verbs: string, groups: string, resources: string): ShortRule {
  return {verbs, groups, resources};
}

function paths(urls: string, verbs = 'get'): ShortRule {
  return {verbs, urls};
}

const AUTHENTICATED = 'system:authenticated';

/** The ClusterRoles that users and add-ons bind and are bound to, as a kube-apiserver 1.36 makes them. */
export const bootstrapRoles: readonly BootstrapRole[] = [
  {name: 'cluster-admin', groups: ['system:masters'], rules: [rule('*', '*', '*'), paths('*', '*')]},
  {name: 'admin', aggregated: true},
  {name: 'edit', aggregated: true, aggregateTo: 'admin'},
  {name: 'view', aggregated: true, aggregateTo: 'edit'},
  {
    name: 'system:aggregate-to-admin',
    aggregateTo: 'admin',
    rules: [
      rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
      rule(BOTH, 'rbac.authorization.k8s.io', 'rolebindings roles'),
    ],
  },
  {
    name: 'system:aggregate-to-edit',
    aggregateTo: 'edit',
    rules: [
      rule(READ, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
      rule('impersonate', 'core', 'serviceaccounts'),
      rule(WRITE, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
      rule('create', 'core', 'pods/eviction'),
      rule(
        WRITE,
        'core',
        'configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
      ),
      rule('create', 'core', 'serviceaccounts/token'),
      rule(WRITE, 'core events.k8s.io', 'events'),
      rule(
        WRITE,
        'apps',
        'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
      ),
      rule(WRITE, 'autoscaling', 'horizontalpodautoscalers'),
      rule(WRITE, 'batch', 'cronjobs jobs'),
      rule(
        WRITE,
        'extensions',
        'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale',
      ),
      rule(WRITE, 'policy', 'poddisruptionbudgets'),
      rule(WRITE, 'networking.k8s.io', 'ingresses networkpolicies'),
      rule(BOTH, 'coordination.k8s.io', 'leases'),
      rule(WRITE, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
    ],
  },
  {
    name: 'system:aggregate-to-view',
    aggregateTo: 'view',
    rules: [
      rule(
        READ,
        'core',
        'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
      ),
      rule(
        READ,
        'core',
        'bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
      ),
      rule(READ, 'core', 'namespaces'),
      rule(READ, 'core events.k8s.io', 'events'),
      rule(READ, 'discovery.k8s.io', 'endpointslices'),
      rule(
        READ,
        'apps',
        'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
      ),
      rule(READ, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
      rule(READ, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
      rule(
        READ,
        'extensions',
        'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale',
      ),
      rule(READ, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
      rule(READ, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
      rule(READ, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
    ],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      rule('create', 'authentication.k8s.io', 'tokenreviews'),
      rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    ],
  },
  {
    name: 'system:basic-user',
    groups: [AUTHENTICATED],
    rules: [
      rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
      rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
    ],
  },
  {
    name: 'system:discovery',
    groups: [AUTHENTICATED],
    rules: [paths('/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/')],
  },
  {
    name: 'system:monitoring',
    groups: ['system:monitoring'],
    rules: [
      paths('/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz'),
      rule('get', 'core', 'nodes/metrics'),
    ],
  },
  {
    name: 'system:public-info-viewer',
    groups: [AUTHENTICATED, 'system:unauthenticated'],
    rules: [paths('/healthz /livez /readyz /version /version/')],
  },
  {
    name: 'system:service-account-issuer-discovery',
    groups: ['system:serviceaccounts'],
    rules: [
      paths('/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/'),
    ],
  },
];
