import {expect} from 'vitest';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {jsonPatch, startTestServer, testAuthority} from '../admission/webhook-server.ts';
import type {Answer, TestAuthority, TestWebhookServer} from '../admission/webhook-server.ts';
import {testCluster} from '../apiserver/support/clusters.ts';
import type {TestCluster} from '../apiserver/support/clusters.ts';
import {GADGET_CRD} from './kinds.ts';

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1';
const deny =
  (status: JsonObject, more: JsonObject = {}): Answer =>
  () => ({allowed: false, status, ...more});
const raw = (code: number, body: string, contentType = 'application/json'): Answer => ({
  raw: (response) => response.writeHead(code, {'content-type': contentType}).end(body),
});
const review = (response: object, request: {uid: string}): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {uid: request.uid, ...response},
  });

/** What the webhook answers on each path. */
const ANSWERS: Record<string, Answer> = {
  '/allow': () => ({allowed: true}),
  '/deny': () => ({allowed: false}),
  '/deny-message': deny({message: 'policy p1 rule r2 forbids this; change spec.x'}),
  '/deny-code': deny({
    code: 422,
    reason: 'Invalid',
    message: 'custom invalid message',
    details: {causes: [{reason: 'FieldValueInvalid', message: 'bad x', field: 'spec.x'}]},
  }),
  '/deny-reason': deny({reason: 'MyReason'}),
  '/deny-200': deny({code: 200, message: 'code 200 deny'}),
  '/deny-409': deny({code: 409, message: 'conf'}),
  '/deny-warn': deny({message: 'nope'}, {warnings: ['denied with warning']}),
  '/warn': () => ({allowed: true, warnings: ['plain', 'with "quotes" and \\', 'a\nnewline', 'utf8 é→']}),
  '/warn-long': () => ({allowed: true, warnings: ['x'.repeat(300), 'y'.repeat(5000)]}),
  '/audit': () => ({allowed: true, auditAnnotations: {a: 'b'}}),
  '/hang': {raw: () => undefined},
  '/500': raw(500, 'boom'),
  '/bad-json': raw(200, '{nope}'),
  '/empty': raw(200, ''),
  '/wrong-uid': () => ({uid: 'zzz', allowed: true}),
  '/no-version': raw(200, '{"response":{}}'),
  '/text': {
    raw: (response, request) => response.setHeader('content-type', 'text/plain').end(review({allowed: true}, request)),
  },
  '/no-response': raw(200, '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}'),
  '/patch': () => ({allowed: true, ...jsonPatch({op: 'add', path: '/metadata/annotations', value: {patched: 'yes'}})}),
  '/bad-patch': () => ({allowed: true, ...jsonPatch({op: 'remove', path: '/spec/doesnotexist'})}),
  '/no-patch': () => ({allowed: true, patchType: 'JSONPatch', patch: Buffer.from('nope').toString('base64')}),
  '/object-patch': () => ({allowed: true, patchType: 'JSONPatch', patch: 'e30='}),
  '/no-type': () => ({allowed: true, patch: 'W10='}),
  '/bad-base64': () => ({allowed: true, patchType: 'JSONPatch', patch: '!!'}),
  '/unknown-field': () => ({allowed: true, ...jsonPatch({op: 'add', path: '/spec/zork', value: 1})}),
  '/bad-name': () => ({
    allowed: true,
    ...jsonPatch({op: 'add', path: '/spec/containers/-', value: {name: 'BAD NAME', image: 'i'}}),
  }),
};

export interface HookedCluster extends TestCluster {
  readonly authority: TestAuthority;
  readonly server: TestWebhookServer;
  /** Makes this the only webhook of the cluster. */
  configure(hook: Hook): Promise<void>;
}

export async function hookedCluster(): Promise<HookedCluster> {
  const at = await testCluster({runPods: false});
  await at.cluster.applyManifests(GADGET_CRD);
  const authority = await testAuthority();
  const server = await startHookServer(authority);
  return {
    ...at,
    authority,
    server,
    configure: (hook) => configure({at, authority, server}, hook),
    close: async () => {
      await at.close();
      await server.close();
    },
  };
}

/** The same webhook, with another certificate. */
export function startHookServer(
  authority: TestAuthority,
  certificate: Partial<Parameters<typeof startTestServer>[0]> = {},
): Promise<TestWebhookServer> {
  return startTestServer({authority, answers: ANSWERS, ...certificate});
}

export interface Hook {
  readonly kind?: 'Validating' | 'Mutating';
  readonly path: string;
  readonly fields?: object;
  readonly client?: () => {readonly url?: string; readonly caBundle?: string | undefined};
  readonly resources?: readonly string[];
}

async function configure(
  {at, authority, server}: {at: TestCluster; authority: TestAuthority; server: TestWebhookServer},
  {kind = 'Validating', path, fields, client, resources = ['configmaps']}: Hook,
): Promise<void> {
  for (const each of ['validating', 'mutating']) {
    await at.http.delete(`${CONFIGURATIONS}/${each}webhookconfigurations/w`);
  }
  const webhook = {
    name: kind === 'Validating' ? 'v1.example.dev' : 'm1.example.dev',
    clientConfig: {url: `${server.base}${path}`, caBundle: authority.caBundle, ...client?.()},
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    timeoutSeconds: 2,
    rules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources}],
    ...fields,
  };
  const made = await at.http.post(`${CONFIGURATIONS}/${kind.toLowerCase()}webhookconfigurations`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: {name: 'w'},
    webhooks: [webhook],
  });
  expect([made.status, made.text]).toEqual([201, made.text]);
}
