import {expect} from 'vitest';
import {invalid, owner, refused} from '../answers.ts';
import {accessReview, as, AUTHORIZATION, clusterRoleBinding, roleBinding, user} from '../callers.ts';
import {get} from '../row.ts';
import type {Call, Row} from '../row.ts';

const SUBJECT = 'SubjectAccessReview';
const SELF = 'SelfSubjectAccessReview';
const LOCAL = 'LocalSubjectAccessReview';
const NOBODY = '.authorization.k8s.io ""';
const AGENT = 'system:serviceaccount:default:agent';
const PODS = {verb: 'get', resource: 'pods', namespace: 'default'};
const NEITHER = [
  'Invalid',
  'spec.resourceAttributes',
  'Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
] as const;

const owned = (fields: object): string => owner('unknown', 'Update', {'f:spec': fields});
const attributes = (...names: string[]): object => ({
  '.': {},
  ...Object.fromEntries(names.map((name) => [`f:${name}`, {}])),
});

/** As a member of a group that may everything. */
function asMaster(call: Call): Call {
  return as('root', call, 'system:masters');
}

/** `kubectl auth can-i` and what others ask by the same means: apiserver §7. */
export const accessReviews: readonly Row[] = [
  {
    name: 'may an account',
    call: accessReview(SUBJECT, {user: AGENT, groups: ['system:serviceaccounts'], resourceAttributes: PODS}),
    answer: {
      code: 201,
      object: {
        spec: {resourceAttributes: PODS, user: AGENT, groups: ['system:serviceaccounts']},
        status: {allowed: false},
      },
      owners: [
        owned({
          'f:groups': {},
          'f:resourceAttributes': attributes('namespace', 'resource', 'verb'),
          'f:user': {},
        }),
      ],
      lacks: ['status.reason', 'status.denied', 'metadata.creationTimestamp'],
    },
  },
  {
    name: 'may a group',
    call: accessReview(SUBJECT, {groups: ['system:masters'], resourceAttributes: {verb: 'get', resource: 'pods'}}),
    answer: {code: 201, object: {status: {allowed: true}}, lacks: ['status.reason']},
  },
  {
    name: 'a path, and why',
    call: accessReview(SUBJECT, {
      user: 'u',
      groups: ['system:authenticated'],
      nonResourceAttributes: {path: '/apis/x', verb: 'get'},
    }),
    answer: {
      code: 201,
      object: {
        status: {
          allowed: true,
          reason:
            'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated"',
        },
      },
    },
  },
  {
    name: 'about nobody and nothing',
    call: accessReview(SUBJECT, {}),
    answer: invalid(NOBODY, NEITHER, [
      'Invalid',
      'spec.user',
      'Invalid value: "": at least one of user or group must be specified',
    ]),
  },
  {
    name: 'about a resource and a path',
    call: accessReview(SUBJECT, {
      user: 'u',
      resourceAttributes: {verb: 'get'},
      nonResourceAttributes: {path: '/x', verb: 'get'},
    }),
    answer: invalid(NOBODY, [
      'Invalid',
      'spec.nonResourceAttributes',
      'Invalid value: {"Path":"/x","Verb":"get"}: cannot be specified in combination with resourceAttributes',
    ]),
  },
  {
    name: 'about nothing in particular',
    call: accessReview(SUBJECT, {user: 'u', resourceAttributes: {}}),
    answer: {
      code: 201,
      object: {status: {allowed: false}},
      owners: [owned({'f:resourceAttributes': {}, 'f:user': {}})],
    },
  },
  {
    name: 'with selectors that say too little and too much',
    call: accessReview(SUBJECT, {
      user: 'u',
      resourceAttributes: {
        verb: 'list',
        resource: 'pods',
        fieldSelector: {},
        labelSelector: {rawSelector: 'a', requirements: [{key: 'a', operator: 'In'}]},
      },
    }),
    answer: invalid(
      NOBODY,
      [
        'Required',
        'spec.resourceAttributes.fieldSelector.requirements',
        'Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required',
      ],
      [
        'Invalid',
        'spec.resourceAttributes.labelSelector.rawSelector',
        'Invalid value: "a": may not specified at the same time as requirements',
      ],
      [
        'Required',
        'spec.resourceAttributes.labelSelector.requirements[0].values',
        "Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ),
  },
  {
    name: 'with a selector that cannot be read',
    call: accessReview(SUBJECT, {
      user: 'u',
      resourceAttributes: {
        verb: 'list',
        resource: 'pods',
        fieldSelector: {rawSelector: 'a=b'},
        labelSelector: {rawSelector: 'a b c'},
      },
    }),
    answer: {
      code: 201,
      object: {
        status: {
          allowed: false,
          evaluationError: 'spec.resourceAttributes.labelSelector ignored due to parse error',
        },
      },
    },
  },
  {
    name: 'they cannot be listed',
    call: get(`${AUTHORIZATION}/subjectaccessreviews`),
    answer: refused(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}),
  },
  {
    name: 'not everybody may ask about others',
    call: as('bob', accessReview(SUBJECT, {user: 'u', resourceAttributes: PODS})),
    answer: refused(
      403,
      'Forbidden',
      'subjectaccessreviews.authorization.k8s.io is forbidden: User "bob" cannot create resource "subjectaccessreviews" ' +
        'in API group "authorization.k8s.io" at the cluster scope',
      {group: 'authorization.k8s.io', kind: 'subjectaccessreviews'},
    ),
  },
  {
    name: 'in a namespace',
    call: accessReview(LOCAL, {user: 'u', resourceAttributes: PODS}),
    answer: {code: 201, object: {metadata: {namespace: 'default'}, status: {allowed: false}}},
  },
  {
    name: 'in a namespace about another one',
    call: accessReview(LOCAL, {user: 'u', resourceAttributes: {...PODS, namespace: 'other'}}),
    answer: invalid(NOBODY, [
      'Invalid',
      'spec.resourceAttributes.namespace',
      'Invalid value: "other": must match metadata.namespace',
    ]),
  },
  {
    name: 'in a namespace about a path',
    call: accessReview(LOCAL, {user: 'u', nonResourceAttributes: {path: '/', verb: 'get'}}),
    answer: invalid(NOBODY, [
      'Invalid',
      'spec.nonResourceAttributes',
      'Invalid value: {"Path":"/","Verb":"get"}: disallowed on this kind of request',
    ]),
  },
  {
    name: 'in one namespace, and in the body another',
    call: accessReview(LOCAL, {user: 'u', resourceAttributes: PODS}, {namespace: 'other'}),
    answer: refused(
      400,
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    ),
  },
  {
    name: 'may I, who may everything',
    call: asMaster(
      accessReview(SELF, {
        resourceAttributes: {verb: 'create', group: 't.dev', resource: 'gadgets', namespace: 'default'},
      }),
    ),
    answer: {
      code: 201,
      object: {status: {allowed: true}},
      owners: [owned({'f:resourceAttributes': attributes('group', 'namespace', 'resource', 'verb')})],
      lacks: ['status.reason'],
    },
  },
  {
    name: 'may I, who may not',
    call: as(
      AGENT,
      accessReview(SELF, {
        resourceAttributes: {verb: 'create', group: 't.dev', resource: 'gadgets', namespace: 'default'},
      }),
    ),
    answer: {code: 201, object: {status: {allowed: false}}, lacks: ['status.reason']},
  },
  {
    name: 'may I get a path',
    call: as(AGENT, accessReview(SELF, {nonResourceAttributes: {verb: 'get', path: '/openapi/v3'}})),
    answer: {
      code: 201,
      object: {
        status: {
          allowed: true,
          reason:
            'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated"',
        },
      },
      owners: [owned({'f:nonResourceAttributes': attributes('path', 'verb')})],
    },
  },
  {
    name: 'may I what',
    call: accessReview(SELF, {}),
    answer: invalid(NOBODY, NEITHER),
  },
  {
    name: 'another kind than asked for',
    call: {...accessReview(SUBJECT, {}), path: `${AUTHORIZATION}/selfsubjectaccessreviews`},
    answer: refused(
      400,
      'BadRequest',
      'SubjectAccessReview in version "v1" cannot be handled as a SelfSubjectAccessReview: ' +
        'converting (v1.SubjectAccessReview) to (authorization.SelfSubjectAccessReview): unknown conversion',
    ),
  },
  {
    name: 'why an account may',
    before: [
      roleBinding('told', ['ClusterRole', 'view'], {kind: 'ServiceAccount', name: 'told', namespace: 'default'}),
    ],
    call: as('system:serviceaccount:default:told', accessReview(SELF, {resourceAttributes: PODS})),
    answer: {
      code: 201,
      object: {
        status: {
          allowed: true,
          reason: 'RBAC: allowed by RoleBinding "told/default" of ClusterRole "view" to ServiceAccount "told/default"',
        },
      },
    },
    eventually: true,
  },
  {
    name: 'what of my bindings leads nowhere',
    before: [clusterRoleBinding('nowhere', 'nope', user('noah'))],
    call: as('noah', accessReview(SELF, {resourceAttributes: PODS})),
    answer: {
      code: 201,
      object: {
        status: {allowed: false, reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "nope" not found'},
      },
    },
    eventually: true,
  },
];

const BASIC = {
  resourceRules: expect.arrayContaining([
    {
      verbs: ['create'],
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    },
    {verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews']},
  ]),
  nonResourceRules: expect.arrayContaining([
    {verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/']},
    {
      verbs: ['get'],
      nonResourceURLs: [
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ],
    },
    {
      verbs: ['get'],
      nonResourceURLs: [
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/healthz',
        '/livez',
        '/openapi',
        '/openapi/*',
        '/readyz',
        '/version',
        '/version/',
      ],
    },
  ]),
  incomplete: false,
};

/** `kubectl auth can-i --list`. */
export const rulesReviews: readonly Row[] = [
  {
    name: 'what every account may',
    call: as(AGENT, accessReview('SelfSubjectRulesReview', {namespace: 'default'})),
    answer: {
      code: 201,
      object: {metadata: {}, spec: {}, status: BASIC},
      lacks: ['metadata.managedFields', 'spec.namespace', 'status.evaluationError'],
    },
  },
  {
    name: 'not without a namespace',
    call: as(AGENT, accessReview('SelfSubjectRulesReview', {})),
    answer: refused(400, 'BadRequest', 'no namespace on request'),
  },
  {
    name: 'and what could not be found',
    before: [clusterRoleBinding('lost', 'nope', user('lou'))],
    call: as('lou', accessReview('SelfSubjectRulesReview', {namespace: 'default'})),
    answer: {
      code: 201,
      object: {status: {incomplete: false, evaluationError: 'clusterrole.rbac.authorization.k8s.io "nope" not found'}},
    },
    eventually: true,
  },
];
