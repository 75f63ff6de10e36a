import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';

import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {
  callsOf,
  reinvocationAnswers,
  reinvocationCases,
  reinvocationHooks,
} from '../dev/admission/reinvocation-cases.ts';
import {startTestServer, testAuthority} from '../dev/admission/webhook-server.ts';
import type {TestAuthority} from '../dev/admission/webhook-server.ts';
import {eventually} from '../tools/eventually.ts';
import {startFidelityServers} from './fidelity-servers.ts';
import type {FidelityServers} from './fidelity-servers.ts';

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const CM = '/api/v1/namespaces/default/configmaps';
const missing = await missingForClusters();

if (missing !== undefined) test(`reinvocation (${missing})`, ({skip}) => skip());

describe.runIf(missing === undefined)('a real API server reinvokes webhooks as the embedded one:', () => {
  let servers: FidelityServers;
  let authority: TestAuthority;
  let tries = 0;

  beforeAll(async () => {
    [servers, authority] = await Promise.all([startFidelityServers(), testAuthority()]);
  }, 90_000);

  afterAll(() => servers.close());

  test.each(reinvocationCases)('$name', async (row) => {
    const server = await startTestServer({
      authority,
      answers: {...reinvocationAnswers, '/ready': () => ({allowed: true})},
    });
    onTestFinished(() => server.close());
    const {http} = servers.real;
    const ready = {path: '/ready', rules: rulesFor('secrets')};
    const hooks = reinvocationHooks({...row, hooks: [...row.hooks, ready]}, server, authority.caBundle);
    const webhooks = hooks.map((hook, at) => ({
      name: `v${at}.example.dev`,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      timeoutSeconds: 10,
      rules: rulesFor('configmaps'),
      ...hook,
    }));
    const name = `m${++tries}`;
    // Before its server goes: a webhook that is not there refuses what the next test writes.
    onTestFinished(async () => {
      await http.delete(`${CONFIGURATIONS}/${name}`);
    });
    const created = await http.post(CONFIGURATIONS, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: {name},
      webhooks,
    });
    expect(created.status, created.text).toBe(201);
    // A configuration takes effect a moment after its create: by the last of its webhooks, all of them are seen to be there.
    const secret = {apiVersion: 'v1', kind: 'Secret', metadata: {name: 's'}};
    await eventually(
      'the configuration to take effect',
      async () => {
        await http.post('/api/v1/namespaces/default/secrets?dryRun=All', secret);
        return server.seen.length > 0;
      },
      30_000,
    );
    server.seen.length = 0;
    const answer = await http.post(`${CM}?dryRun=All`, {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'm'}});
    expect(answer.status, answer.text).toBe(201);
    expect(callsOf(server.seen)).toBe(row.calls);
    if (row.data !== undefined) expect(answer.body.data).toEqual(row.data);
  });
});

function rulesFor(resource: string): readonly object[] {
  return [{apiGroups: [''], apiVersions: ['v1'], resources: [resource], operations: ['CREATE']}];
}
