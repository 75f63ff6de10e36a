import {X509Certificate} from 'node:crypto';
import {Agent} from 'node:https';
import {connect} from 'node:net';
import {connect as connectTls} from 'node:tls';
import {pino} from 'pino';
import {afterEach, beforeAll, describe, expect, test} from 'vitest';
import type {KeyPairPem} from '../../src/pki/authority.ts';
import {startWebhookServer} from '../../webhooks/server.ts';
import type {ReviewHandler, WebhookServer, WebhookServerOptions} from '../../webhooks/server.ts';
import {reviewOf} from './reviews.ts';
import {post, servingPair} from './tls-client.ts';
import type {Answer, Post} from './tls-client.ts';

let ca: KeyPairPem;
let tls: KeyPairPem;
beforeAll(async () => {
  ({ca, tls} = await servingPair());
});

const opened: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const PATH = '/validate/things';
const allow: ReviewHandler = () => ({allowed: true});

interface Started {
  readonly server: WebhookServer;
  readonly lines: Record<string, unknown>[];
  readonly send: (body: string, more?: Partial<Post>) => Promise<Answer>;
}

async function start(handler: ReviewHandler = allow, more: Partial<WebhookServerOptions> = {}): Promise<Started> {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({level: 'debug'}, {write: (line: string) => void lines.push(JSON.parse(line))});
  const server = await startWebhookServer({
    listen: {host: '127.0.0.1', port: 0},
    tls,
    logger,
    handlers: new Map([[PATH, handler]]),
    ready: () => true,
    ...more,
  });
  opened.push(() => server.close());
  const send = (body: string, options: Partial<Post> = {}): Promise<Answer> =>
    post({port: server.address.port, ca: ca.certPem, body, ...options});
  return {server, lines, send};
}

function keepAlive(): Agent {
  const agent = new Agent({keepAlive: true, maxSockets: 1});
  opened.push(() => agent.destroy());
  return agent;
}

describe('a review', () => {
  test('is answered as an AdmissionReview v1 with the same uid, whatever the query says', async () => {
    const {send} = await start();
    const answer = await send(reviewOf({uid: 'abc'}));
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toContain('application/json');
    expect(JSON.parse(answer.text)).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: {uid: 'abc', allowed: true},
    });
  });

  test('that is denied carries code, reason, causes and warnings', async () => {
    const {send} = await start(() => ({
      allowed: false,
      denial: {
        code: 422,
        message: 'spec.a is wrong',
        causes: [{reason: 'FieldValueInvalid', field: 'spec.a', message: 'is wrong'}],
      },
      warnings: ['two\nlines'],
    }));
    const {response} = JSON.parse((await send(reviewOf())).text);
    expect(response.status).toMatchObject({code: 422, reason: 'Invalid', message: 'spec.a is wrong'});
    expect(response.status.details).toEqual({
      name: 'one',
      group: 'example.org',
      kind: 'Thing',
      causes: [{reason: 'FieldValueInvalid', field: 'spec.a', message: 'is wrong'}],
    });
    expect(response.warnings).toEqual(['two lines']);
  });

  test('that changes something carries a JSON patch in base64', async () => {
    const patch = [{op: 'add', path: '/metadata/labels', value: {naïve: 'ü'}}] as const;
    const {send} = await start(() => ({allowed: true, patch}));
    const {response} = JSON.parse((await send(reviewOf())).text);
    expect(response.patchType).toBe('JSONPatch');
    expect(JSON.parse(Buffer.from(response.patch, 'base64').toString('utf8'))).toEqual(patch);
  });

  test('may hold keys that are dangerous to careless parsers', async () => {
    let seen: unknown;
    const {send} = await start((request) => {
      seen = request.object;
      return {allowed: true};
    });
    const body = reviewOf().replace('"metadata":', '"data":{"__proto__":{"admin":true},"constructor":1},"metadata":');
    expect((await send(body)).status).toBe(200);
    expect(Object.keys((seen as {data: object}).data)).toEqual(['__proto__', 'constructor']);
  });

  test('of 3 MiB of object and as much of old object is taken', async () => {
    const {send} = await start();
    const big = {apiVersion: 'v1', kind: 'Thing', metadata: {name: 'one'}, data: 'x'.repeat(3 * 1024 * 1024)};
    expect((await send(reviewOf({object: big, oldObject: big, operation: 'UPDATE'}))).status).toBe(200);
  });
});

describe('what is not a review', () => {
  test.each<{name: string; body: string; more?: Partial<Post>; status: number; says: RegExp}>([
    {
      name: 'another content type',
      body: reviewOf(),
      more: {contentType: 'application/yaml'},
      status: 415,
      says: /Media Type/i,
    },
    {name: 'no content type', body: reviewOf(), more: {contentType: undefined}, status: 415, says: /Media Type/i},
    {name: 'half a JSON text', body: reviewOf().slice(0, 50), status: 400, says: /not JSON/},
    {name: 'an empty body', body: '', status: 400, says: /not JSON/},
    {name: 'another kind', body: '{"kind":"Pod","apiVersion":"v1"}', status: 400, says: /not AdmissionReview/},
    {
      name: 'the version before',
      body: reviewOf().replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'),
      status: 400,
      says: /admissionReviewVersions/,
    },
    {
      name: 'no request',
      body: '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}',
      status: 400,
      says: /no request/,
    },
    {name: 'no uid', body: reviewOf({uid: ''}), status: 400, says: /request\.uid/},
    {name: 'an object that is a list', body: reviewOf({object: [] as never}), status: 400, says: /request\.object/},
    {name: 'more than 8 MiB', body: ' '.repeat(8 * 1024 * 1024 + 1), status: 413, says: /too large/i},
    {name: 'another path', body: reviewOf(), more: {path: '/nowhere'}, status: 404, says: /./},
  ])('is refused: $name → $status', async ({body, more, status, says}) => {
    const {send} = await start();
    const answer = await send(body, more);
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(says);
  });

  test('is never quoted, in the answer or the log', async () => {
    const {send, lines} = await start();
    const answer = await send('{"kubeconfig": "token: hunter2"');
    expect(answer.status).toBe(400);
    expect(answer.text + JSON.stringify(lines)).not.toContain('hunter2');
  });
});

describe('the policy for trouble', () => {
  test('while not ready it answers 503, so that failurePolicy decides', async () => {
    let ready = false;
    const {send} = await start(allow, {ready: () => ready});
    expect((await send(reviewOf())).status).toBe(503);
    ready = true;
    expect((await send(reviewOf())).status).toBe(200);
  });

  test('a handler that throws is a 500 that says nothing of the object, and the next review is answered', async () => {
    let broken = true;
    const {send, lines} = await start(() => {
      if (broken) throw new TypeError('hunter2 is not a function');
      return {allowed: true};
    });
    const answer = await send(reviewOf());
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('hunter2');
    expect(lines.at(-1)).toMatchObject({msg: 'review failed', level: 50});
    broken = false;
    expect((await send(reviewOf())).status).toBe(200);
  });
});

describe('one log line a review', () => {
  test('says who, what and how it ended, and never holds the object', async () => {
    const {send, lines} = await start(() => ({
      allowed: false,
      denial: {code: 403, message: 'no', causes: []},
      audits: ['P/a r'],
    }));
    const secret = {
      apiVersion: 'example.org/v1',
      kind: 'Thing',
      metadata: {name: 'one'},
      spec: {kubeconfig: 'hunter2'},
    };
    await send(reviewOf({object: secret, oldObject: secret, operation: 'UPDATE'}));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      msg: 'review answered',
      path: PATH,
      kind: 'Thing',
      operation: 'UPDATE',
      namespace: 'shop',
      name: 'one',
      outcome: 'denied',
      code: 403,
      audits: ['P/a r'],
    });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  test('and a count of each outcome with its duration', async () => {
    const answers: ReturnType<ReviewHandler>[] = [
      {allowed: true, warnings: ['w']},
      {allowed: true, patch: [{op: 'add', path: '/a', value: 1}]},
      {allowed: false, denial: {code: 403, message: 'no', causes: []}},
    ];
    const {send, server} = await start(() => answers.shift() ?? {allowed: true});
    for (let at = 0; at < 3; at++) await send(reviewOf());
    await send('no');
    const [stats] = server.stats().paths;
    expect(stats?.outcomes).toEqual({allowed: 1, patched: 1, denied: 1, failed: 0, bad: 1, notReady: 0});
    expect(stats?.warnings).toBe(1);
    expect(stats?.durations.reduce((sum, count) => sum + count, 0)).toBe(4);
    expect(stats?.durationSumMs).toBeGreaterThan(0);
  });
});

describe('the certificate', () => {
  test('is swapped for new handshakes, while an open connection goes on', async () => {
    const {server, send} = await start();
    const agent = keepAlive();
    const before = await send(reviewOf(), {agent});
    const next = await servingPair();
    server.setCertificate(next.tls);
    const open = await send(reviewOf(), {agent});
    expect([open.status, open.fingerprint]).toEqual([200, before.fingerprint]);
    const fresh = await send(reviewOf(), {ca: next.ca.certPem});
    expect(fresh.fingerprint).toBe(new X509Certificate(next.tls.certPem).fingerprint256);
    expect(fresh.fingerprint).not.toBe(before.fingerprint);
    expect(server.stats().certificateChanges).toBe(1);
  });

  test('that fits no key is refused, and the one before stays', async () => {
    const {server, send} = await start();
    const other = await servingPair(ca);
    expect(() => server.setCertificate({certPem: other.tls.certPem, keyPem: tls.keyPem})).toThrow(
      expect.objectContaining({code: 'ISTHMUS_PKI_INVALID'}),
    );
    expect(() => server.setCertificate({certPem: 'nothing', keyPem: 'hunter2'})).toThrow(/do not fit/);
    expect((await send(reviewOf())).status).toBe(200);
  });

  test('is not accepted by a client with another CA, and the failed handshake is counted', async () => {
    const {server, send} = await start();
    const stranger = await servingPair();
    await expect(send(reviewOf(), {ca: stranger.ca.certPem})).rejects.toThrow(/self-signed|unable to verify|signature/);
    await expect.poll(() => server.stats().tlsErrors, {timeout: 5_000}).toBe(1);
  });

  test('still comes with TLS 1.2 as the least after a swap', async () => {
    const {server, send} = await start();
    server.setCertificate(tls);
    const agent = new Agent({maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0'});
    opened.push(() => agent.destroy());
    await expect(send(reviewOf(), {agent})).rejects.toThrow(/protocol version|alert|version/i);
  });
});

describe('the close', () => {
  test('ends at once though a keep-alive connection is open, and frees the port', async () => {
    const {server, send} = await start();
    await send(reviewOf(), {agent: keepAlive()});
    const startedMs = performance.now();
    await server.close();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    await expect(send(reviewOf())).rejects.toThrow(/ECONNREFUSED/);
  });

  test('lets a review in flight finish, tells its connection to close, and waits for no idle one', async () => {
    const {server} = await start();
    const slow = await halfSentReview(server.address.port, ca.certPem);
    const closed = server.close();
    const answer = await slow.finish();
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/connection: close/i);
    const startedMs = performance.now();
    await closed;
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  test('may be asked for twice', async () => {
    const {server} = await start();
    await Promise.all([server.close(), server.close()]);
  });

  test('is not held up by a client that never speaks', async () => {
    const {server} = await start();
    const silent = connect(server.address.port, '127.0.0.1');
    opened.push(() => void silent.destroy());
    await new Promise((resolve) => silent.once('connect', resolve));
    const gone = new Promise((resolve) => silent.once('close', resolve));
    const startedMs = performance.now();
    await server.close();
    await gone;
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});

/** Sends headers and half of a body; `finish` sends the rest and returns the raw answer. */
async function halfSentReview(port: number, caPem: string): Promise<{finish: () => Promise<string>}> {
  const body = reviewOf();
  const socket = connectTls({host: '127.0.0.1', port, ca: caPem});
  opened.push(() => void socket.destroy());
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  const head = `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  await new Promise((resolve) => socket.write(head + body.slice(0, 20), resolve));
  return {
    finish: () =>
      new Promise((resolve, reject) => {
        let text = '';
        socket.setEncoding('utf8');
        socket.on('data', (chunk: string) => (text += chunk));
        socket.on('close', () => resolve(text));
        socket.on('error', reject);
        socket.write(body.slice(20));
      }),
  };
}
