import {afterEach, beforeAll, beforeEach, expect, test} from 'vitest';
import {configMap} from '../controllers/memory-cluster.ts';
import {admissionFixture} from './admission-fixture.ts';
import type {AdmissionFixture} from './admission-fixture.ts';
import {callsOf, reinvocationAnswers, reinvocationCases, reinvocationHooks} from './reinvocation-cases.ts';
import {startTestServer, testAuthority} from './webhook-server.ts';
import type {TestAuthority, TestWebhookServer} from './webhook-server.ts';

let authority: TestAuthority;
let server: TestWebhookServer;
let made: AdmissionFixture;

beforeAll(async () => {
  authority = await testAuthority();
});
beforeEach(async () => {
  made = admissionFixture();
  server = await startTestServer({authority, answers: reinvocationAnswers});
});
afterEach(async () => {
  await made.admission.close();
  await server.close();
});

test.each(reinvocationCases)('$name', async (row) => {
  made.configure('Mutating', 'm', reinvocationHooks(row, server, authority.caBundle));
  const object = await made.mutate({object: configMap('m')});
  expect(callsOf(server.seen)).toBe(row.calls);
  if (row.data !== undefined) expect(object?.['data']).toEqual(row.data);
});

test('a DELETE has nothing that could change', async () => {
  const clientConfig = {url: `${server.base}/label`, caBundle: authority.caBundle};
  const reinvocationPolicy = 'IfNeeded';
  made.configure('Mutating', 'm', [
    {clientConfig, reinvocationPolicy},
    {clientConfig, reinvocationPolicy, name: 'other.example.dev'},
  ]);
  await made.mutate({operation: 'DELETE', object: null, oldObject: configMap('m')});
  expect(server.seen).toHaveLength(2);
});
