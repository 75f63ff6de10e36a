import {about, invalid, refused} from '../answers.ts';
import {as, role, roleBinding, rule, user} from '../callers.ts';
import {CM, configMap, DEFINITIONS, definition, NS, version} from '../kinds.ts';
import {apply, get, merge, post, put, remove} from '../row.ts';
import type {Call, Expected, Row} from '../row.ts';

const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';
const POLICIES = `${REGISTRATION}/validatingadmissionpolicies`;
const BINDINGS = `${REGISTRATION}/validatingadmissionpolicybindings`;
const API = 'admissionregistration.k8s.io/v1';

const CONFIG_MAPS = {apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['*']};

/** Policies of this file speak only about objects with this label, each about its own value. */
const LABEL = 'policy';

function spec(name: string, of: object): object {
  return {
    matchConstraints: {resourceRules: [CONFIG_MAPS], objectSelector: {matchLabels: {[LABEL]: name}}},
    ...of,
  };
}

function policy(name: string, of: object, query = ''): Call {
  return post(`${POLICIES}${query}`, {
    apiVersion: API,
    kind: 'ValidatingAdmissionPolicy',
    metadata: {name},
    spec: spec(name, of),
  });
}

function bind(name: string, of: object = {}, as = name, query = ''): Call {
  return post(`${BINDINGS}${query}`, {
    apiVersion: API,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: {name: as},
    spec: {policyName: name, validationActions: ['Deny'], ...of},
  });
}

/** A policy that holds by a binding of its own name. */
function bound(name: string, of: object, binding: object = {}): readonly Call[] {
  return [policy(name, of), bind(name, binding)];
}

function labelled(of: string, name: string, data: object = {}): object {
  return configMap(name, {data}, {labels: {[LABEL]: of}});
}

function tried(of: string, name: string, data: object = {}): Call {
  return post(`${CM}?dryRun=All`, labelled(of, name, data));
}

function denied(
  of: string,
  name: string,
  message: string,
  more: {code?: number; reason?: string; by?: string} = {},
): Expected {
  const {code = 422, reason = 'Invalid', by = `'${of}' with binding '${of}'`} = more;
  const said = `ValidatingAdmissionPolicy ${by} denied request: ${message}`;
  const details = {...about('configmaps', name), causes: [{message: said}]};
  return refused(code, reason, `configmaps "${name}" is forbidden: ${said}`, details);
}

/** ValidatingAdmissionPolicies, bound. */
export const admissionPolicies: readonly Row[] = [
  {
    name: 'what is filled in',
    call: policy('vap-defaults', {validations: [{expression: 'true'}]}, '?dryRun=All'),
    answer: {
      code: 201,
      object: {
        metadata: {generation: 1},
        spec: {
          failurePolicy: 'Fail',
          matchConstraints: {
            matchPolicy: 'Equivalent',
            namespaceSelector: {},
            objectSelector: {matchLabels: {policy: 'vap-defaults'}},
            resourceRules: [{scope: '*'}],
          },
        },
        status: {},
      },
    },
  },
  {
    name: 'what is filled into a binding',
    call: bind('vap-defaults', {matchResources: {resourceRules: [CONFIG_MAPS]}}, 'vap-defaults', '?dryRun=All'),
    answer: {
      code: 201,
      object: {
        spec: {
          matchResources: {
            matchPolicy: 'Equivalent',
            namespaceSelector: {},
            objectSelector: {},
            resourceRules: [{scope: '*'}],
          },
        },
      },
      lacks: ['status'],
    },
  },
  {
    name: 'a denial',
    before: bound('vap-deny', {
      validations: [
        {expression: "object.metadata.name != 'bad'", message: ' name is bad '},
        {
          expression: "object.metadata.name != 'forbidden'",
          messageExpression: "'name ' + object.metadata.name",
          reason: 'Forbidden',
        },
        {expression: "object.metadata.name != 'large'", reason: 'RequestEntityTooLarge', message: 'large'},
        {expression: " object.metadata.name != 'quoted' "},
        {
          expression: "object.metadata.name != 'fails'",
          messageExpression: 'string(object.zork)',
          message: 'in its place',
        },
        {expression: "object.metadata.name != 'lines'", messageExpression: String.raw`'a\nb'`},
      ],
    }),
    call: tried('vap-deny', 'bad'),
    answer: denied('vap-deny', 'bad', 'name is bad'),
    eventually: true,
  },
  {
    name: 'a reason has its code, and a message may be an expression',
    call: tried('vap-deny', 'forbidden'),
    answer: denied('vap-deny', 'forbidden', 'name forbidden', {code: 403, reason: 'Forbidden'}),
  },
  {
    name: 'RequestEntityTooLarge',
    call: tried('vap-deny', 'large'),
    answer: denied('vap-deny', 'large', 'large', {code: 413, reason: 'RequestEntityTooLarge'}),
  },
  {
    name: 'without a message the expression is quoted',
    call: tried('vap-deny', 'quoted'),
    answer: denied('vap-deny', 'quoted', "failed expression: object.metadata.name != 'quoted'"),
  },
  {
    name: 'a message expression that fails leaves the message',
    call: tried('vap-deny', 'fails'),
    answer: denied('vap-deny', 'fails', 'in its place'),
  },
  {
    name: 'so does one of several lines',
    call: tried('vap-deny', 'lines'),
    answer: denied('vap-deny', 'lines', "failed expression: object.metadata.name != 'lines'"),
  },
  {name: 'what no validation is against', call: post(CM, labelled('vap-deny', 'good')), answer: {code: 201}},
  {
    name: 'without its label an object is none of its business',
    call: post(`${CM}?dryRun=All`, configMap('bad')),
    answer: {code: 201},
  },
  {
    name: 'an apply that creates',
    call: apply(`${CM}/bad`, labelled('vap-deny', 'bad'), 'fieldManager=m&dryRun=All'),
    answer: denied('vap-deny', 'bad', 'name is bad'),
  },
  {
    name: 'a name that is yet to be made, for whom it is there already',
    call: post(`${CM}?dryRun=All`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {generateName: 'gen-', labels: {[LABEL]: 'vap-old'}},
    }),
    answer: {code: 201},
  },
  {
    name: 'updates and deletions: what was before',
    before: [
      ...bound('vap-old', {
        validations: [
          {
            expression: "request.operation != 'UPDATE' || object.data.a == oldObject.data.a",
            messageExpression: "'a was ' + oldObject.data.a",
          },
          {
            expression: "request.operation != 'DELETE' || object != null || oldObject.data.a == 'free'",
            message: 'is kept',
          },
          {expression: "request.operation != 'CREATE' || oldObject == null", message: 'there was something'},
        ],
      }),
      post(CM, labelled('vap-old', 'old', {a: 'b'})),
    ],
    call: merge(`${CM}/old?dryRun=All`, {data: {a: 'c'}}),
    answer: denied('vap-old', 'old', 'a was b'),
    eventually: true,
  },
  {name: 'a deletion', call: remove(`${CM}/old`), answer: denied('vap-old', 'old', 'is kept')},
  {
    name: 'a deletion of all: the object has no name there',
    call: remove(`${CM}?labelSelector=policy=vap-old`),
    answer: denied('vap-old', 'Unknown', 'is kept'),
  },
  {
    name: 'a PUT',
    call: put(`${CM}/old`, labelled('vap-old', 'old', {a: 'x'})),
    answer: denied('vap-old', 'old', 'a was b'),
  },
  {
    name: 'Warn warns',
    before: [
      ...bound(
        'vap-warn',
        {
          validations: [
            {expression: "object.data.a != 'x'", message: 'a is x'},
            {expression: "object.data.b != 'y'", message: 'b is y'},
          ],
        },
        {validationActions: ['Warn', 'Audit']},
      ),
    ],
    call: tried('vap-warn', 'w', {a: 'x', b: 'y'}),
    answer: {
      code: 201,
      warnings: [
        "Validation failed for ValidatingAdmissionPolicy 'vap-warn' with binding 'vap-warn': a is x",
        "Validation failed for ValidatingAdmissionPolicy 'vap-warn' with binding 'vap-warn': b is y",
      ],
    },
    eventually: true,
  },
  {
    name: 'an expression that fails counts as a refusal',
    call: tried('vap-warn', 'w', {a: 'x'}),
    answer: {
      code: 201,
      warnings: [
        "Validation failed for ValidatingAdmissionPolicy 'vap-warn' with binding 'vap-warn': a is x",
        "Validation failed for ValidatingAdmissionPolicy 'vap-warn' with binding 'vap-warn': expression 'object.data.b != 'y'' resulted in error: no such key: b",
      ],
    },
  },
  {
    name: 'Audit is not heard',
    before: bound('vap-audit', {validations: [{expression: "object.data.a != 'x'"}]}, {validationActions: ['Audit']}),
    call: tried('vap-audit', 'w', {a: 'x'}),
    answer: {code: 201},
  },
  {
    name: 'an expression that fails',
    before: bound('vap-fail', {
      validations: [{expression: "object.data.a == 'x'", message: 'not x', reason: 'Forbidden'}],
    }),
    call: tried('vap-fail', 'f', {b: 'x'}),
    answer: denied('vap-fail', 'f', "expression 'object.data.a == 'x'' resulted in error: no such key: a"),
    eventually: true,
  },
  {
    name: 'failures that are ignored',
    before: bound('vap-ignore', {
      failurePolicy: 'Ignore',
      validations: [{expression: "object.data.a == 'x'", message: 'not x'}],
    }),
    call: tried('vap-ignore', 'f', {a: 'y'}),
    answer: denied('vap-ignore', 'f', 'not x'),
    eventually: true,
  },
  {name: 'let pass what fails', call: tried('vap-ignore', 'f', {b: 'y'}), answer: {code: 201}},
  {
    name: 'conditions',
    before: bound('vap-conditions', {
      matchConditions: [
        {name: 'not-skipped', expression: "object.metadata.name != 'skipped'"},
        {name: 'a', expression: "object.data.a == 'x'"},
      ],
      validations: [{expression: 'false', message: 'never'}],
    }),
    call: tried('vap-conditions', 'c', {a: 'x'}),
    answer: denied('vap-conditions', 'c', 'never'),
    eventually: true,
  },
  {name: 'a condition that is false', call: tried('vap-conditions', 'c', {a: 'y'}), answer: {code: 201}},
  {
    name: 'a condition that is false beside one that fails',
    call: tried('vap-conditions', 'skipped'),
    answer: {code: 201},
  },
  {
    name: 'a condition that fails',
    call: tried('vap-conditions', 'c', {b: 'y'}),
    answer: denied('vap-conditions', 'c', "expression 'object.data.a == 'x'' resulted in error: no such key: a"),
  },
  {
    name: 'variables, each of those before it',
    before: bound('vap-variables', {
      variables: [
        {name: 'a', expression: "object.data.a + '!'"},
        {name: 'both', expression: 'variables.a + variables.a'},
        {name: 'unused', expression: 'object.zork'},
        {name: 'words', expression: "['x!x!']"},
      ],
      validations: [
        {expression: '!(variables.both in variables.words)', messageExpression: "'both are ' + variables.both"},
        {expression: "object.data.a != 'zork' || variables.unused == 1"},
      ],
    }),
    call: tried('vap-variables', 'v', {a: 'x'}),
    answer: denied('vap-variables', 'v', 'both are x!x!'),
    eventually: true,
  },
  {name: 'a variable that nobody reads may fail', call: tried('vap-variables', 'v', {a: 'z'}), answer: {code: 201}},
  {
    name: 'one that is read may not',
    call: tried('vap-variables', 'v', {a: 'zork'}),
    answer: denied(
      'vap-variables',
      'v',
      `expression 'object.data.a != 'zork' || variables.unused == 1' resulted in error: composited variable "unused" fails to evaluate: no such key: zork`,
    ),
  },
  {
    name: 'nor may what it is made of',
    call: tried('vap-variables', 'v', {b: 'x'}),
    answer: denied(
      'vap-variables',
      'v',
      `expression '!(variables.both in variables.words)' resulted in error: composited variable "both" fails to evaluate: composited variable "a" fails to evaluate: no such key: a`,
    ),
  },
  {
    name: 'the namespace',
    before: bound('vap-namespace', {
      validations: [
        {
          expression: "namespaceObject.metadata.name != 'default' || namespaceObject.status.phase != 'Active'",
          messageExpression: "'in ' + namespaceObject.metadata.labels['kubernetes.io/metadata.name']",
        },
      ],
    }),
    call: tried('vap-namespace', 'n'),
    answer: denied('vap-namespace', 'n', 'in default'),
    eventually: true,
  },
];

const KINDLESS = {apiVersion: API, kind: 'ValidatingAdmissionPolicy', metadata: {name: 'vap-bad'}};

/** What policies hold: kinds, versions, namespaces, subresources. */
export const policyMatching: readonly Row[] = [
  {
    name: 'a status, which is another resource',
    before: [
      post(
        DEFINITIONS,
        definition('owls', 'Owl', [
          version('v1', OPEN(), {subresources: {status: {}}}),
          version('v2', OPEN(), {storage: false, subresources: {status: {}}}),
        ]),
      ),
      ...bound('vap-status', {
        matchConstraints: {
          resourceRules: [
            {apiGroups: ['zoo.dev'], apiVersions: ['v1'], resources: ['owls/status'], operations: ['UPDATE']},
          ],
        },
        validations: [
          {
            expression:
              "object.status.a != 'x' || object.apiVersion != 'zoo.dev/v1' || request.subResource != 'status'",
            messageExpression: "'in ' + request.requestKind.version + ' as ' + request.kind.version",
          },
        ],
      }),
      post('/apis/zoo.dev/v1/namespaces/default/owls', owl('v1', 'o1')),
    ],
    call: merge('/apis/zoo.dev/v1/namespaces/default/owls/o1/status?dryRun=All', {status: {a: 'x'}}),
    answer: deniedOwl('vap-status', 'in v1 as v1'),
    eventually: true,
  },
  {
    name: 'an equivalent version is shown in the one that the policy names',
    call: merge('/apis/zoo.dev/v2/namespaces/default/owls/o1/status?dryRun=All', {status: {a: 'x'}}),
    answer: deniedOwl('vap-status', 'in v2 as v1'),
  },
  {
    name: 'the object itself is not its status',
    call: merge('/apis/zoo.dev/v1/namespaces/default/owls/o1?dryRun=All', {spec: {a: 'x'}}),
    answer: {code: 200},
  },
  {
    name: 'exactly',
    before: bound('vap-exact', {
      matchConstraints: {
        matchPolicy: 'Exact',
        resourceRules: [{apiGroups: ['zoo.dev'], apiVersions: ['v1'], resources: ['owls'], operations: ['UPDATE']}],
      },
      validations: [{expression: 'false', message: 'exactly'}],
    }),
    call: merge('/apis/zoo.dev/v1/namespaces/default/owls/o1?dryRun=All', {spec: {a: 'x'}}),
    answer: deniedOwl('vap-exact', 'exactly'),
    eventually: true,
  },
  {
    name: 'no other version is meant',
    call: merge('/apis/zoo.dev/v2/namespaces/default/owls/o1?dryRun=All', {spec: {a: 'x'}}),
    answer: {code: 200},
  },
  {
    name: 'names, and what is excluded',
    before: bound('vap-names', {
      matchConstraints: {
        resourceRules: [{...CONFIG_MAPS, operations: ['CREATE'], resourceNames: ['vap-one', 'vap-two']}],
        excludeResourceRules: [{...CONFIG_MAPS, resourceNames: ['vap-two']}],
      },
      validations: [{expression: 'false', message: 'named'}],
    }),
    call: post(`${CM}?dryRun=All`, configMap('vap-one')),
    answer: denied('vap-names', 'vap-one', 'named'),
    eventually: true,
  },
  {name: 'is not held', call: post(`${CM}?dryRun=All`, configMap('vap-two')), answer: {code: 201}},
  {
    name: 'namespaces by their labels, narrowed by the binding',
    before: [
      post(NS, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'vap-in', labels: {vap: 'in', half: 'a'}}}),
      post(NS, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'vap-half', labels: {vap: 'in'}}}),
      policy('vap-selected', {
        matchConstraints: {
          resourceRules: [CONFIG_MAPS],
          namespaceSelector: {matchLabels: {vap: 'in'}},
          objectSelector: {matchLabels: {[LABEL]: 'vap-selected'}},
        },
        validations: [{expression: 'false', message: 'selected'}],
      }),
      bind('vap-selected', {matchResources: {namespaceSelector: {matchLabels: {half: 'a'}}}}),
    ],
    call: post('/api/v1/namespaces/vap-in/configmaps?dryRun=All', labelled('vap-selected', 's')),
    answer: denied('vap-selected', 's', 'selected'),
    eventually: true,
  },
  {
    name: 'both must select',
    call: post('/api/v1/namespaces/vap-half/configmaps?dryRun=All', labelled('vap-selected', 's')),
    answer: {code: 201},
  },
  {
    name: 'a Namespace is in none, and is selected by its own labels',
    before: bound('vap-of-namespaces', {
      matchConstraints: {
        resourceRules: [{apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], operations: ['CREATE']}],
        namespaceSelector: {matchLabels: {vap: 'new'}},
      },
      validations: [
        {expression: 'namespaceObject != null', messageExpression: "'is ' + request.namespace + ' ' + request.name"},
      ],
    }),
    call: post(`${NS}?dryRun=All`, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {name: 'vap-ns', labels: {vap: 'new'}},
    }),
    answer: refusedBy('vap-of-namespaces', 'namespaces', 'vap-ns', 'is vap-ns vap-ns'),
    eventually: true,
  },
  {
    name: 'a token is a subresource',
    before: bound('vap-token', {
      matchConstraints: {
        resourceRules: [
          {apiGroups: [''], apiVersions: ['v1'], resources: ['serviceaccounts/token'], operations: ['CREATE']},
        ],
      },
      validations: [
        {
          expression: "request.namespace != 'vap-in' || object.kind != 'TokenRequest'",
          messageExpression: "'no token for ' + request.name + ' by ' + request.kind.kind",
        },
      ],
    }),
    call: post('/api/v1/namespaces/vap-in/serviceaccounts/default/token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    }),
    answer: refusedBy('vap-token', 'serviceaccounts', 'default', 'no token for default by TokenRequest'),
    eventually: true,
  },
  {
    name: 'policies do not hold themselves',
    before: bound('vap-all', {
      matchConstraints: {
        resourceRules: [
          {apiGroups: ['admissionregistration.k8s.io'], apiVersions: ['*'], resources: ['*'], operations: ['CREATE']},
        ],
        objectSelector: {matchLabels: {[LABEL]: 'vap-all'}},
      },
      validations: [{expression: 'false', message: 'all'}],
    }),
    call: post(`${REGISTRATION}/validatingwebhookconfigurations?dryRun=All`, {
      apiVersion: API,
      kind: 'ValidatingWebhookConfiguration',
      metadata: {name: 'vap-hook', labels: {[LABEL]: 'vap-all'}},
    }),
    answer: refusedBy('vap-all', 'validatingwebhookconfigurations', 'vap-hook', 'all', 'admissionregistration.k8s.io'),
    eventually: true,
  },
  {
    name: 'a policy with the same label',
    call: post(`${POLICIES}?dryRun=All`, {
      ...KINDLESS,
      metadata: {name: 'vap-self', labels: {[LABEL]: 'vap-all'}},
      spec: spec('vap-self', {validations: [{expression: 'true'}]}),
    }),
    answer: {code: 201},
  },
  {
    name: 'who may do what',
    before: [
      role('vap-owner', [rule('create get own', '', 'configmaps')]),
      roleBinding('vap-owner', ['Role', 'vap-owner'], user('olga')),
      role('vap-writer', [rule('create', '', 'configmaps')]),
      roleBinding('vap-writer', ['Role', 'vap-writer'], user('wanda')),
      ...bound('vap-authorizer', {
        validations: [
          {
            expression: "authorizer.requestResource.check('own').allowed()",
            messageExpression: "request.userInfo.username + ' owns nothing'",
          },
        ],
      }),
    ],
    call: as('wanda', tried('vap-authorizer', 'a')),
    answer: denied('vap-authorizer', 'a', 'wanda owns nothing'),
    eventually: true,
  },
  {name: 'who may', call: as('olga', tried('vap-authorizer', 'a')), answer: {code: 201}, eventually: true},
  {
    name: 'a name makes another resource of it',
    before: bound('vap-path', {
      validations: [
        {
          expression:
            "authorizer.group('').resource('configmaps').namespace('default').name('a').check('own').allowed() && " +
            "authorizer.serviceAccount('default', 'default').path('/api').check('get').allowed()",
          messageExpression: 'request.userInfo.username',
        },
      ],
    }),
    call: as('wanda', tried('vap-path', 'a')),
    answer: denied('vap-path', 'a', 'wanda'),
    eventually: true,
  },
];

function OPEN(): object {
  const any = {type: 'object', additionalProperties: {type: 'string'}};
  return {properties: {spec: any, status: any}};
}

function owl(at: string, name: string): object {
  return {apiVersion: `zoo.dev/${at}`, kind: 'Owl', metadata: {name}, spec: {}};
}

function refusedBy(by: string, plural: string, name: string, message: string, group?: string): Expected {
  const said = `ValidatingAdmissionPolicy '${by}' with binding '${by}' denied request: ${message}`;
  const kind = group === undefined ? plural : `${plural}.${group}`;
  const details = {...about(plural, name, group), causes: [{message: said}]};
  return refused(422, 'Invalid', `${kind} "${name}" is forbidden: ${said}`, details);
}

function deniedOwl(by: string, message: string): Expected {
  return refusedBy(by, 'owls', 'o1', message, 'zoo.dev');
}

const PARAM_KIND = {paramKind: {apiVersion: 'v1', kind: 'ConfigMap'}};
const UP_TO = {
  ...PARAM_KIND,
  validations: [
    {
      expression: 'params == null || int(object.data.a) <= int(params.data.most)',
      messageExpression: "'at most ' + params.data.most + ' by ' + params.metadata.name",
    },
  ],
};

/** Policies with parameters. */
export const policyParams: readonly Row[] = [
  {
    name: 'one that is named, in the namespace of the object',
    before: [
      post(CM, configMap('vap-limit', {data: {most: '3'}}, {labels: {limit: 'yes'}})),
      ...bound('vap-params', UP_TO, {paramRef: {name: 'vap-limit', parameterNotFoundAction: 'Deny'}}),
    ],
    call: tried('vap-params', 'p', {a: '4'}),
    answer: denied('vap-params', 'p', 'at most 3 by vap-limit'),
    eventually: true,
  },
  {name: 'within it', call: tried('vap-params', 'p', {a: '3'}), answer: {code: 201}},
  {
    name: 'one that changes',
    before: [merge(`${CM}/vap-limit`, {data: {most: '5'}})],
    call: tried('vap-params', 'p', {a: '6'}),
    answer: denied('vap-params', 'p', 'at most 5 by vap-limit'),
    eventually: true,
  },
  {
    name: 'one that is not there',
    call: post('/api/v1/namespaces/vap-in/configmaps?dryRun=All', labelled('vap-params', 'p', {a: '1'})),
    answer: denied(
      'vap-params',
      'p',
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    ),
  },
  {
    name: 'all that are selected, one after another',
    before: [
      post(CM, configMap('vap-limit-2', {data: {most: '2'}}, {labels: {limit: 'no'}})),
      ...bound('vap-many', UP_TO, {
        paramRef: {namespace: 'default', selector: {matchLabels: {limit: 'no'}}, parameterNotFoundAction: 'Allow'},
      }),
    ],
    call: tried('vap-many', 'p', {a: '3'}),
    answer: denied('vap-many', 'p', 'at most 2 by vap-limit-2'),
    eventually: true,
  },
  {
    name: 'none: nothing is asked',
    before: [remove(`${CM}/vap-limit-2`)],
    call: tried('vap-many', 'p', {a: '3'}),
    answer: {code: 201},
    eventually: true,
  },
  {
    name: 'no reference to any: the parameter is null',
    before: bound('vap-null', {...PARAM_KIND, validations: [{expression: 'params != null', message: 'no params'}]}),
    call: tried('vap-null', 'p'),
    answer: denied('vap-null', 'p', 'no params'),
    eventually: true,
  },
  {
    name: 'a kind that there is not',
    before: bound('vap-unknown', {
      paramKind: {apiVersion: 'zoo.dev/v1', kind: 'Unicorn'},
      validations: [{expression: 'true'}],
    }),
    call: tried('vap-unknown', 'p'),
    answer: denied(
      'vap-unknown',
      'p',
      "failed to configure policy: failed to find resource referenced by paramKind: 'zoo.dev/v1, Kind=Unicorn'",
      {by: "'vap-unknown'"},
    ),
    eventually: true,
  },
  {
    name: 'a namespace for a kind that is in none',
    before: bound(
      'vap-nowhere',
      {paramKind: {apiVersion: 'v1', kind: 'Namespace'}, validations: [{expression: 'true'}]},
      {paramRef: {name: 'default', namespace: 'default', parameterNotFoundAction: 'Deny'}},
    ),
    call: tried('vap-nowhere', 'p'),
    answer: denied(
      'vap-nowhere',
      'p',
      'failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
    ),
    eventually: true,
  },
  {
    name: 'bindings count one by one',
    before: [
      policy('vap-two', {
        ...PARAM_KIND,
        validations: [{expression: 'params.data.a != object.data.a', message: 'the same'}],
      }),
      post(CM, configMap('vap-x', {data: {a: 'x'}})),
      post(CM, configMap('vap-y', {data: {a: 'y'}})),
      bind(
        'vap-two',
        {paramRef: {name: 'vap-x', parameterNotFoundAction: 'Deny'}, validationActions: ['Warn']},
        'vap-two-x',
      ),
      bind('vap-two', {paramRef: {name: 'vap-y', parameterNotFoundAction: 'Deny'}}, 'vap-two-y'),
    ],
    call: tried('vap-two', 'p', {a: 'y'}),
    answer: denied('vap-two', 'p', 'the same', {by: "'vap-two' with binding 'vap-two-y'"}),
    eventually: true,
  },
  {
    name: 'one warns, the other denies',
    call: tried('vap-two', 'p', {a: 'x'}),
    answer: {
      code: 201,
      warnings: ["Validation failed for ValidatingAdmissionPolicy 'vap-two' with binding 'vap-two-x': the same"],
    },
    eventually: true,
  },
];

const POLICY = 'ValidatingAdmissionPolicy.admissionregistration.k8s.io "vap-bad"';
const BINDING = 'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io "vap-bad"';

function badPolicy(of: object): Call {
  return policy('vap-bad', of, '?dryRun=All');
}

function badBinding(of: object): Call {
  return bind('vap-bad', of, 'vap-bad', '?dryRun=All');
}

function undeclared(source: string, name: string, column = 1): string {
  return `compilation failed: ERROR: <input>:1:${column}: undeclared reference to '${name}' (in container '')\n | ${source}\n | ${'.'.repeat(column - 1)}^`;
}

/** Policies and bindings as they are written. */
export const policyFields: readonly Row[] = [
  {
    name: 'a policy of nothing',
    call: post(`${POLICIES}?dryRun=All`, KINDLESS),
    answer: invalid(
      POLICY,
      ['Required', 'spec.matchConstraints', 'Required value'],
      [
        'Required',
        'spec.validations',
        'Required value: validations or auditAnnotations must contain at least one item',
      ],
      [
        'Required',
        'spec.auditAnnotations',
        'Required value: validations or auditAnnotations must contain at least one item',
      ],
    ),
  },
  {
    name: 'rules that are none',
    call: badPolicy({
      failurePolicy: 'Maybe',
      matchConstraints: {
        matchPolicy: 'Roughly',
        resourceRules: [
          {
            apiGroups: [],
            apiVersions: ['v1'],
            resources: ['a'],
            operations: ['LOOK'],
            resourceNames: ['a', 'a', 'b/c'],
          },
        ],
        namespaceSelector: {matchExpressions: [{key: 'a', operator: 'Zork'}]},
      },
      validations: [{expression: 'true'}],
    }),
    answer: invalid(
      POLICY,
      ['NotSupported', 'spec.failurePolicy', 'Unsupported value: "Maybe": supported values: "Fail", "Ignore"'],
      [
        'NotSupported',
        'spec.matchConstraints.matchPolicy',
        'Unsupported value: "Roughly": supported values: "Equivalent", "Exact"',
      ],
      [
        'Invalid',
        'spec.matchConstraints.namespaceSelector.matchExpressions[0].operator',
        'Invalid value: "Zork": not a valid selector operator',
      ],
      ['Duplicate', 'spec.matchConstraints.resourceRules[0].resourceNames[1]', 'Duplicate value: "a"'],
      [
        'Invalid',
        'spec.matchConstraints.resourceRules[0].resourceNames[2]',
        `Invalid value: "b/c": may not contain '/'`,
      ],
      [
        'NotSupported',
        'spec.matchConstraints.resourceRules[0].operations[0]',
        'Unsupported value: "LOOK": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
      ],
      ['Required', 'spec.matchConstraints.resourceRules[0].apiGroups', 'Required value'],
    ),
  },
  {
    name: 'constraints without rules',
    call: badPolicy({matchConstraints: {}, validations: [{expression: 'true'}]}),
    answer: invalid(POLICY, ['Required', 'spec.matchConstraints.resourceRules', 'Required value']),
  },
  {
    name: 'validations',
    call: badPolicy({
      validations: [
        {expression: ' '},
        {expression: 'object'},
        {expression: 'zork'},
        {expression: 'true', message: ' '},
        {expression: 'true', message: 'a\nb'},
        {expression: 'true', messageExpression: '1'},
        {expression: 'true', messageExpression: ' '},
        {expression: 'true', messageExpression: "authorizer.path('/x').check('get').reason()"},
        {expression: 'true', reason: 'Because'},
        {expression: 'params.a == 1'},
        {expression: 'variables.a == 1'},
      ],
    }),
    answer: invalid(
      POLICY,
      ['Required', 'spec.validations[0].expression', 'Required value: expression is not specified'],
      ['Invalid', 'spec.validations[1].expression', 'Invalid value: "object": must evaluate to bool but got dyn'],
      ['Invalid', 'spec.validations[2].expression', `Invalid value: "zork": ${undeclared('zork', 'zork')}`],
      ['Invalid', 'spec.validations[3].message', 'Invalid value: " ": must be non-empty if specified'],
      ['Invalid', 'spec.validations[4].message', String.raw`Invalid value: "a\nb": must not contain line breaks`],
      ['Invalid', 'spec.validations[5].messageExpression', 'Invalid value: "1": must evaluate to string but got int'],
      ['Invalid', 'spec.validations[6].messageExpression', 'Invalid value: " ": must be non-empty if specified'],
      [
        'Invalid',
        'spec.validations[7].messageExpression',
        `Invalid value: "authorizer.path('/x').check('get').reason()": ${undeclared("authorizer.path('/x').check('get').reason()", 'authorizer')}`,
      ],
      [
        'NotSupported',
        'spec.validations[8].reason',
        'Unsupported value: "Because": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
      ],
      [
        'Invalid',
        'spec.validations[9].expression',
        `Invalid value: "params.a == 1": ${undeclared('params.a == 1', 'params')}`,
      ],
      [
        'Invalid',
        'spec.validations[10].expression',
        `Invalid value: "variables.a == 1": ${undeclared('variables.a == 1', 'variables')}`,
      ],
    ),
  },
  {
    name: 'variables',
    call: badPolicy({
      variables: [
        {name: 'a', expression: 'variables.b'},
        {name: 'b', expression: '1'},
        {name: 'if', expression: '1'},
        {name: 'd-e', expression: '1'},
        {name: 'f', expression: ' '},
        {name: 'g', expression: "'x'"},
      ],
      validations: [{expression: "variables.g + 'y' == 'xy' && variables.b == 'x'"}],
    }),
    answer: {code: 422},
  },
  {
    name: 'a variable of one type is no other',
    call: badPolicy({
      variables: [{name: 'b', expression: '1'}],
      validations: [{expression: "variables.b == 'x'"}],
    }),
    answer: invalid(POLICY, [
      'Invalid',
      'spec.validations[0].expression',
      `Invalid value: "variables.b == 'x'": compilation failed: ERROR: <input>:1:13: found no matching overload for '_==_' applied to '(int, string)'\n | variables.b == 'x'\n | ............^`,
    ]),
  },
  {
    name: 'annotations',
    call: badPolicy({
      auditAnnotations: [
        {key: 'a', valueExpression: "'x'"},
        {key: 'a', valueExpression: 'null'},
        {key: 'a b', valueExpression: '1'},
        {key: 'c', valueExpression: ' '},
      ],
    }),
    answer: invalid(
      POLICY,
      ['Duplicate', 'spec.auditAnnotations[1].key', 'Duplicate value: "a"'],
      [
        'Invalid',
        'spec.auditAnnotations[2].key',
        `Invalid value: "vap-bad/a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
      ],
      [
        'Invalid',
        'spec.auditAnnotations[2].valueExpression',
        'Invalid value: "1": must evaluate to one of [string null_type] but got int',
      ],
      ['Required', 'spec.auditAnnotations[3].valueExpression', 'Required value: valueExpression is not specified'],
    ),
  },
  {
    name: 'a kind of parameters',
    call: badPolicy({paramKind: {apiVersion: 'a/b/c', kind: '1x'}, validations: [{expression: 'true'}]}),
    answer: invalid(
      POLICY,
      ['Invalid', 'spec.paramKind.apiVersion', 'Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'],
      [
        'Invalid',
        'spec.paramKind.kind',
        `Invalid value: "1x": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
      ],
    ),
  },
  {
    name: 'a binding of nothing',
    call: badBinding({policyName: undefined, validationActions: []}),
    answer: invalid(
      BINDING,
      ['Required', 'spec.policyName', 'Required value'],
      ['Required', 'spec.validationActions', 'Required value: at least one validation action is required'],
    ),
  },
  {
    name: 'actions',
    call: badBinding({validationActions: ['Deny', 'Warn', 'Zork']}),
    answer: invalid(
      BINDING,
      [
        'NotSupported',
        'spec.validationActions[2]',
        'Unsupported value: "Zork": supported values: "Audit", "Deny", "Warn"',
      ],
      [
        'Invalid',
        'spec.validationActions',
        'Invalid value: ["Deny","Warn","Zork"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ],
    ),
  },
  {
    name: 'a reference to parameters',
    call: badBinding({paramRef: {name: 'a', selector: {}, parameterNotFoundAction: 'Zork'}}),
    answer: invalid(
      BINDING,
      ['Forbidden', 'spec.paramRef.name', 'Forbidden: name and selector are mutually exclusive'],
      ['Forbidden', 'spec.paramRef.selector', 'Forbidden: name and selector are mutually exclusive'],
      [
        'NotSupported',
        'spec.paramRef.parameterNotFoundAction',
        'Unsupported value: "Zork": supported values: "Deny", "Allow"',
      ],
    ),
  },
  {
    name: 'a reference to none',
    call: badBinding({paramRef: {}}),
    answer: invalid(
      BINDING,
      ['Required', 'spec.paramRef', 'Required value: one of name or selector must be specified'],
      ['Required', 'spec.paramRef.parameterNotFoundAction', 'Required value'],
    ),
  },
  {
    name: 'types are looked at afterwards, and told in the status',
    before: [
      policy('vap-typed', {
        matchConstraints: {
          resourceRules: [{apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE']}],
          objectSelector: {matchLabels: {[LABEL]: 'vap-typed'}},
        },
        validations: [
          {expression: "object.zork == 'x'", messageExpression: 'string(object.data.size())'},
          {expression: "object.data.a == 'x'", messageExpression: 'string(object.nope)'},
        ],
      }),
    ],
    call: get(`${POLICIES}/vap-typed`),
    answer: {
      code: 200,
      object: {
        status: {
          observedGeneration: 1,
          typeChecking: {
            expressionWarnings: [
              {
                fieldRef: 'spec.validations[0].expression',
                warning:
                  "/v1, Kind=ConfigMap: ERROR: <input>:1:7: undefined field 'zork'\n | object.zork == 'x'\n | ......^\n",
              },
              {
                fieldRef: 'spec.validations[1].messageExpression',
                warning:
                  "/v1, Kind=ConfigMap: ERROR: <input>:1:14: undefined field 'nope'\n | string(object.nope)\n | .............^\n",
              },
            ],
          },
        },
      },
    },
    eventually: true,
  },
  {
    name: 'a policy whose types are right',
    call: get(`${POLICIES}/vap-deny`),
    answer: {code: 200, object: {status: {observedGeneration: 1, typeChecking: {}}}},
    eventually: true,
  },
];
