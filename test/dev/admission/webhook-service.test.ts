import {afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {resolveWebhook} from '../../../src/dev/admission/webhook-address.ts';
import type {ReachPod} from '../../../src/dev/admission/webhook-address.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {service} from '../controllers/memory-cluster.ts';
import {admissionFixture, refusal} from './admission-fixture.ts';
import type {AdmissionFixture} from './admission-fixture.ts';
import {startTestServer, testAuthority} from './webhook-server.ts';
import type {TestAuthority, TestWebhookServer} from './webhook-server.ts';

const SLICES = {group: 'discovery.k8s.io', plural: 'endpointslices'};
const NAMED = {kind: 'service', namespace: 'bar', name: 'hook', port: 443, path: '/allow'} as const;

let made: AdmissionFixture;
let reachable: Map<string, number>;
const reachPod: ReachPod = (address, port) => {
  const found = reachable.get(`${address}:${port}`);
  return found === undefined ? undefined : {host: '127.0.0.1', port: found};
};

beforeEach(() => {
  reachable = new Map();
  made = admissionFixture(reachPod);
  const ports = [
    {name: 'https', port: 443, targetPort: 8443},
    {name: 'other', port: 80},
  ];
  made.api.create({group: '', plural: 'services'}, service('hook', {ports}));
});
afterEach(() => made.admission.close());

function slice(name: string, endpoints: readonly JsonObject[], ports: readonly JsonObject[]): void {
  made.api.create(SLICES, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {name, namespace: 'bar', labels: {'kubernetes.io/service-name': 'hook'}},
    addressType: 'IPv4',
    endpoints,
    ports,
  });
}

const HTTPS = {name: 'https', port: 8443, protocol: 'TCP'};
const ready = (address: string): JsonObject => ({addresses: [address], conditions: {ready: true}});
const address = (): object => resolveWebhook(NAMED, 10, {api: made.api, reachPod});

describe('a Service with a ClusterIP', () => {
  test('leads to a ready endpoint, by the name of the port, under the name of the Service', () => {
    slice('s', [ready('10.201.0.7')], [{name: 'other', port: 80}, HTTPS]);
    reachable.set('10.201.0.7:8443', 34567);
    expect(address()).toEqual({
      url: 'https://hook.bar.svc:443/allow?timeout=10s',
      path: '/allow?timeout=10s',
      name: 'hook.bar.svc',
      host: '127.0.0.1',
      port: 34567,
    });
  });

  test('passes over endpoints that are not ready, and slices without the port', () => {
    slice('a', [ready('10.201.0.1')], [{name: 'other', port: 80}]);
    slice('b', [{addresses: ['10.201.0.2'], conditions: {ready: false}}, ready('10.201.0.3')], [HTTPS]);
    for (const end of ['1:80', '2:8443', '3:8443']) reachable.set(`10.201.0.${end}`, Number(end[0]));
    expect(address()).toMatchObject({port: 3});
  });

  test('an endpoint without a word on readiness is ready', () => {
    slice('s', [{addresses: ['10.201.0.7']}], [HTTPS]);
    reachable.set('10.201.0.7:8443', 5);
    expect(address()).toMatchObject({port: 5});
  });

  test.each([
    {name: 'no endpoint', endpoints: []},
    {name: 'endpoints that nobody plays', endpoints: [ready('10.201.0.9')]},
  ])('with $name refuses the connection', ({endpoints}) => {
    slice('s', endpoints, [HTTPS]);
    expect(address).toThrow(/dial tcp 10\.101\.\d+\.\d+:443: connect: connection refused$/);
  });
});

describe('a webhook named by Service', () => {
  let authority: TestAuthority;
  let server: TestWebhookServer;

  beforeAll(async () => {
    authority = await testAuthority();
  });
  afterEach(() => server.close());

  async function call(dnsNames: readonly string[]): Promise<void> {
    server = await startTestServer({
      authority,
      dnsNames,
      ipAddresses: [],
      answers: {'/allow': () => ({allowed: true, warnings: ['seen']})},
    });
    reachable.set('10.201.0.7:8443', server.port);
    slice('s', [ready('10.201.0.7')], [HTTPS]);
    const {namespace, name, path} = NAMED;
    made.configure('Validating', 'w', [
      {clientConfig: {service: {namespace, name, path}, caBundle: authority.caBundle}},
    ]);
    await made.validate();
  }

  test('is asked, with the Service as server name and host', async () => {
    await call(['hook.bar.svc']);
    expect(made.warnings).toEqual(['seen']);
    expect(server.seen[0]?.headers.host).toBe('hook.bar.svc:443');
  });

  test('must have a certificate for the name of the Service', async () => {
    expect((await refusal(call(['localhost']))).message).toContain(
      'tls: failed to verify certificate: x509: certificate is valid for localhost, not hook.bar.svc',
    );
  });
});
