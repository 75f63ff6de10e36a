import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {pod} from '../controllers/memory-cluster.ts';
import {admissionFixture, refusal} from './admission-fixture.ts';
import {jsonPatch, startTestServer, testAuthority} from './webhook-server.ts';
import type {Answer, TestAuthority, TestWebhookServer} from './webhook-server.ts';

const deny =
  (status?: JsonObject): Answer =>
  () => ({allowed: false, ...(status === undefined ? {} : {status})});
const raw = (code: number, body: string): Answer => ({raw: (response) => response.writeHead(code).end(body)});

const ANSWERS: Record<string, Answer> = {
  '/allow': () => ({allowed: true}),
  '/deny': deny(),
  '/deny-message': deny({message: 'policy p1 rule r2 forbids this; change spec.x'}),
  '/deny-code': deny({
    code: 422,
    reason: 'Invalid',
    message: 'custom',
    details: {causes: [{reason: 'FieldValueInvalid', message: 'bad x', field: 'spec.x'}]},
  }),
  '/deny-reason': deny({reason: 'MyReason'}),
  '/deny-200': deny({code: 200, message: 'code 200 deny'}),
  '/deny-warn': () => ({allowed: false, status: {message: 'nope'}, warnings: ['denied with warning']}),
  '/warn': () => ({allowed: true, warnings: ['policy says: be careful']}),
  '/hang': {raw: () => undefined},
  '/500': raw(500, 'boom'),
  '/empty': raw(200, ''),
  '/no-kind': raw(200, '{}'),
  '/wrong-uid': () => ({uid: 'zzz', allowed: true}),
  '/no-response': raw(200, '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}'),
  '/reset': {raw: (response) => void response.socket?.destroy()},
  '/patch': () => ({allowed: true, ...jsonPatch({op: 'add', path: '/metadata/annotations', value: {a: 'b'}})}),
  '/bad-patch': () => ({allowed: true, ...jsonPatch({op: 'remove', path: '/spec/doesnotexist'})}),
  '/no-type': () => ({allowed: true, patch: 'W10='}),
  '/object-patch': () => ({allowed: true, patchType: 'JSONPatch', patch: 'e30='}),
  '/bad-base64': () => ({allowed: true, patchType: 'JSONPatch', patch: '!!'}),
  '/wrong-type': () => ({allowed: true, ...jsonPatch({op: 'replace', path: '/spec/containers', value: 'x'})}),
};

let authority: TestAuthority;
let server: TestWebhookServer;

beforeAll(async () => {
  authority = await testAuthority();
  server = await startTestServer({authority, answers: ANSWERS});
});
afterAll(() => server.close());

function hook(path: string, fields: JsonObject = {}): JsonObject {
  return {clientConfig: {url: `${server.base}${path}`, caBundle: authority.caBundle}, ...fields};
}

function fixture(kind: 'Mutating' | 'Validating', ...hooks: JsonObject[]) {
  const made = admissionFixture();
  made.configure(kind, 'w', hooks);
  return made;
}

const PREFIX = 'admission webhook "v1.example.dev" denied the request';

describe('denials', () => {
  const rows: {path: string; status: JsonObject}[] = [
    {path: '/deny', status: {code: 400, message: `${PREFIX} without explanation`}},
    {
      path: '/deny-message',
      status: {code: 400, message: `${PREFIX}: policy p1 rule r2 forbids this; change spec.x`},
    },
    {
      path: '/deny-code',
      status: {
        code: 422,
        reason: 'Invalid',
        message: `${PREFIX}: custom`,
        details: {causes: [{reason: 'FieldValueInvalid', message: 'bad x', field: 'spec.x'}]},
      },
    },
    {path: '/deny-reason', status: {code: 400, reason: 'MyReason', message: `${PREFIX}: MyReason`}},
    {path: '/deny-200', status: {code: 400, message: `${PREFIX}: code 200 deny`}},
  ];
  test.each(rows)('$path', async ({path, status}) => {
    const base = {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure'};
    for (const kind of ['Validating', 'Mutating'] as const) {
      const made = fixture(kind, hook(path));
      const answer = await refusal(kind === 'Mutating' ? made.mutate() : made.validate());
      expect(answer).toEqual({...base, ...status});
      await made.admission.close();
    }
  });

  test('warnings arrive with a denial, and those of every webhook', async () => {
    const made = fixture('Validating', hook('/deny-warn'), hook('/warn'));
    expect((await refusal(made.validate())).message).toBe(`${PREFIX}: nope`);
    expect(made.warnings.toSorted()).toEqual(['denied with warning', 'policy says: be careful']);
    await made.admission.close();
  });
});

describe('failures', () => {
  const post = (path: string): string => `failed to call webhook: Post "${server.base}${path}?timeout=1s":`;
  const rows: {path: string; why: (path: string) => string}[] = [
    {path: '/hang', why: (path) => `${post(path)} context deadline exceeded`},
    {path: '/reset', why: (path) => `${post(path)} EOF`},
    {
      path: '/500',
      why: () => 'failed to call webhook: an error on the server ("boom") has prevented the request from succeeding',
    },
    {path: '/404', why: () => 'failed to call webhook: the server could not find the requested resource'},
    {
      path: '/empty',
      why: () => 'failed to call webhook: 0-length response with status code: 200 and content type: application/json',
    },
    {
      path: '/no-kind',
      why: () => 'received invalid webhook response: webhook response was absent',
    },
    {path: '/no-response', why: () => 'received invalid webhook response: webhook response was absent'},
    {
      path: '/patch',
      why: () => 'received invalid webhook response: validating webhook may not return response.patch',
    },
  ];
  test.each(rows)('$path fails the request, or is ignored by its failurePolicy', async ({path, why}) => {
    const strict = fixture('Validating', hook(path, {timeoutSeconds: 1}));
    const message = `failed calling webhook "v1.example.dev": ${why(path)}`;
    expect(await refusal(strict.validate())).toMatchObject({
      code: 500,
      reason: 'InternalError',
      message: `Internal error occurred: ${message}`,
      details: {causes: [{message}]},
    });
    const lenient = fixture('Validating', hook(path, {timeoutSeconds: 1, failurePolicy: 'Ignore'}));
    await expect(lenient.validate()).resolves.toBeUndefined();
    await Promise.all([strict.admission.close(), lenient.admission.close()]);
  });

  test('an answer to another question', async () => {
    const made = fixture('Validating', hook('/wrong-uid'));
    expect((await refusal(made.validate())).message).toMatch(
      /received invalid webhook response: expected response\.uid="[0-9a-f-]{36}", got "zzz"$/,
    );
    await made.admission.close();
  });
});

describe('patches', () => {
  test('are applied to what the next webhook sees', async () => {
    const made = fixture('Mutating', hook('/patch'), hook('/allow'));
    const before = server.seen.length;
    expect(await made.mutate()).toMatchObject({metadata: {name: 'm', annotations: {a: 'b'}}});
    expect(server.seen.slice(before).map(({request}) => (request.object ?? {})['metadata'])).toEqual([
      {name: 'm', namespace: 'bar'},
      {name: 'm', namespace: 'bar', annotations: {a: 'b'}},
    ]);
    await made.admission.close();
  });

  const FAILED = 'Internal error occurred: failed calling webhook "v1.example.dev":';
  test.each([
    {
      path: '/no-type',
      message: `${FAILED} received invalid webhook response: webhook returned response.patch but not response.patchType`,
    },
    {
      path: '/object-patch',
      message: `${FAILED} received undecodable patch in webhook response: json: cannot unmarshal object into Go value of type jsonpatch.Patch`,
    },
    {path: '/bad-base64', message: `${FAILED} failed to call webhook: illegal base64 data at input byte 0`},
  ])('$path is a failure of the webhook', async ({path, message}) => {
    const made = fixture('Mutating', hook(path));
    expect((await refusal(made.mutate())).message).toBe(message);
    await made.admission.close();
  });

  test('one that can not be applied fails the request even where failures are ignored', async () => {
    const made = fixture('Mutating', hook('/bad-patch', {failurePolicy: 'Ignore'}));
    expect((await refusal(made.mutate())).message).toBe(
      'Internal error occurred: remove operation does not apply: doc is missing path: "/spec/doesnotexist": missing value',
    );
    await made.admission.close();
  });

  test('one that breaks a type of a built-in kind', async () => {
    const rules = [{apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE']}];
    const made = fixture('Mutating', hook('/wrong-type', {rules}));
    const status = await refusal(made.mutate({type: made.typeOf('pods'), object: pod('p')}));
    expect(status).toMatchObject({code: 500, reason: 'InternalError'});
    expect(status.message).toContain('json: cannot unmarshal string into Go struct field PodSpec.spec.containers');
    await made.admission.close();
  });

  test('of a DELETE have nothing to change', async () => {
    const made = fixture('Mutating', hook('/allow'));
    expect(await made.mutate({operation: 'DELETE', object: null, oldObject: made.input().object})).toBeNull();
    await made.admission.close();
  });
});
