import {about, invalid, refused} from '../answers.ts';
import {as, clusterRole, clusterRoleBinding, NAMESPACED_RBAC, role, roleBinding, rule, user} from '../callers.ts';
import {merge} from '../row.ts';
import type {Call, Row} from '../row.ts';

const GROUP = 'rbac.authorization.k8s.io';
const ROLES = `${NAMESPACED_RBAC}/roles`;

function cannotGive(plural: string, name: string, ...missing: string[]): Row['answer'] {
  const why =
    'user "ron" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:';
  const message = `${plural}.${GROUP} "${name}" is forbidden: ${[why, ...missing].join('\n')}`;
  return refused(403, 'Forbidden', message, about(plural, name, GROUP));
}

/** ron may write roles and bindings, and read ConfigMaps. */
const RON: readonly Call[] = [
  role('roler', [
    rule('create update patch get', GROUP, 'roles rolebindings'),
    rule('get', '', 'configmaps'),
    rule('bind', GROUP, 'clusterroles', ['edit']),
  ]),
  roleBinding('roler', ['Role', 'roler'], user('ron')),
  clusterRole('croler', [rule('create update patch get', GROUP, 'clusterroles clusterrolebindings')]),
  clusterRoleBinding('croler', 'croler', user('ron')),
  role('escalator', [rule('escalate create', GROUP, 'roles')]),
  roleBinding('escalator', ['Role', 'escalator'], user('esther')),
];

/** Nobody gives what they do not have. */
export const escalation: readonly Row[] = [
  {
    name: 'a role with what its writer has, narrower',
    before: RON,
    call: as('ron', role('mine', [rule('get', '', 'configmaps', ['a'])])),
    answer: {code: 201},
    eventually: true,
  },
  {
    name: 'a role with more',
    call: as(
      'ron',
      role('more', [
        rule('get list', '', 'pods secrets'),
        {apiGroups: ['', 'apps'], resources: ['x'], resourceNames: ['a', 'b'], verbs: ['get']},
        rule('get', '', 'configmaps'),
      ]),
    ),
    answer: cannotGive(
      'roles',
      'more',
      '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}',
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
      '{APIGroups:[""], Resources:["x"], ResourceNames:["a"], Verbs:["get"]}',
      '{APIGroups:[""], Resources:["x"], ResourceNames:["b"], Verbs:["get"]}',
      '{APIGroups:["apps"], Resources:["x"], ResourceNames:["a"], Verbs:["get"]}',
      '{APIGroups:["apps"], Resources:["x"], ResourceNames:["b"], Verbs:["get"]}',
    ),
  },
  {
    name: 'a role made more',
    call: as('ron', merge(`${ROLES}/mine`, {rules: [rule('*', '*', '*')]})),
    answer: cannotGive('roles', 'mine', '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}'),
  },
  {
    name: 'a label of a role',
    call: as('ron', merge(`${ROLES}/mine`, {metadata: {labels: {a: 'b'}}})),
    answer: {code: 200, object: {metadata: {labels: {a: 'b'}}}},
  },
  {
    name: 'who may escalate may',
    call: as('esther', role('allowed', [rule('*', '*', '*')])),
    answer: {code: 201},
  },
  {
    name: 'paths',
    call: as('ron', clusterRole('e1', [{nonResourceURLs: ['/metrics', '/x/*'], verbs: ['get', 'post']}])),
    answer: cannotGive(
      'clusterroles',
      'e1',
      '{NonResourceURLs:["/metrics"], Verbs:["get"]}',
      '{NonResourceURLs:["/metrics"], Verbs:["post"]}',
      '{NonResourceURLs:["/x/*"], Verbs:["get"]}',
      '{NonResourceURLs:["/x/*"], Verbs:["post"]}',
    ),
  },
  {
    name: 'a role that gathers others',
    call: as('ron', clusterRole('e2', [], {aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: 'b'}}]}})),
    answer: refused(
      403,
      'Forbidden',
      `clusterroles.${GROUP} "e2" is forbidden: must have cluster-admin privileges to use the aggregationRule`,
      about('clusterroles', 'e2', GROUP),
    ),
  },
  {
    name: 'a binding of more',
    call: as('ron', clusterRoleBinding('b1', 'cluster-admin', user('x'))),
    answer: cannotGive(
      'clusterrolebindings',
      'b1',
      '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
      '{NonResourceURLs:["*"], Verbs:["*"]}',
    ),
  },
  {
    name: 'a binding of what its writer has',
    call: as('ron', roleBinding('b2', ['Role', 'mine'], user('x'))),
    answer: {code: 201},
  },
  {
    name: 'a binding of more that its writer may bind',
    call: as('ron', roleBinding('b3', ['ClusterRole', 'edit'], user('x'))),
    answer: {code: 201},
  },
  {
    name: 'a binding of what everybody has',
    call: as('ron', clusterRoleBinding('b4', 'system:discovery', user('x'))),
    answer: {code: 201},
  },
  {
    name: 'a binding of nothing',
    call: as('ron', roleBinding('b5', ['Role', 'nope'], user('x'))),
    answer: refused(404, 'NotFound', `rolebindings.${GROUP} "nope" not found`, about('rolebindings', 'nope', GROUP)),
  },
  {
    name: 'who may not write roles at all',
    call: as('nobody', role('r2', [])),
    answer: refused(
      403,
      'Forbidden',
      `roles.${GROUP} is forbidden: User "nobody" cannot create resource "roles" in API group "${GROUP}" in the namespace "default"`,
      about('roles', undefined, GROUP),
    ),
  },
];

const ROLE = `Role.${GROUP}`;
const CLUSTER_ROLE = `ClusterRole.${GROUP}`;

/** Roles and bindings that make no sense. */
export const rbacFields: readonly Row[] = [
  {
    name: 'a reference that changes',
    before: [role('r1', []), roleBinding('r1', ['Role', 'r1'], user('x'))],
    call: merge(`${NAMESPACED_RBAC}/rolebindings/r1`, {roleRef: {name: 'mine'}}),
    answer: invalid(`RoleBinding.${GROUP} "r1"`, [
      'Invalid',
      'roleRef',
      `Invalid value: {"APIGroup":"${GROUP}","Kind":"Role","Name":"mine"}: cannot change roleRef`,
    ]),
  },
  {
    name: 'a role that allows nothing',
    call: role('idle', []),
    answer: {code: 201, object: {rules: null}, owners: ['unknown Update {"f:rules":{}}']},
  },
  {
    name: 'a role that does not say what it allows',
    call: role('silent', undefined),
    answer: {code: 201, object: {rules: null}, lacks: ['metadata.managedFields']},
  },
  {
    name: 'rules without what they need',
    call: role('v1', [{verbs: []}, {nonResourceURLs: ['/x'], verbs: ['get']}, {apiGroups: [''], verbs: ['get']}]),
    answer: invalid(
      `${ROLE} "v1"`,
      ['Required', 'rules[0].verbs', 'Required value: verbs must contain at least one value'],
      ['Required', 'rules[0].apiGroups', 'Required value: resource rules must supply at least one api group'],
      ['Required', 'rules[0].resources', 'Required value: resource rules must supply at least one resource'],
      [
        'Invalid',
        'rules[1].nonResourceURLs',
        'Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
      ],
      ['Required', 'rules[2].resources', 'Required value: resource rules must supply at least one resource'],
    ),
  },
  {
    name: 'a rule about both, and an aggregation of nothing',
    call: clusterRole('v1', [{nonResourceURLs: ['/x'], resources: ['pods'], verbs: ['get']}], {aggregationRule: {}}),
    answer: invalid(
      `${CLUSTER_ROLE} "v1"`,
      [
        'Invalid',
        'rules[0].nonResourceURLs',
        'Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs',
      ],
      [
        'Required',
        'aggregationRule.clusterRoleSelectors',
        'Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
      ],
    ),
  },
  {
    name: 'an aggregation by a selector that is none',
    call: clusterRole('v1', [], {
      aggregationRule: {clusterRoleSelectors: [{matchExpressions: [{key: 'a', operator: 'X'}]}]},
    }),
    answer: invalid(
      `${CLUSTER_ROLE} "v1"`,
      [
        'Invalid',
        'aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator',
        'Invalid value: "X": not a valid selector operator',
      ],
      ['Invalid', 'aggregationRule.clusterRoleSelectors[0]', 'Invalid value: null: invalid label selector.'],
    ),
  },
  {
    name: 'subjects of every wrong sort',
    call: roleBinding(
      'v1',
      ['Role', 'r1'],
      {kind: 'User', name: '', apiGroup: 'y'},
      {kind: 'ServiceAccount', name: 'x', apiGroup: 'z'},
      {kind: 'Zork', name: 'a'},
    ),
    answer: invalid(
      `RoleBinding.${GROUP} "v1"`,
      ['Required', 'subjects[0].name', 'Required value'],
      ['NotSupported', 'subjects[0].apiGroup', `Unsupported value: "y": supported values: "${GROUP}"`],
      ['NotSupported', 'subjects[1].apiGroup', 'Unsupported value: "z": supported values: ""'],
      [
        'NotSupported',
        'subjects[2].kind',
        'Unsupported value: "Zork": supported values: "ServiceAccount", "User", "Group"',
      ],
    ),
  },
  {
    name: 'a binding in the cluster needs the namespace of an account',
    call: clusterRoleBinding('v1', 'view', {kind: 'ServiceAccount', name: 'x'}),
    answer: invalid(`ClusterRoleBinding.${GROUP} "v1"`, ['Required', 'subjects[0].namespace', 'Required value']),
  },
];
