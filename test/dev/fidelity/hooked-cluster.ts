import {expect} from 'vitest';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {jsonPatch, startTestServer, testAuthority} from '../admission/webhook-server.ts';
import type {Answer, TestAuthority, TestWebhookServer} from '../admission/webhook-server.ts';
import {testCluster} from '../apiserver/support/clusters.ts';
import type {HttpClient} from '../apiserver/support/http-client.ts';
import {GADGET_CRD, LEASES, lease} from './kinds.ts';
import {askUntil} from './replay.ts';

type HookKind = 'Validating' | 'Mutating';

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1';
const KINDS: readonly HookKind[] = ['Validating', 'Mutating'];
const PROBE = 'fidelity.example.dev/probe';
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
  '/wrong-type': () => ({
    allowed: true,
    ...jsonPatch({op: 'replace', path: '/spec/containers', value: 'x'}),
  }),
  '/probe': () => ({allowed: false, status: {message: 'probed'}}),
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
  '/500': raw(500, 'boom', 'text/plain'),
  '/500-json': raw(500, 'boom'),
  '/bad-json': raw(200, '{nope}'),
  '/empty': raw(200, ''),
  '/wrong-uid': () => ({uid: 'zzz', allowed: true}),
  '/no-version': {raw: (response, request) => response.end(JSON.stringify({response: {uid: request.uid}}))},
  '/nothing-said': raw(200, '{"response":{}}'),
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

export interface HookedCluster {
  readonly http: HttpClient;
  readonly authority: TestAuthority;
  readonly server: TestWebhookServer;
  /** Makes this the only webhook of the cluster but for the probes; it is in force when this returns. */
  configure(hook: Hook): Promise<void>;
  close(): Promise<void>;
}

/** @param http - of a server with {@link GADGET_CRD}; it stays open */
export async function hookedCluster(http: HttpClient): Promise<HookedCluster> {
  const authority = await testAuthority();
  const server = await startHookServer(authority);
  let configured = 0;
  return {
    http,
    authority,
    server,
    configure: (hook) => configure({http, authority, server}, hook, ++configured),
    close: async () => {
      await Promise.all(KINDS.map((kind) => http.delete(pathOf(kind))));
      await server.close();
    },
  };
}

/** The same on an embedded server of its own. */
export async function embeddedHookedCluster(): Promise<HookedCluster> {
  const at = await testCluster({runPods: false});
  await at.cluster.applyManifests(GADGET_CRD);
  const hooked = await hookedCluster(at.http);
  return {
    ...hooked,
    close: async () => {
      await hooked.close();
      await at.close();
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
  readonly kind?: HookKind;
  readonly path: string;
  readonly fields?: object;
  readonly client?: () => {readonly url?: string; readonly caBundle?: string | undefined};
  readonly resources?: readonly string[];
}

interface Hooked {
  readonly http: HttpClient;
  readonly authority: TestAuthority;
  readonly server: TestWebhookServer;
}

/** Both configurations are written, so that what was before goes; each with a probe that tells when the server has read it. */
async function configure(at: Hooked, hook: Hook, run: number): Promise<void> {
  for (const kind of KINDS) {
    const hooks = (hook.kind ?? 'Validating') === kind ? [webhookOf(at, hook)] : [];
    await write(at.http, kind, [probe(at, kind, run), ...hooks]);
  }
  for (const kind of KINDS) {
    const name = `${kind.toLowerCase()}-${run}`;
    const body = {...lease(name, {}), metadata: {name, labels: {[PROBE]: name}}};
    const call = {method: 'POST', path: `${LEASES}?dryRun=All`, body};
    await askUntil(at.http, call, {
      holds: ({text}) => expect(text).toContain('denied the request: probed'),
      again: true,
    });
  }
  // The probes are nobody's business.
  at.server.seen.length = 0;
}

function pathOf(kind: HookKind): string {
  return `${CONFIGURATIONS}/${kind.toLowerCase()}webhookconfigurations/w`;
}

async function write(http: HttpClient, kind: HookKind, webhooks: readonly object[]): Promise<void> {
  const live = await http.get(pathOf(kind));
  const body = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: {name: 'w', resourceVersion: live.body.metadata.resourceVersion as string | undefined},
    webhooks,
  };
  const path = pathOf(kind);
  const isNew = live.status === 404;
  const made = isNew ? await http.post(path.slice(0, path.lastIndexOf('/')), body) : await http.put(path, body);
  expect([made.status, made.text]).toEqual([isNew ? 201 : 200, made.text]);
}

function probe({server, authority}: Hooked, kind: HookKind, run: number): object {
  return {
    name: `probe-${kind.toLowerCase()}.example.dev`,
    clientConfig: {url: `${server.base}/probe`, caBundle: authority.caBundle},
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    objectSelector: {matchLabels: {[PROBE]: `${kind.toLowerCase()}-${run}`}},
    rules: [{apiGroups: ['coordination.k8s.io'], apiVersions: ['*'], operations: ['CREATE'], resources: ['leases']}],
  };
}

function webhookOf(
  {authority, server}: Hooked,
  {kind = 'Validating', path, fields, client, resources = ['configmaps']}: Hook,
): object {
  return {
    name: kind === 'Validating' ? 'v1.example.dev' : 'm1.example.dev',
    clientConfig: {url: `${server.base}${path}`, caBundle: authority.caBundle, ...client?.()},
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    timeoutSeconds: 2,
    rules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources}],
    ...fields,
  };
}
