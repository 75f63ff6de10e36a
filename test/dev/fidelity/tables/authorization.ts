import {refused} from '../answers.ts';
import {
  account,
  anonymous,
  as,
  by,
  clusterRole,
  clusterRoleBinding,
  role,
  roleBinding,
  RBAC,
  rule,
  tokenRequest,
  user,
} from '../callers.ts';
import {CM, configMap, GADGETS, gadget, NS, pod, PODS} from '../kinds.ts';
import {apply, get, merge, post, put, remove} from '../row.ts';
import type {Call, Row} from '../row.ts';

const NOSNIFF = {'x-content-type-options': 'nosniff'};
const AGENT = 'system:serviceaccount:default:wary';

interface About {
  readonly kind: string;
  readonly name?: string;
  readonly group?: string;
}

/** The 403 of the authorizer; `about` is empty for a path. */
function forbidden(who: string, what: string, about: About | undefined, nosniff = true): Row['answer'] {
  const {kind = '', name, group} = about ?? {};
  const resource = group === undefined ? kind : `${kind}.${group}`;
  const subject = kind === '' ? '' : `${resource}${name === undefined ? '' : ` "${name}"`} is `;
  const details = about === undefined ? {} : {...about};
  return {
    ...refused(403, 'Forbidden', `${subject}forbidden: User "${who}" cannot ${what}`, details),
    ...(nosniff ? {headers: NOSNIFF} : {}),
  };
}

const inDefault = (verb: string, resource: string, group = ''): string =>
  `${verb} resource "${resource}" in API group "${group}" in the namespace "default"`;

const inCluster = (verb: string, resource: string, group = ''): string =>
  `${verb} resource "${resource}" in API group "${group}" at the cluster scope`;

function forAnonymous(path: string): Row {
  return {
    name: `nobody may not get ${path}`,
    call: anonymous(get(path)),
    answer: forbidden('system:anonymous', `get path "${path}"`, undefined),
  };
}

/** What each request counts as, told by its refusal: apiserver §7. */
export const refusals: readonly Row[] = [
  {
    name: 'nobody lists',
    call: anonymous(get(CM)),
    answer: forbidden('system:anonymous', inDefault('list', 'configmaps'), {kind: 'configmaps'}),
  },
  ...['/api', '/apis', '/openapi/v3', '/', '/healthz/ping'].map(forAnonymous),
  {
    name: 'an account lists',
    before: [account('wary'), {...tokenRequest('wary'), keep: {wary: 'status.token'}}],
    call: by('wary', get(CM)),
    answer: forbidden(AGENT, inDefault('list', 'configmaps'), {kind: 'configmaps'}),
  },
  {
    name: 'somebody whom the administrator plays',
    call: as('bob', get(CM)),
    answer: forbidden('bob', inDefault('list', 'configmaps'), {kind: 'configmaps'}),
  },
  {
    name: 'a get names the object',
    call: as(AGENT, get(`${CM}/c1`)),
    answer: forbidden(AGENT, inDefault('get', 'configmaps'), {kind: 'configmaps', name: 'c1'}),
  },
  {
    name: 'in the cluster scope',
    call: as(AGENT, get('/api/v1/nodes')),
    answer: forbidden(AGENT, inCluster('list', 'nodes'), {kind: 'nodes'}),
  },
  {
    name: 'a Namespace is inside itself',
    call: as('bob', get(`${NS}/default`)),
    answer: forbidden('bob', inDefault('get', 'namespaces'), {kind: 'namespaces', name: 'default'}),
  },
  {
    name: 'and so are its subresources',
    call: as('bob', put(`${NS}/default/finalize`, {})),
    answer: forbidden('bob', inDefault('update', 'namespaces/finalize'), {kind: 'namespaces', name: 'default'}),
  },
  {
    name: 'a subresource',
    call: as(AGENT, apply(`${GADGETS}/sp/status`, {}, 'fieldManager=x')),
    answer: forbidden(AGENT, inDefault('patch', 'gadgets/status', 't.dev'), {
      kind: 'gadgets',
      name: 'sp',
      group: 't.dev',
    }),
  },
  {
    name: 'a create has no name yet',
    call: as(AGENT, post(GADGETS, gadget('q'))),
    answer: forbidden(AGENT, inDefault('create', 'gadgets', 't.dev'), {kind: 'gadgets', group: 't.dev'}),
  },
  {
    name: 'an update',
    call: as(AGENT, put(`${CM}/c1`, configMap('c1'))),
    answer: forbidden(AGENT, inDefault('update', 'configmaps'), {kind: 'configmaps', name: 'c1'}),
  },
  {
    name: 'a watch',
    call: as(AGENT, get(`${GADGETS}?watch=true`)),
    answer: forbidden(AGENT, inDefault('watch', 'gadgets', 't.dev'), {kind: 'gadgets', group: 't.dev'}),
  },
  {
    name: 'a watch by its old path',
    call: as('bob', get('/api/v1/watch/namespaces/default/pods')),
    answer: forbidden('bob', inDefault('watch', 'pods'), {kind: 'pods'}),
  },
  {
    name: 'a list of one by its name is about that one',
    call: as('bob', get(`${PODS}?fieldSelector=metadata.name%3Dx`)),
    answer: forbidden('bob', inDefault('list', 'pods'), {kind: 'pods', name: 'x'}),
  },
  {
    name: 'and so is a watch',
    call: as('bob', get(`${PODS}?watch=1&fieldSelector=a%3Db,metadata.name%3Dx`)),
    answer: forbidden('bob', inDefault('watch', 'pods'), {kind: 'pods', name: 'x'}),
  },
  {
    name: 'but not a deletecollection',
    call: as('bob', remove(`${PODS}?fieldSelector=metadata.name%3Dx`)),
    answer: forbidden('bob', inDefault('deletecollection', 'pods'), {kind: 'pods'}),
  },
  {
    name: 'a delete',
    call: as('bob', remove(`${PODS}/p`)),
    answer: forbidden('bob', inDefault('delete', 'pods'), {kind: 'pods', name: 'p'}),
  },
  {
    name: 'exec is a create',
    call: as('bob', post(`${PODS}/p/exec`, {})),
    answer: forbidden('bob', inDefault('create', 'pods/exec'), {kind: 'pods', name: 'p'}),
  },
  {
    name: 'what follows a proxy is not asked for',
    call: as('bob', get(`${PODS}/p/proxy/a/b`)),
    answer: forbidden('bob', inDefault('get', 'pods/proxy'), {kind: 'pods', name: 'p'}),
  },
  {
    name: 'a method that is no verb',
    call: as('bob', {method: 'OPTIONS', path: '/api/v1/pods'}),
    answer: forbidden('bob', inCluster('', 'pods'), {kind: 'pods'}),
  },
  {
    name: 'a path',
    call: as(AGENT, get('/metrics')),
    answer: forbidden(AGENT, 'get path "/metrics"', undefined),
  },
  {
    name: 'the verb of a path is its method',
    call: as('bob', post('/foo', {})),
    answer: forbidden('bob', 'post path "/foo"', undefined),
  },
  {
    name: 'what looks like a page is made harmless',
    call: as('b<o>b', get('/a%3Cb%3E&c')),
    answer: forbidden('b&lt;o&gt;b', 'get path "/a&lt;b&gt;&amp;c"', undefined),
  },
  {
    name: 'before it is said that there is no such type',
    call: as(AGENT, get('/apis/nope.dev/v1/x')),
    answer: forbidden(AGENT, inCluster('list', 'x', 'nope.dev'), {kind: 'x', group: 'nope.dev'}),
  },
  {
    name: 'who may not impersonate is refused for the first thing that is missing',
    call: by('wary', get(CM, {'impersonate-user': 'bob'})),
    answer: forbidden(AGENT, inDefault('impersonate-on:user-info:list', 'configmaps'), {kind: 'configmaps'}),
  },
  {
    name: 'the same for an account',
    call: by('wary', get('/metrics', {'impersonate-user': 'system:serviceaccount:default:x'})),
    answer: forbidden(AGENT, 'impersonate-on:serviceaccount:get path "/metrics"', undefined),
  },
  {
    name: 'an account with other groups goes the old way only',
    call: by('wary', get(CM, {'impersonate-user': 'system:serviceaccount:q:x', 'impersonate-group': 'g'})),
    answer: forbidden(AGENT, 'impersonate resource "serviceaccounts" in API group "" in the namespace "q"', {
      kind: 'serviceaccounts',
      name: 'x',
    }),
  },
];

const DANGLING =
  'RBAC: [clusterrole.rbac.authorization.k8s.io "nope" not found, role.rbac.authorization.k8s.io "nope" not found]';

/** A role of this name, and a binding of it to a user. */
function granted(name: string, who: string, ...rules: object[]): readonly Call[] {
  return [role(name, rules), roleBinding(name, ['Role', name], user(who))];
}

/** What rules allow; a binding counts a moment after it was written. */
export const grants: readonly Row[] = [
  {
    name: 'a role allows what it says',
    before: granted('reader', 'rita', rule('get list', '', 'pods')),
    call: as('rita', get(PODS)),
    answer: {code: 200, object: {kind: 'PodList'}},
    eventually: true,
  },
  {
    name: 'and nothing else',
    call: as('rita', get(`${PODS}?watch=true`)),
    answer: forbidden('rita', inDefault('watch', 'pods'), {kind: 'pods'}),
  },
  {
    name: 'nor elsewhere',
    call: as('rita', get('/api/v1/namespaces/kube-system/pods')),
    answer: forbidden('rita', 'list resource "pods" in API group "" in the namespace "kube-system"', {kind: 'pods'}),
  },
  {
    name: 'nor everywhere at once',
    call: as('rita', get('/api/v1/pods')),
    answer: forbidden('rita', inCluster('list', 'pods'), {kind: 'pods'}),
  },
  {
    name: 'a resource is not its subresources',
    call: as('rita', get(`${PODS}/x/log`)),
    answer: forbidden('rita', inDefault('get', 'pods/log'), {kind: 'pods', name: 'x'}),
  },
  {
    name: 'names narrow a rule',
    before: [
      post(CM, configMap('allowed')),
      ...granted('named', 'nina', rule('get list patch', '', 'configmaps', ['allowed'])),
    ],
    call: as('nina', get(`${CM}/allowed`)),
    answer: {code: 200, object: {metadata: {name: 'allowed'}}},
    eventually: true,
  },
  {
    name: 'to these names',
    call: as('nina', get(`${CM}/other`)),
    answer: forbidden('nina', inDefault('get', 'configmaps'), {kind: 'configmaps', name: 'other'}),
  },
  {
    name: 'a list is allowed only where it asks for one of them',
    call: as('nina', get(`${CM}?fieldSelector=metadata.name%3Dallowed`)),
    answer: {code: 200, object: {kind: 'ConfigMapList', items: [{metadata: {name: 'allowed'}}]}},
  },
  {
    name: 'a list of all is not',
    call: as('nina', get(CM)),
    answer: forbidden('nina', inDefault('list', 'configmaps'), {kind: 'configmaps'}),
  },
  {
    name: 'an apply to what is there needs patch',
    before: [post(GADGETS, gadget('there')), ...granted('patcher', 'pat', rule('patch', 't.dev', 'gadgets'))],
    call: as('pat', apply(`${GADGETS}/there`, gadget('there', {min: 1}))),
    answer: {code: 200, object: {spec: {min: 1}}},
    eventually: true,
  },
  {
    name: 'an apply to what is not needs create too',
    call: as('pat', apply(`${GADGETS}/rbacnew`, gadget('rbacnew'))),
    answer: forbidden(
      'pat',
      inDefault('create', 'gadgets', 't.dev'),
      {kind: 'gadgets', name: 'rbacnew', group: 't.dev'},
      false,
    ),
  },
  {
    name: 'which is looked at after the object',
    call: as('pat', apply(`${GADGETS}/rbacbad`, gadget('rbacbad', {min: -1}))),
    answer: {code: 422},
  },
  {
    name: 'every subresource of one name',
    before: granted('statuses', 'stan', rule('get', '', '*/status')),
    call: as('stan', get(`${PODS}/zz/status`)),
    answer: refused(404, 'NotFound', 'pods "zz" not found', {kind: 'pods', name: 'zz'}),
    eventually: true,
  },
  {
    name: 'bindings to roles that are not there are told',
    before: [
      roleBinding('dangling', ['Role', 'nope'], user('dan')),
      clusterRoleBinding('dangling', 'nope', user('dan')),
    ],
    call: as('dan', get(PODS)),
    answer: refused(
      403,
      'Forbidden',
      `pods is forbidden: User "dan" cannot ${inDefault('list', 'pods')}: ${DANGLING}`,
      {kind: 'pods'},
    ),
    eventually: true,
  },
  {
    name: 'paths, with a star at the end',
    before: [
      clusterRole('paths', [{nonResourceURLs: ['/foo/*'], verbs: ['get']}]),
      clusterRoleBinding('paths', 'paths', user('paul')),
    ],
    call: as('paul', get('/foo/bar')),
    answer: {code: 404, text: '404 page not found\n'},
    eventually: true,
  },
  {
    name: 'the star covers what is below',
    call: as('paul', get('/foo')),
    answer: forbidden('paul', 'get path "/foo"', undefined),
  },
  {
    name: 'a role gathers the rules of others, by their names',
    before: [
      clusterRole('gathered', [rule('get', 'zz', 'gone')], {
        aggregationRule: {clusterRoleSelectors: [{matchLabels: {gather: 't'}}]},
      }),
      clusterRole('part-b', [rule('get', 'b', 'b')], {}, {gather: 't'}),
      clusterRole('part-a', [rule('get', 'a', 'a'), rule('get', 'b', 'b')], {}, {gather: 't'}),
    ],
    call: get(`${RBAC}/clusterroles/gathered`),
    answer: {
      code: 200,
      object: {rules: [rule('get', 'a', 'a'), rule('get', 'b', 'b')]},
      owners: [
        'clusterrole-aggregation-controller Apply {"f:rules":{}}',
        'unknown Update {"f:aggregationRule":{".":{},"f:clusterRoleSelectors":{}}}',
      ],
    },
    eventually: true,
  },
  {
    name: 'view may read but no secrets',
    before: [roleBinding('viewer', ['ClusterRole', 'view'], user('vera'))],
    call: as('vera', get(`${CM}/allowed`)),
    answer: {code: 200, object: {metadata: {name: 'allowed'}}},
    eventually: true,
  },
  {
    name: 'so no secrets',
    call: as('vera', get('/api/v1/namespaces/default/secrets')),
    answer: forbidden('vera', inDefault('list', 'secrets'), {kind: 'secrets'}),
  },
  {
    name: 'edit writes what view reads',
    before: [roleBinding('editor', ['ClusterRole', 'edit'], user('eddy'))],
    call: as('eddy', post(CM, configMap('by-eddy'))),
    answer: {code: 201},
    eventually: true,
  },
  {
    name: 'a pod of an account that is not there',
    call: post(PODS, pod('nosa', {serviceAccountName: 'nope'})),
    answer: refused(
      403,
      'Forbidden',
      'pods "nosa" is forbidden: error looking up service account default/nope: serviceaccount "nope" not found',
      {kind: 'pods', name: 'nosa'},
    ),
  },
  {
    name: 'who has every role still may not in a group that has none',
    call: as('eddy', merge(`${GADGETS}/there`, {})),
    answer: forbidden('eddy', inDefault('patch', 'gadgets', 't.dev'), {kind: 'gadgets', name: 'there', group: 't.dev'}),
  },
];
