import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {CONFIG_MAPS, configMap, testCluster, WIDGET_CRD, widgetBody, WIDGETS} from './support/clusters.ts';
import type {TestCluster} from './support/clusters.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster();
  await at.cluster.applyManifests(WIDGET_CRD);
  await at.http.post(CONFIG_MAPS, configMap('c1', {data: {a: '1'}}));
  await at.http.post(WIDGETS, widgetBody('w1', {min: 1}));
});

afterAll(() => at.close());

const UID = 'c72a9a9d-14a2-4b16-a11f-8c281bee8789';
const STALE = 'the object has been modified; please apply your changes to the latest version and try again';
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

interface Case {
  readonly name: string;
  readonly call: [method: string, path: string, body?: unknown, contentType?: string];
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: object;
}

/** Answers recorded from a kube-apiserver 1.36 (apiserver-errors.md §2.2-2.3). */
const CASES: Case[] = [
  {
    name: 'a missing object of a custom kind',
    call: ['GET', `${WIDGETS}/nope`],
    code: 404,
    reason: 'NotFound',
    message: 'widgets.example.dev "nope" not found',
    details: {name: 'nope', group: 'example.dev', kind: 'widgets'},
  },
  {
    name: 'a missing object of the core group',
    call: ['GET', `${CONFIG_MAPS}/nope`],
    code: 404,
    reason: 'NotFound',
    message: 'configmaps "nope" not found',
    details: {name: 'nope', kind: 'configmaps'},
  },
  {
    name: 'an unknown type of the core group',
    call: ['GET', '/api/v1/namespaces/default/foos'],
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  },
  {
    name: 'a subresource that a kind does not have',
    call: ['GET', `${CONFIG_MAPS}/c1/status`],
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  },
  {
    name: 'a create in a namespace that is not there',
    call: ['POST', '/api/v1/namespaces/nons/configmaps', configMap('x')],
    code: 404,
    reason: 'NotFound',
    message: 'namespaces "nons" not found',
    details: {name: 'nons', kind: 'namespaces'},
  },
  {
    name: 'another namespace in the body than in the URL',
    call: ['POST', CONFIG_MAPS, {...configMap('x'), metadata: {name: 'x', namespace: 'other'}}],
    code: 400,
    reason: 'BadRequest',
    message: 'the namespace of the provided object does not match the namespace sent on the request',
  },
  {
    name: 'another name in the body than in the URL',
    call: ['PUT', `${CONFIG_MAPS}/aaa`, configMap('bbb')],
    code: 400,
    reason: 'BadRequest',
    message: 'the name of the object (bbb) does not match the name on the URL (aaa)',
  },
  {
    name: 'another kind of the core group',
    call: ['POST', CONFIG_MAPS, {apiVersion: 'v1', kind: 'Secret', metadata: {name: 'x'}}],
    code: 400,
    reason: 'BadRequest',
    message:
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
  },
  {
    name: 'another kind than a custom one',
    call: ['POST', WIDGETS, {apiVersion: 'example.dev/v1', kind: 'Foo', metadata: {name: 'x'}}],
    code: 422,
    reason: 'Invalid',
    message: 'Foo.example.dev "x" is invalid: kind: Invalid value: "Foo": must be Widget',
  },
  {
    name: 'another version',
    call: ['POST', WIDGETS, {apiVersion: 'example.dev/v9', kind: 'Widget', metadata: {name: 'x'}}],
    code: 400,
    reason: 'BadRequest',
    message: 'the API version in the data (example.dev/v9) does not match the expected API version (example.dev/v1)',
  },
  {
    name: 'no kind in a custom object',
    call: ['POST', WIDGETS, {metadata: {name: 'x'}}],
    code: 400,
    reason: 'BadRequest',
    message: `the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in '{"metadata":{"name":"x"}}' ({"metadata":{"name":"x"}})`,
  },
  {
    name: 'a body that ends early',
    call: ['POST', CONFIG_MAPS, '{"a":'],
    code: 400,
    reason: 'BadRequest',
    message: `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({"a":)`,
  },
  {
    name: 'no name',
    call: ['POST', CONFIG_MAPS, {apiVersion: 'v1', kind: 'ConfigMap', metadata: {}}],
    code: 422,
    reason: 'Invalid',
    message: 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
  },
  {
    name: 'a bad name',
    call: ['POST', CONFIG_MAPS, configMap('Bad_Name')],
    code: 422,
    reason: 'Invalid',
    message: `ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": ${SUBDOMAIN}`,
  },
  {
    name: 'a resourceVersion on a new object',
    call: ['POST', CONFIG_MAPS, {...configMap('rvx'), metadata: {name: 'rvx', resourceVersion: '5'}}],
    code: 500,
    message: 'resourceVersion should not be set on objects to be created',
  },
  {
    name: 'an object that exists',
    call: ['POST', CONFIG_MAPS, configMap('c1')],
    code: 409,
    reason: 'AlreadyExists',
    message: 'configmaps "c1" already exists',
    details: {name: 'c1', kind: 'configmaps'},
  },
  {
    name: 'a stale resourceVersion in a PUT',
    call: ['PUT', `${CONFIG_MAPS}/c1`, {...configMap('c1'), metadata: {name: 'c1', resourceVersion: '1'}}],
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on configmaps "c1": ${STALE}`,
    details: {name: 'c1', kind: 'configmaps'},
  },
  {
    name: 'a stale resourceVersion in a patch',
    call: ['PATCH', `${WIDGETS}/w1`, {metadata: {resourceVersion: '1'}}, 'application/merge-patch+json'],
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on widgets.example.dev "w1": ${STALE}`,
  },
  {
    name: 'a resourceVersion that is no number',
    call: ['PUT', `${CONFIG_MAPS}/c1`, {...configMap('c1'), metadata: {name: 'c1', resourceVersion: 'abc'}}],
    code: 500,
    message: 'strconv.ParseUint: parsing "abc": invalid syntax',
  },
  {
    name: 'a PUT of a custom object without resourceVersion',
    call: ['PUT', `${WIDGETS}/w1`, widgetBody('w1')],
    code: 422,
    reason: 'Invalid',
    message:
      'widgets.example.dev "w1" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
  },
  {
    name: 'a PUT on nothing',
    call: ['PUT', `${CONFIG_MAPS}/c2`, configMap('c2')],
    code: 404,
    reason: 'NotFound',
    message: 'configmaps "c2" not found',
  },
  {
    name: 'a patch of the uid',
    call: ['PATCH', `${CONFIG_MAPS}/c1`, {metadata: {uid: 'zzz'}}, 'application/merge-patch+json'],
    code: 422,
    reason: 'Invalid',
    message: 'ConfigMap "c1" is invalid: metadata.uid: Invalid value: "zzz": field is immutable',
  },
  {
    name: 'a patch content type that is none, core',
    call: ['PATCH', `${CONFIG_MAPS}/c1`, {}, 'application/json'],
    code: 415,
    reason: 'UnsupportedMediaType',
    message: '415: Unsupported Media Type',
    details: {},
  },
  {
    name: 'a strategic merge patch of a custom kind',
    call: ['PATCH', `${WIDGETS}/w1`, {}, 'application/strategic-merge-patch+json'],
    code: 415,
    reason: 'UnsupportedMediaType',
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, ' +
      'application/merge-patch+json, application/apply-patch+yaml',
  },
  {
    name: 'a JSON patch whose test fails',
    call: ['PATCH', `${CONFIG_MAPS}/c1`, [{op: 'test', path: '/data/a', value: 'zz'}], 'application/json-patch+json'],
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: {},
  },
  {
    name: 'an object where a JSON patch should be',
    call: ['PATCH', `${CONFIG_MAPS}/c1`, {}, 'application/json-patch+json'],
    code: 400,
    reason: 'BadRequest',
    message: 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
  },
  {
    name: 'a list where a merge patch should be',
    call: ['PATCH', `${CONFIG_MAPS}/c1`, [], 'application/merge-patch+json'],
    code: 400,
    reason: 'BadRequest',
    message: 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
  },
  {
    name: 'a content type that is none',
    call: ['POST', CONFIG_MAPS, {}, 'text/foo'],
    code: 415,
    reason: 'UnsupportedMediaType',
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, ' +
      'application/vnd.kubernetes.protobuf',
  },
  {
    name: 'a verb on the wrong path',
    call: ['POST', `${CONFIG_MAPS}/c1`, {}],
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  },
  {
    name: 'a delete of a document',
    call: ['DELETE', '/version'],
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
  },
  {
    name: 'an unknown fieldValidation',
    call: ['POST', `${WIDGETS}?fieldValidation=Bogus`, widgetBody('u5')],
    code: 422,
    reason: 'Invalid',
    message:
      'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Bogus": supported values: "", "Ignore", "Strict", "Warn"',
  },
  {
    name: 'an unknown dryRun',
    call: ['POST', `${CONFIG_MAPS}?dryRun=x`, configMap('dry')],
    code: 422,
    reason: 'Invalid',
    message: 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["x"]: supported values: "All"',
  },
  {
    name: 'force on a patch that is no apply',
    call: ['PATCH', `${CONFIG_MAPS}/c1?force=true`, {}, 'application/merge-patch+json'],
    code: 422,
    reason: 'Invalid',
    message: 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
  },
  {
    name: 'an apply without a field manager',
    call: ['PATCH', `${CONFIG_MAPS}/c1`, configMap('c1'), 'application/apply-patch+yaml'],
    code: 422,
    reason: 'Invalid',
    message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  },
  {
    name: 'an apply of another kind',
    call: ['PATCH', `${WIDGETS}/w1?fieldManager=m`, {spec: {}}, 'application/apply-patch+yaml'],
    code: 400,
    reason: 'BadRequest',
    message: 'invalid object type: /, Kind=',
  },
  {
    name: 'an apply with managedFields',
    call: [
      'PATCH',
      `${WIDGETS}/w1?fieldManager=m`,
      widgetBody('w1', {}, {managedFields: []}),
      'application/apply-patch+yaml',
    ],
    code: 400,
    reason: 'BadRequest',
    message: 'metadata.managedFields must be nil',
  },
  {
    name: 'an apply with the uid of something that is gone',
    call: [
      'PATCH',
      `${WIDGETS}/gone?fieldManager=m`,
      widgetBody('gone', {}, {uid: UID}),
      'application/apply-patch+yaml',
    ],
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on widgets.example.dev "gone": uid mismatch: the provided object specified uid ${UID}, and no existing object was found`,
    details: {name: 'gone', group: 'example.dev', kind: 'widgets'},
  },
  {
    name: 'an apply with the uid of something that was created again',
    call: ['PATCH', `${WIDGETS}/w1?fieldManager=m`, widgetBody('w1', {}, {uid: UID}), 'application/apply-patch+yaml'],
    code: 422,
    reason: 'Invalid',
    message: `Widget.example.dev "w1" is invalid: metadata.uid: Invalid value: "${UID}": field is immutable`,
  },
  {
    name: 'a status apply on nothing',
    call: ['PATCH', `${WIDGETS}/gone/status?fieldManager=m`, widgetBody('gone'), 'application/apply-patch+yaml'],
    code: 404,
    reason: 'NotFound',
    message: 'widgets.example.dev "gone" not found',
  },
  {
    name: 'an unknown field in an apply',
    call: ['PATCH', `${WIDGETS}/w1?fieldManager=m`, widgetBody('w1', {foo: 1}), 'application/apply-patch+yaml'],
    code: 500,
    message:
      'failed to create typed patch object (/w1; example.dev/v1, Kind=Widget): .spec.foo: field not declared in schema',
  },
  {
    name: 'a failed precondition of a delete',
    call: ['DELETE', `${CONFIG_MAPS}/c1`, {preconditions: {resourceVersion: '1', uid: ''}}],
    code: 409,
    reason: 'Conflict',
    message:
      'Operation cannot be fulfilled on ConfigMap "c1": the ResourceVersion in the precondition (1) does not match',
    details: {name: 'c1', kind: 'ConfigMap'},
  },
  {
    name: 'an unknown propagation policy',
    call: ['DELETE', `${CONFIG_MAPS}/c1`, {propagationPolicy: 'X'}],
    code: 422,
    reason: 'Invalid',
    message:
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "X": supported values: "Foreground", "Background", "Orphan", "nil"',
  },
  {
    name: 'the deletion of a namespace that every cluster has',
    call: ['DELETE', '/api/v1/namespaces/default'],
    code: 403,
    reason: 'Forbidden',
    message: 'namespaces "default" is forbidden: this namespace may not be deleted',
    details: {name: 'default', kind: 'namespaces'},
  },
  {
    name: 'a field that a core kind cannot be selected by',
    call: ['GET', `${CONFIG_MAPS}?fieldSelector=data.a%3Db`],
    code: 400,
    reason: 'BadRequest',
    message: '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
  },
  {
    name: 'a field that a custom kind cannot be selected by',
    call: ['GET', `${WIDGETS}?fieldSelector=spec.min%3D1`],
    code: 400,
    reason: 'BadRequest',
    message: 'field label not supported: spec.min',
  },
  {
    name: 'a timeout that is no duration',
    call: ['GET', `${CONFIG_MAPS}?timeout=abc`],
    code: 400,
    reason: 'BadRequest',
    message: 'invalid timeout specified in the request URL - time: invalid duration "abc"',
  },
];

describe('a refused request is answered as a kube-apiserver does:', () => {
  test.each(CASES)('$name', async ({call: [method, path, body, contentType], code, reason, message, details}) => {
    const answer = await at.http.call(method, path, {
      ...(body === undefined ? {} : {body}),
      ...(contentType === undefined ? {} : {contentType}),
    });
    expect(answer.body).toMatchObject({kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code});
    expect(answer.status).toBe(code);
    expect(answer.body.message).toContain(message);
    expect(answer.body.reason).toBe(reason);
    if (details !== undefined) expect(answer.body.details).toMatchObject(details);
    expect(answer.text.endsWith('\n')).toBe(true);
  });

  test.each(['/apis/example.dev/v1/namespaces/default/foos', '/apis/nope.dev/v1/x', '/foo'])(
    'a type that nobody serves is a plain page: %s',
    async (path) => {
      const answer = await at.http.get(path);
      expect([answer.status, answer.text]).toEqual([404, '404 page not found\n']);
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    },
  );

  test('a body above 3 MiB is a 413, and the connection still works', async () => {
    const big = await at.http.post(CONFIG_MAPS, configMap('big', {data: {a: 'x'.repeat(3 * 1024 * 1024)}}));
    expect([big.status, big.body.message]).toEqual([413, 'Request entity too large: limit is 3145728']);
    expect((await at.http.get('/version')).status).toBe(200);
  });

  test('nothing of all this was stored', async () => {
    const names = (await at.http.get(CONFIG_MAPS)).body.items.map((item: any) => item.metadata.name);
    expect(names.filter((name: string) => name !== 'kube-root-ca.crt')).toEqual(['c1']);
  });
});
