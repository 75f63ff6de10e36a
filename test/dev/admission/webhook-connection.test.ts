import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {afterEach, beforeAll, beforeEach, expect, test} from 'vitest';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {service} from '../controllers/memory-cluster.ts';
import {admissionFixture, refusal} from './admission-fixture.ts';
import type {AdmissionFixture} from './admission-fixture.ts';
import {startTestServer, testAuthority} from './webhook-server.ts';
import type {TestAuthority, TestServerOptions, TestWebhookServer} from './webhook-server.ts';

const ANSWERS = {'/allow': () => ({allowed: true}), '/deny': () => ({allowed: false})};

let authority: TestAuthority;
let made: AdmissionFixture;
const servers: TestWebhookServer[] = [];

beforeAll(async () => {
  authority = await testAuthority();
});
beforeEach(() => {
  made = admissionFixture();
});
afterEach(async () => {
  await made.admission.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: Partial<TestServerOptions> = {}): Promise<TestWebhookServer> {
  const server = await startTestServer({authority, answers: ANSWERS, ...options});
  servers.push(server);
  return server;
}

function point(url: string, caBundle: string | undefined = authority.caBundle): void {
  made.configure('Validating', 'w', [{clientConfig: {url, ...(caBundle === '' ? {} : {caBundle})}}]);
}

async function whyNot(url: string): Promise<string> {
  const {message} = await refusal(made.validate());
  const prefix = `Internal error occurred: failed calling webhook "v1.example.dev": failed to call webhook: Post "${url}?timeout=2s": `;
  expect(message).toContain(prefix);
  return (message ?? '').slice(prefix.length);
}

test('a review is a POST with the headers of a kube-apiserver, without a token', async () => {
  const server = await start();
  point(`${server.base}/allow`);
  await made.validate();
  const [seen] = server.seen;
  expect(seen?.url).toBe('/allow?timeout=2s');
  expect(seen?.headers).toMatchObject({
    'accept': 'application/json, */*',
    'content-type': 'application/json',
    'user-agent': 'kube-apiserver-admission',
    'host': `127.0.0.1:${server.port}`,
  });
  expect(Object.keys(seen?.headers ?? {})).not.toContain('authorization');
});

test('one connection serves many reviews', async () => {
  const server = await start();
  point(`${server.base}/allow`);
  for (let count = 0; count < 5; count++) await made.validate();
  expect(server.seen).toHaveLength(5);
  expect(server.connections()).toBe(1);
});

test('an idle connection that the server closed is replaced without an error', async () => {
  const server = await start();
  point(`${server.base}/allow`);
  await made.validate();
  await server.close();
  servers.length = 0;
  const again = await start();
  point(`${again.base}/allow`);
  await made.validate();
  expect(again.seen).toHaveLength(1);
});

test('an unknown authority', async () => {
  const server = await start({authority: await testAuthority()});
  point(`${server.base}/allow`);
  expect(await whyNot(`${server.base}/allow`)).toBe(
    'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  );
});

test('no caBundle means the roots of the system', async () => {
  const server = await start();
  point(`${server.base}/allow`, '');
  expect(await whyNot(`${server.base}/allow`)).toContain('certificate signed by unknown authority');
});

test('a garbage caBundle', async () => {
  const server = await start();
  point(`${server.base}/allow`, Buffer.from('garbage').toString('base64'));
  expect((await refusal(made.validate())).message).toContain('unable to parse bytes as PEM block');
});

test('an expired certificate', async () => {
  const now = Date.now();
  const old = await start({validMs: [now - 2 * 3_600_000, now - 1_800_000]});
  point(`${old.base}/allow`);
  expect(await whyNot(`${old.base}/allow`)).toMatch(
    /^tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time \S+Z is after /,
  );
});

test.each([
  {
    name: 'another address',
    names: {ipAddresses: ['192.0.2.1']},
    why: 'certificate is valid for 192.0.2.1, not 127.0.0.1',
  },
  {
    name: 'names only',
    names: {ipAddresses: [], dnsNames: ['a.example.org']},
    why: "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
  },
])('a certificate for $name', async ({names, why}) => {
  const server = await start(names);
  point(`${server.base}/allow`);
  expect(await whyNot(`${server.base}/allow`)).toBe(`tls: failed to verify certificate: x509: ${why}`);
});

test('nobody listens', async () => {
  const server = await start();
  await server.close();
  servers.length = 0;
  point(`${server.base}/allow`);
  expect(await whyNot(`${server.base}/allow`)).toBe(`dial tcp 127.0.0.1:${server.port}: connect: connection refused`);
});

test('a server that speaks no TLS', async () => {
  const plain = createServer(
    (socket) =>
      void socket
        .on('error', () => undefined)
        .resume()
        .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  );
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(plain.address() as AddressInfo).port}/allow`;
  point(url);
  expect(await whyNot(url)).toBe('tls: first record does not look like a TLS handshake');
  await new Promise((resolve) => plain.close(resolve));
});

test('a changed configuration counts from the next request on', async () => {
  const server = await start();
  point(`${server.base}/allow`, (await testAuthority()).caBundle);
  await refusal(made.validate());
  point(`${server.base}/allow`);
  await made.validate();
  point(`${server.base}/deny`);
  expect((await refusal(made.validate())).code).toBe(400);
  made.api.delete({group: 'admissionregistration.k8s.io', plural: 'validatingwebhookconfigurations'}, undefined, 'w');
  await made.validate();
});

test('webhooks are asked by the name of their configuration, then in the order of its list', async () => {
  const server = await start({answers: {'/a': ANSWERS['/allow'], '/b': ANSWERS['/allow'], '/c': ANSWERS['/allow']}});
  const at = (path: string): JsonObject => ({
    clientConfig: {url: `${server.base}${path}`, caBundle: authority.caBundle},
  });
  made.configure('Mutating', 'second', [at('/c')]);
  made.configure('Mutating', 'first', [at('/a'), at('/b')]);
  await made.mutate();
  expect(server.seen.map(({url}) => url.slice(0, 2))).toEqual(['/a', '/b', '/c']);
});

test('validating webhooks are asked at the same time', async () => {
  const waiting: (() => void)[] = [];
  const together = {
    raw: (response: {end: (text: string) => void}, request: {uid: string}) => {
      const review = {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: {uid: request.uid, allowed: true},
      };
      waiting.push(() => response.end(JSON.stringify(review)));
      // Both are answered only once both were asked.
      if (waiting.length === 2) for (const answer of waiting) answer();
    },
  };
  const server = await start({answers: {'/together': together}});
  const hook = {clientConfig: {url: `${server.base}/together`, caBundle: authority.caBundle}};
  made.configure(
    'Validating',
    'w',
    [hook, hook].map((one, index) => ({...one, name: `w${index}.example.dev`})),
  );
  await made.validate();
  expect(server.seen).toHaveLength(2);
});

test.each([
  {name: 'a Service that is not there', spec: undefined, why: 'service "hook" not found'},
  {
    name: 'a port that is not there',
    spec: {ports: [{port: 8443}]},
    why: 'no service port 443 found for service "hook"',
  },
  {
    name: 'a ClusterIP that nobody serves',
    spec: {clusterIP: '10.101.0.77', ports: [{port: 443}]},
    why: 'dial tcp 10.101.0.77:443: connect: connection refused',
  },
])('a webhook behind $name', async ({spec, why}) => {
  if (spec !== undefined) made.api.create({group: '', plural: 'services'}, service('hook', spec));
  const clientConfig = {service: {namespace: 'bar', name: 'hook', path: '/x'}, caBundle: authority.caBundle};
  made.configure('Validating', 'w', [{clientConfig}]);
  expect(await whyNot('https://hook.bar.svc:443/x')).toBe(why);
});

test('a Service of type ExternalName leads to its host, under the name of the Service', async () => {
  const server = await start({dnsNames: ['hook.bar.svc'], ipAddresses: []});
  made.api.create({group: '', plural: 'services'}, service('hook', {type: 'ExternalName', externalName: 'localhost'}));
  const reference = {namespace: 'bar', name: 'hook', path: '/allow', port: server.port};
  made.configure('Validating', 'w', [{clientConfig: {service: reference, caBundle: authority.caBundle}}]);
  await made.validate();
  expect(server.seen).toHaveLength(1);
});
