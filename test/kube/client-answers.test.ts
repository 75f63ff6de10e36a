import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {configMaps, serviceImports} from '../../src/api/resources.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {answer, configMap, failure, json, newClient, startRawServer, status} from './raw-server.ts';
import type {Handler, RawServer} from './raw-server.ts';

const at = {namespace: 'default', name: 'a'};

let server: RawServer;
let client: KubeClient;
beforeEach(async () => {
  server = await startRawServer((_request, response) => json(response, 200, configMap('a', '1')));
  client = newClient(server);
});
afterEach(async () => {
  await client.close();
  await server.close();
});

describe('answers', () => {
  const notFound = status(404, 'NotFound', 'configmaps "a" not found', {details: {name: 'a', kind: 'configmaps'}});
  const fieldConflict = {causes: [{reason: 'FieldManagerConflict', message: 'conflict with "x"', field: '.spec.ips'}]};

  test.each([
    {name: 'an absent object', code: 404, body: notFound, is: ['isNotFound']},
    {name: 'a missing type under /apis', code: 404, body: '404 page not found\n', is: ['isKindMissing']},
    {
      name: 'a missing type of the core group',
      code: 404,
      body: status(404, 'NotFound', 'the server could not find the requested resource'),
      is: ['isKindMissing'],
    },
    {name: 'a stale version', code: 409, body: status(409, 'Conflict', 'modified'), is: ['isConflict', 'retryable']},
    {
      name: 'a field of another manager',
      code: 409,
      body: status(409, 'Conflict', 'Apply failed', {details: fieldConflict}),
      is: ['isFieldConflict'],
    },
    {name: 'a taken name', code: 409, body: status(409, 'AlreadyExists', 'exists'), is: ['isAlreadyExists']},
    {name: 'an old version', code: 410, body: status(410, 'Expired', 'too old'), is: ['isExpired', 'retryable']},
    {name: 'forbidden', code: 403, body: status(403, 'Forbidden', 'no'), is: ['isForbidden']},
    {name: 'invalid', code: 422, body: status(422, 'Invalid', 'bad'), is: ['isInvalid']},
    {name: 'overload in plain text', code: 429, body: 'Too many requests', is: ['retryable']},
  ])('$name is told from all others', async ({code, body, is}) => {
    server.serve(answer(code, body));
    const error = await failure(client.get(configMaps, at));
    const flags = [
      'isNotFound',
      'isKindMissing',
      'isConflict',
      'isFieldConflict',
      'isAlreadyExists',
      'isExpired',
      'isForbidden',
      'isInvalid',
      'isTransport',
      'isAborted',
      'retryable',
    ] as const;
    expect(flags.filter((flag) => error[flag])).toEqual(is);
    expect(error.status).toBe(code);
  });

  test('find: undefined for an absent object, an error for a missing type', async () => {
    server.serve(answer(404, notFound));
    expect(await client.find(configMaps, at)).toBeUndefined();
    server.serve(answer(404, '404 page not found'));
    expect((await failure(client.find(serviceImports, at))).isKindMissing).toBe(true);
  });

  test.each([
    {name: 'seconds', header: '7', expected: 7_000},
    {name: 'a date', header: new Date(1_000_000_000_000).toUTCString(), expected: 4_000},
  ])('Retry-After in $name', async ({header, expected}) => {
    server.serve(answer(429, 'slow down', {'retry-after': header}));
    const clocked = newClient(server, {nowMs: () => 1_000_000_000_000 - 4_000});
    const error = await failure(clocked.get(configMaps, at));
    await clocked.close();
    expect(error.retryAfterMs).toBe(expected);
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    {name: 'no JSON', body: '<html>', says: 'not JSON'},
    {name: 'JSON that is no object', body: 'null', says: 'not an object'},
    {name: 'an object without a name', body: '{"metadata":{}}', says: 'not an object'},
  ])('200 with $name is not a Kubernetes answer', async ({body, says}) => {
    server.serve(answer(200, body));
    const error = await failure(client.get(configMaps, at));
    expect(error.code).toBe('ISTHMUS_KUBE_BAD_ANSWER');
    expect(error.message).toContain(says);
  });

  test('the message of an answer is one line, without control characters, and not endless', async () => {
    server.serve(answer(500, status(500, 'InternalError', `a\n\u001b[31mb${'x'.repeat(5_000)}`)));
    const error = await failure(client.get(configMaps, at));
    // oxlint-disable-next-line no-control-regex
    expect(error.message).not.toMatch(/[\u0000-\u001f]/);
    expect(error.message.length).toBeLessThan(1_300);
  });

  test('a redirect is not followed', async () => {
    server.serve(answer(302, '', {location: 'https://127.0.0.1:1/'}));
    expect((await failure(client.get(configMaps, at))).status).toBe(302);
  });

  test('what proves a working API server is remembered, what does not is not', async () => {
    let now = 0;
    const clocked = newClient(server, {nowMs: () => now});
    const steps: [Handler, number, number | undefined][] = [
      [answer(500, 'x'), 1, undefined],
      [answer(401, status(401, 'Unauthorized', 'Unauthorized')), 2, undefined],
      [answer(200, configMap('a', '1')), 3, 3],
      [answer(503, 'x'), 4, 3],
      [answer(404, notFound), 5, 5],
      [answer(429, 'x'), 6, 5],
      [answer(403, status(403, 'Forbidden', 'no')), 7, 7],
    ];
    for (const [handler, at_, expected] of steps) {
      server.serve(handler);
      now = at_;
      await clocked.find(configMaps, at).catch((error: unknown) => expect(error).toBeInstanceOf(KubeError));
      expect(clocked.lastSuccessMs).toBe(expected);
    }
    await clocked.close();
  });
});
