import {afterAll, beforeAll, describe, expect} from 'vitest';
import {testAuthority} from '../admission/webhook-server.ts';
import type {TestAuthority, TestWebhookServer} from '../admission/webhook-server.ts';
import {internalError, invalid, refused} from './answers.ts';
import {startHookServer} from './hooked-cluster.ts';
import type {Hook, HookedCluster} from './hooked-cluster.ts';
import {CM, configMap, PODS, pod} from './kinds.ts';
import {replay, send} from './replay.ts';
import {merge, post} from './row.ts';
import type {Call, Row} from './row.ts';

const HOUR_MS = 3_600_000;

let at: HookedCluster;
let stranger: TestAuthority;
let misnamed: TestWebhookServer;
let expired: TestWebhookServer;

async function start(cluster: HookedCluster): Promise<void> {
  const now = Date.now();
  at = cluster;
  [stranger, misnamed, expired] = await Promise.all([
    testAuthority('another CA'),
    startHookServer(at.authority, {ipAddresses: [], dnsNames: ['other.example.dev']}),
    startHookServer(at.authority, {validMs: [now - 2 * HOUR_MS, now - HOUR_MS]}),
  ]);
}

const DENIED = 'admission webhook "v1.example.dev" denied the request';
const CALL_FAILED = 'failed calling webhook "v1.example.dev": failed to call webhook';
const BAD_ANSWER = 'failed calling webhook "v1.example.dev": received invalid webhook response';
const MUTATION_FAILED = 'failed calling webhook "m1.example.dev"';
const X509 = 'tls: failed to verify certificate: x509:';

/** A row and the webhook that stands in its way. Addresses are only known when it runs. */
interface HookedRow extends Omit<Row, 'call' | 'answer'> {
  readonly hook: Hook;
  readonly call?: Call;
  readonly answer: () => Row['answer'];
}

/** What the client sees of what a webhook answers: apiserver §5.2. */
export const answerRows: readonly HookedRow[] = [
  {
    name: 'a denial without a word',
    hook: {path: '/deny'},
    answer: () => refused(400, undefined, `${DENIED} without explanation`),
  },
  {
    name: 'a message',
    hook: {path: '/deny-message'},
    answer: () => refused(400, undefined, `${DENIED}: policy p1 rule r2 forbids this; change spec.x`),
  },
  {
    name: 'a code, with reason and causes',
    hook: {path: '/deny-code'},
    answer: () =>
      refused(422, 'Invalid', `${DENIED}: custom invalid message`, {
        causes: [{reason: 'FieldValueInvalid', message: 'bad x', field: 'spec.x'}],
      }),
  },
  {
    name: 'a reason alone is the message, too',
    hook: {path: '/deny-reason'},
    answer: () => refused(400, 'MyReason', `${DENIED}: MyReason`),
  },
  {
    name: 'a code that is no error',
    hook: {path: '/deny-200'},
    answer: () => refused(400, undefined, `${DENIED}: code 200 deny`),
  },
  {name: 'a code alone', hook: {path: '/deny-409'}, answer: () => refused(409, undefined, `${DENIED}: conf`)},
  {
    name: 'a warning on a denial',
    hook: {path: '/deny-warn'},
    answer: () => ({...refused(400, undefined, `${DENIED}: nope`), warnings: ['denied with warning']}),
  },
  {
    name: 'warnings: control characters drop one, everything else goes through',
    hook: {path: '/warn'},
    answer: () => ({code: 201, warnings: ['plain', 'with "quotes" and \\', 'utf8 é→']}),
  },
  {
    name: 'warnings above 4,096 characters are cut to 256 each',
    hook: {path: '/warn-long'},
    answer: () => ({code: 201, warnings: ['x'.repeat(256), 'y'.repeat(256)]}),
  },
  {name: 'audit annotations', hook: {path: '/audit'}, answer: () => ({code: 201})},
  {name: 'another content type', hook: {path: '/text'}, answer: () => ({code: 201})},
  {
    name: 'no answer in time',
    hook: {path: '/hang', fields: {timeoutSeconds: 1}},
    answer: () => internalError(`${CALL_FAILED}: Post "${at.server.base}/hang?timeout=1s": context deadline exceeded`),
  },
  {
    name: 'no answer in time, ignored',
    hook: {path: '/hang', fields: {timeoutSeconds: 1, failurePolicy: 'Ignore'}},
    answer: () => ({code: 201}),
  },
  {
    name: 'a 500',
    hook: {path: '/500'},
    answer: () =>
      internalError(`${CALL_FAILED}: an error on the server ("boom") has prevented the request from succeeding`),
  },
  {
    name: 'a 500 that is no text',
    hook: {path: '/500-json'},
    answer: () =>
      internalError(`${CALL_FAILED}: an error on the server ("unknown") has prevented the request from succeeding`),
  },
  {
    name: 'a 404',
    hook: {path: '/nobody'},
    answer: () => internalError(`${CALL_FAILED}: the server could not find the requested resource`),
  },
  {
    name: 'no JSON',
    hook: {path: '/bad-json'},
    answer: () =>
      internalError(
        `${CALL_FAILED}: couldn't get version/kind; json parse error: invalid character 'n' looking for beginning of object key string`,
      ),
  },
  {
    name: 'nothing',
    hook: {path: '/empty'},
    answer: () =>
      internalError(`${CALL_FAILED}: 0-length response with status code: 200 and content type: application/json`),
  },
  {
    name: 'another uid',
    hook: {path: '/wrong-uid'},
    answer: () => internalError(`${BAD_ANSWER}: expected response.uid="<uid>", got "zzz"`),
  },
  {
    name: 'an answer that says nothing',
    hook: {path: '/nothing-said'},
    answer: () => internalError(`${BAD_ANSWER}: expected response.uid="<uid>", got ""`),
  },
  {
    name: 'no version',
    hook: {path: '/no-version'},
    answer: () =>
      internalError(
        `${BAD_ANSWER}: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=`,
      ),
  },
  {
    name: 'no response in it',
    hook: {path: '/no-response'},
    answer: () => internalError(`${BAD_ANSWER}: webhook response was absent`),
  },
  {
    name: 'a patch by a validating one',
    hook: {path: '/patch'},
    answer: () => internalError(`${BAD_ANSWER}: validating webhook may not return response.patch`),
  },
  {
    name: 'a certificate for another name',
    hook: {path: '/allow', client: () => ({url: `${misnamed.base}/allow`})},
    answer: () =>
      internalError(
        `${CALL_FAILED}: Post "${misnamed.base}/allow?timeout=2s": ${X509} cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs`,
      ),
  },
  {
    name: 'a certificate of the past',
    hook: {path: '/allow', client: () => ({url: `${expired.base}/allow`})},
    answer: () => ({
      code: 500,
      object: {
        reason: 'InternalError',
        message: expect.stringContaining(`${X509} certificate has expired or is not yet valid: current time `),
      },
    }),
  },
  {
    name: 'a certificate of another authority',
    hook: {path: '/allow', client: () => ({caBundle: stranger.caBundle})},
    answer: () =>
      internalError(
        `${CALL_FAILED}: Post "${at.server.base}/allow?timeout=2s": ${X509} certificate signed by unknown authority`,
      ),
  },
  {
    name: 'no authority named',
    hook: {path: '/allow', client: () => ({caBundle: undefined})},
    answer: () =>
      internalError(
        `${CALL_FAILED}: Post "${at.server.base}/allow?timeout=2s": ${X509} certificate signed by unknown authority`,
      ),
  },
  {
    name: 'nobody listens',
    hook: {path: '/allow', client: () => ({url: 'https://127.0.0.1:1/allow'})},
    answer: () =>
      internalError(
        `${CALL_FAILED}: Post "https://127.0.0.1:1/allow?timeout=2s": dial tcp 127.0.0.1:1: connect: connection refused`,
      ),
  },
  {
    name: 'a patch, owned by nobody',
    hook: {kind: 'Mutating', path: '/patch'},
    answer: () => ({code: 201, object: {metadata: {annotations: {patched: 'yes'}}}, owners: []}),
  },
  {
    name: 'a patch that does not apply fails the request, ignored or not',
    hook: {kind: 'Mutating', path: '/bad-patch', fields: {failurePolicy: 'Ignore'}, resources: ['pods']},
    call: post(PODS, pod('bad-patch')),
    answer: () =>
      internalError(
        "error in remove for path: '/spec/doesnotexist': Unable to remove nonexistent key: doesnotexist: missing value",
      ),
  },
  {
    name: 'a patch that removes where nothing is',
    hook: {kind: 'Mutating', path: '/bad-patch'},
    answer: () =>
      internalError('remove operation does not apply: doc is missing path: "/spec/doesnotexist": missing value'),
  },
  {
    name: 'a patch that is no JSON',
    hook: {kind: 'Mutating', path: '/no-patch'},
    answer: () =>
      internalError(
        `${MUTATION_FAILED}: received undecodable patch in webhook response: invalid character 'o' in literal null (expecting 'u')`,
      ),
  },
  {
    name: 'a patch that is no list',
    hook: {kind: 'Mutating', path: '/object-patch'},
    answer: () =>
      internalError(
        `${MUTATION_FAILED}: received undecodable patch in webhook response: json: cannot unmarshal object into Go value of type jsonpatch.Patch`,
      ),
  },
  {
    name: 'a patch without its type',
    hook: {kind: 'Mutating', path: '/no-type'},
    answer: () =>
      internalError(
        `${MUTATION_FAILED}: received invalid webhook response: webhook returned response.patch but not response.patchType`,
      ),
  },
  {
    name: 'a patch that is no base64',
    hook: {kind: 'Mutating', path: '/bad-base64'},
    answer: () => internalError(`${MUTATION_FAILED}: failed to call webhook: illegal base64 data at input byte 0`),
  },
  {
    name: 'a field that a patch invents is dropped silently',
    hook: {kind: 'Mutating', path: '/unknown-field', resources: ['pods']},
    call: post(PODS, pod('zork')),
    answer: () => ({code: 201, lacks: ['spec.zork']}),
  },
  {
    name: 'a patched object is checked like any other',
    hook: {kind: 'Mutating', path: '/bad-name', resources: ['pods']},
    call: post(PODS, pod('bad')),
    answer: () =>
      invalid('Pod "bad"', [
        'Invalid',
        'spec.containers[1].name',
        `Invalid value: "BAD NAME": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start ` +
          `and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
      ]),
  },
  {
    name: 'a patched object that cannot be read',
    hook: {kind: 'Mutating', path: '/wrong-type', resources: ['pods']},
    call: post(PODS, pod('wrong-type')),
    answer: () =>
      internalError(
        'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
      ),
  },
  {
    name: 'a mutating one denies',
    hook: {kind: 'Mutating', path: '/deny-message'},
    answer: () =>
      refused(
        400,
        undefined,
        'admission webhook "m1.example.dev" denied the request: policy p1 rule r2 forbids this; change spec.x',
      ),
  },
  {
    name: 'a mutating one does not answer in time, ignored',
    hook: {kind: 'Mutating', path: '/hang', fields: {timeoutSeconds: 1, failurePolicy: 'Ignore'}},
    answer: () => ({code: 201}),
  },
  {
    name: 'objects that the selector leaves out',
    hook: {path: '/deny', fields: {objectSelector: {matchLabels: {q: '1'}}}},
    answer: () => ({code: 201}),
  },
  {
    name: 'objects that are about to get the label',
    hook: {path: '/deny', fields: {objectSelector: {matchLabels: {q: '1'}}}},
    before: [post(CM, configMap('about-to'))],
    call: merge(`${CM}/about-to`, {metadata: {labels: {q: '1'}}}),
    answer: () => refused(400, undefined, `${DENIED} without explanation`),
  },
];

/** Makes tests of what a client sees of the answers of a webhook. */
export function admissionAnswers(cluster: () => Promise<HookedCluster>): void {
  beforeAll(async () => start(await cluster()));
  afterAll(() => Promise.all([misnamed.close(), expired.close()]));

  for (const {name, hook, call, answer, before} of answerRows) {
    const row: Row = {
      name,
      call: call ?? post(CM, configMap(name.replaceAll(/[^a-z]+/g, '-').replace(/^-|-$/g, ''))),
      get answer() {
        return answer();
      },
    };
    describe(name, () => {
      beforeAll(async () => {
        for (const step of before ?? []) expect((await send(at.http, step)).status).toBeLessThan(300);
        await at.configure(hook);
      });
      replay([row], () => at.http);
    });
  }
}
