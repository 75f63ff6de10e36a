import {expect} from 'vitest';
import {about, invalid, owner, refused} from '../answers.ts';
import {account, ACCOUNTS, anonymous, as, AUTHENTICATION, by, tokenRequest, tokenReview} from '../callers.ts';
import {CM, NS, pod, PODS} from '../kinds.ts';
import {get, post, put, remove} from '../row.ts';
import type {Call, Row} from '../row.ts';

const ISSUER = 'https://kubernetes.default.svc';
const REQUEST = 'TokenRequest.authentication.k8s.io ""';
const METHOD = refused(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
const UNAUTHORIZED = refused(401, 'Unauthorized', 'Unauthorized');
const SELF = post(`${AUTHENTICATION}/selfsubjectreviews`, {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'SelfSubjectReview',
});
const AGENT = {
  username: 'system:serviceaccount:default:agent',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
};

function secret(name: string): Call {
  return post('/api/v1/namespaces/default/secrets', {apiVersion: 'v1', kind: 'Secret', metadata: {name}});
}

function notValid(why: string): Row['answer'] {
  return {code: 201, object: {status: {user: {}, error: why}}, lacks: ['status.authenticated', 'status.audiences']};
}

/** TokenRequest: reference apiserver §7. */
export const tokenRequests: readonly Row[] = [
  {
    name: 'a token for an hour, for the API server, where nothing is asked',
    before: [account('agent')],
    call: tokenRequest('agent'),
    answer: {
      code: 201,
      object: {
        metadata: {name: 'agent', namespace: 'default', uid: expect.any(String), creationTimestamp: expect.any(String)},
        spec: {audiences: [ISSUER], expirationSeconds: 3600, boundObjectRef: null},
        status: {token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/), expirationTimestamp: expect.any(String)},
      },
      owners: [owner('unknown', 'Update', {'f:spec': {'f:expirationSeconds': {}}}, 'token')],
      lacks: ['metadata.resourceVersion'],
    },
  },
  {
    name: 'as kubectl sends it, with everything null',
    call: post(`${ACCOUNTS}/agent/token`, {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {},
      spec: {audiences: null, expirationSeconds: null, boundObjectRef: null},
      status: {token: '', expirationTimestamp: null},
    }),
    answer: {
      code: 201,
      object: {spec: {audiences: [ISSUER], expirationSeconds: 3600, boundObjectRef: null}},
      owners: [owner('unknown', 'Update', {'f:spec': {'f:expirationSeconds': {}}}, 'token')],
    },
  },
  {
    name: 'for another audience, ten minutes',
    call: tokenRequest('agent', {audiences: ['isthmus'], expirationSeconds: 600}),
    answer: {
      code: 201,
      object: {spec: {audiences: ['isthmus'], expirationSeconds: 600, boundObjectRef: null}},
      owners: [owner('unknown', 'Update', {'f:spec': {'f:audiences': {}, 'f:expirationSeconds': {}}}, 'token')],
    },
  },
  {
    name: 'less than ten minutes',
    call: tokenRequest('agent', {expirationSeconds: 599}),
    answer: invalid(REQUEST, [
      'Invalid',
      'spec.expirationSeconds',
      'Invalid value: 599: may not specify a duration less than 10 minutes',
    ]),
  },
  {
    name: 'more than 2^32 seconds',
    call: tokenRequest('agent', {expirationSeconds: 4294967297}),
    answer: invalid(REQUEST, [
      'Invalid',
      'spec.expirationSeconds',
      'Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
    ]),
  },
  {
    name: 'of an account that is not there',
    call: tokenRequest('nope'),
    answer: refused(404, 'NotFound', 'serviceaccounts "nope" not found', about('serviceaccounts', 'nope')),
  },
  {
    name: 'that names another account',
    call: tokenRequest('agent', {}, {name: 'other'}),
    answer: invalid('TokenRequest.authentication.k8s.io "agent"', [
      'Invalid',
      'metadata.name',
      'Invalid value: "other": must match the service account name if specified',
    ]),
  },
  {
    name: 'that names another namespace',
    call: tokenRequest('agent', {}, {namespace: 'other'}),
    answer: refused(
      400,
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    ),
  },
  {
    name: 'of an account with another uid',
    call: tokenRequest('agent', {}, {uid: 'zz'}),
    answer: refused(
      409,
      'Conflict',
      'Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "agent": ' +
        'the UID in the token request (zz) does not match the UID of the service account (<uid>)',
      about('TokenRequest', 'agent', 'authentication.k8s.io'),
    ),
  },
  {
    name: 'with a field that nobody knows, strictly',
    call: {...tokenRequest('agent', {x: 1}), path: `${ACCOUNTS}/agent/token?fieldValidation=Strict`},
    answer: refused(
      400,
      'BadRequest',
      'TokenRequest in version "v1" cannot be handled as a TokenRequest: strict decoding error: unknown field "spec.x"',
    ),
  },
  {name: 'there is no token to get', call: get(`${ACCOUNTS}/agent/token`), answer: METHOD},
  {name: 'nor to update', call: put(`${ACCOUNTS}/agent/token`, {}), answer: METHOD},
  {
    name: 'bound to a pod that is not there',
    call: tokenRequest('agent', {boundObjectRef: {kind: 'Pod', apiVersion: 'v1', name: 'zz'}}),
    answer: refused(404, 'NotFound', 'pods "zz" not found', about('pods', 'zz')),
  },
  {
    name: 'bound to a Node that is not there',
    call: tokenRequest('agent', {boundObjectRef: {kind: 'Node', apiVersion: 'v1', name: 'zz'}}),
    answer: refused(404, 'NotFound', 'nodes "zz" not found', about('nodes', 'zz')),
  },
  {
    name: 'bound to what cannot end a token',
    call: tokenRequest('agent', {boundObjectRef: {kind: 'ConfigMap', apiVersion: 'v1', name: 'x'}}),
    answer: refused(400, 'BadRequest', 'cannot bind token to object of type /v1, Kind=ConfigMap'),
  },
  {
    name: 'bound to a pod of another account',
    before: [post(PODS, pod('stranger'))],
    call: tokenRequest('agent', {boundObjectRef: {kind: 'Pod', apiVersion: 'v1', name: 'stranger'}}),
    answer: refused(
      400,
      'BadRequest',
      'cannot bind token for serviceaccount "agent" to pod running with different serviceaccount name.',
    ),
  },
  {
    name: 'bound to a Secret with another uid',
    before: [secret('bound')],
    call: tokenRequest('agent', {boundObjectRef: {kind: 'Secret', apiVersion: 'v1', name: 'bound', uid: 'zz'}}),
    answer: refused(
      409,
      'Conflict',
      'Operation cannot be fulfilled on Secret "bound": the UID in the bound object reference (zz) does not match the UID in record. ' +
        'The object might have been deleted and then recreated',
      about('Secret', 'bound'),
    ),
  },
  {
    name: 'bound to a Secret',
    call: tokenRequest('agent', {boundObjectRef: {kind: 'Secret', apiVersion: 'v1', name: 'bound'}}),
    answer: {code: 201, object: {spec: {boundObjectRef: {kind: 'Secret', apiVersion: 'v1', name: 'bound'}}}},
  },
];

/** TokenReview and SelfSubjectReview: apiserver §7. */
export const tokenReviews: readonly Row[] = [
  {
    name: 'a good token',
    before: [account('reviewed'), {...tokenRequest('reviewed'), keep: {jwt: 'status.token'}}],
    call: tokenReview({token: '{{jwt}}'}),
    answer: {
      code: 201,
      object: {
        status: {
          authenticated: true,
          user: {
            ...AGENT,
            username: 'system:serviceaccount:default:reviewed',
            uid: expect.any(String),
            extra: {'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)]},
          },
          audiences: [ISSUER],
        },
      },
      owners: [owner('unknown', 'Update', {'f:spec': {'f:token': {}}})],
      lacks: ['metadata.creationTimestamp', 'status.error'],
    },
  },
  {
    name: 'a good token for somebody else',
    call: tokenReview({token: '{{jwt}}', audiences: ['x']}),
    answer: notValid(`[invalid bearer token, token audiences ["${ISSUER}"] is invalid for the target audiences ["x"]]`),
  },
  {
    name: 'a token for another audience is not for the API server',
    before: [{...tokenRequest('reviewed', {audiences: ['isthmus']}), keep: {foreign: 'status.token'}}],
    call: tokenReview({token: '{{foreign}}'}),
    answer: notValid(
      `[invalid bearer token, token audiences ["isthmus"] is invalid for the target audiences ["${ISSUER}"]]`,
    ),
  },
  {
    name: 'the audiences that token and review share are told',
    call: tokenReview({token: '{{foreign}}', audiences: ['isthmus', 'y']}),
    answer: {code: 201, object: {status: {authenticated: true, audiences: ['isthmus']}}},
  },
  {name: 'no token of anybody', call: tokenReview({token: 'zzz'}), answer: notValid('invalid bearer token')},
  {
    name: 'a token whose signature was changed',
    call: tokenReview({token: '{{jwt}}AA'}),
    answer: notValid('[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]'),
  },
  {
    name: 'a review without a token',
    call: tokenReview({}),
    answer: refused(400, 'BadRequest', 'token is required for TokenReview in authentication'),
  },
  {name: 'reviews cannot be listed', call: get(`${AUTHENTICATION}/tokenreviews`), answer: METHOD},
  {
    name: 'nor created under a name',
    call: {...tokenReview({token: 'x'}), path: `${AUTHENTICATION}/tokenreviews/x`},
    answer: refused(404, 'NotFound', 'the server could not find the requested resource', {}),
  },
  {
    name: 'and are no table',
    call: {...tokenReview({token: 'x'}), headers: {accept: 'application/json;as=Table;v=v1;g=meta.k8s.io'}},
    answer: refused(
      406,
      'NotAcceptable',
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ),
  },
  {
    name: 'who am I, by a token',
    call: by('jwt', SELF),
    answer: {
      code: 201,
      object: {
        metadata: {creationTimestamp: expect.any(String)},
        status: {userInfo: {username: 'system:serviceaccount:default:reviewed', uid: expect.any(String)}},
      },
      lacks: ['metadata.managedFields'],
    },
  },
  {
    name: 'who am I, as somebody in a group',
    call: as('bob', SELF, 'g1'),
    answer: {
      code: 201,
      object: {status: {userInfo: {username: 'bob', groups: ['g1', 'system:authenticated']}}},
      lacks: ['status.userInfo.uid', 'status.userInfo.extra'],
    },
  },
  {
    name: 'who am I, as an account: without its uid',
    call: as(AGENT.username, SELF),
    answer: {code: 201, object: {status: {userInfo: AGENT}}, lacks: ['status.userInfo.uid']},
  },
  {
    name: 'who am I, with a uid and extra fields',
    call: {
      ...SELF,
      headers: {'impersonate-user': 'bob', 'impersonate-uid': 'u1', 'impersonate-extra-Sc%2fope': 'a'},
    },
    answer: {code: 201, object: {status: {userInfo: {username: 'bob', uid: 'u1', extra: {'sc/ope': ['a']}}}}},
  },
];

const IMPERSONATED_NOBODY = (shown: string): Row['answer'] => ({
  ...refused(400, 'BadRequest', `requested &user.DefaultInfo{${shown}} without impersonating a user name`),
  headers: {'x-content-type-options': 'nosniff'},
});

/** Tokens that let nobody in, and nobody at all: apiserver §7. */
export const credentials: readonly Row[] = [
  {
    name: 'a bad token',
    call: {...get(CM), headers: {authorization: 'Bearer zzz'}},
    answer: UNAUTHORIZED,
  },
  {
    name: 'a bad token where none is needed',
    call: {...get('/version'), headers: {authorization: 'Bearer zzz'}},
    answer: UNAUTHORIZED,
  },
  {
    name: 'a token for another audience',
    before: [
      account('foreigner'),
      {...tokenRequest('foreigner', {audiences: ['isthmus']}), keep: {alien: 'status.token'}},
    ],
    call: by('alien', get('/version')),
    answer: UNAUTHORIZED,
  },
  {
    name: 'a token that was bound to what is gone',
    before: [
      secret('short-lived'),
      {
        ...tokenRequest('foreigner', {boundObjectRef: {kind: 'Secret', apiVersion: 'v1', name: 'short-lived'}}),
        keep: {orphan: 'status.token'},
      },
      remove('/api/v1/namespaces/default/secrets/short-lived'),
    ],
    call: by('orphan', get('/version')),
    answer: UNAUTHORIZED,
  },
  {
    name: 'a token of an account that is gone',
    before: [account('gone'), {...tokenRequest('gone'), keep: {late: 'status.token'}}, remove(`${ACCOUNTS}/gone`)],
    call: by('late', get('/version')),
    answer: UNAUTHORIZED,
  },
  {name: 'nobody may ask for health', call: anonymous(get('/healthz')), answer: {code: 200, text: 'ok'}},
  {name: 'and whether it lives', call: anonymous(get('/livez')), answer: {code: 200, text: 'ok'}},
  {name: 'and whether it is ready', call: anonymous(get('/readyz')), answer: {code: 200, text: 'ok'}},
  {
    name: 'a group without a user',
    call: get(NS, {'impersonate-group': 'g1'}),
    answer: IMPERSONATED_NOBODY('Name:"", UID:"", Groups:[]string{"g1"}, Extra:map[string][]string(nil)'),
  },
  {
    name: 'a uid without a user',
    call: get(NS, {'impersonate-uid': 'u'}),
    answer: IMPERSONATED_NOBODY('Name:"", UID:"u", Groups:[]string(nil), Extra:map[string][]string(nil)'),
  },
  {
    name: 'extra fields without a user',
    call: get(NS, {'impersonate-extra-a': 'u'}),
    answer: IMPERSONATED_NOBODY('Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"u"}}'),
  },
];
