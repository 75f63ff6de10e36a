import {connect} from 'node:net';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {clusters, configMaps, serviceImports} from '../../src/api/resources.ts';
import type {KubeClient, RequestReport} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {configMap, json, listOf, newClient, startRawServer, status, testCertificates} from './raw-server.ts';
import type {Handler, RawServer} from './raw-server.ts';

const at = {namespace: 'default', name: 'a'};
const write = {fieldManager: 'tester'};

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

async function failure(call: Promise<unknown>): Promise<KubeError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KubeError);
  return error as KubeError;
}

const answer =
  (code: number, body: unknown, headers: Record<string, string> = {}): Handler =>
  (_request, response) => {
    if (typeof body === 'string') {
      response.writeHead(code, {'content-type': 'text/plain; charset=utf-8', ...headers});
      response.end(body);
    } else json(response, code, body, headers);
  };

describe('requests', () => {
  test('300 calls one after the other use one connection', async () => {
    for (let i = 0; i < 300; i++) await client.get(configMaps, at);
    expect(server.requests).toHaveLength(300);
    expect(server.connections()).toBe(1);
  });

  test('30 open watches do not keep requests from their connections', async () => {
    server.serve((request, response) => {
      if (request.url?.includes('watch=true') === true) response.writeHead(200).flushHeaders();
      else json(response, 200, configMap('a', '1'));
    });
    const stop = new AbortController();
    let open = 0;
    const watches = Array.from({length: 30}, async () => {
      const events = client.watch(configMaps, {resourceVersion: '1', signal: stop.signal, onOpen: () => open++});
      for await (const _event of events) expect.unreachable();
    });
    const ended = Promise.allSettled(watches);
    await expect.poll(() => open).toBe(30);
    await Promise.all(Array.from({length: 40}, () => client.get(configMaps, at)));
    stop.abort();
    await ended;
    expect(server.requests).toHaveLength(70);
  });

  test('each request carries the token of its moment and the user agent', async () => {
    let token = 'one';
    const {server: url, ca} = server.credentials;
    const rotating = newClient(server, {
      credentials: {
        server: url,
        ca,
        get token() {
          return token;
        },
      },
    });
    await rotating.get(configMaps, at);
    token = 'two';
    await rotating.get(configMaps, at);
    await rotating.close();
    expect(server.requests.map(({headers}) => headers.authorization)).toEqual(['Bearer one', 'Bearer two']);
    expect(server.requests[0]?.headers['user-agent']).toBe('test/1');
  });

  test('a prefix in the server URL comes before every path', async () => {
    const credentials = {...server.credentials, server: `${server.credentials.server}/k8s/clusters/c-1`};
    const behind = newClient(server, {credentials});
    await behind.get(configMaps, at);
    await behind.close();
    expect(server.requests[0]?.url).toBe('/k8s/clusters/c-1/api/v1/namespaces/default/configmaps/a');
  });

  test.each([
    {
      name: 'create',
      send: () => client.create(configMaps, configMap('a', '') as KubeObject, write),
      line: 'POST /api/v1/namespaces/default/configmaps?fieldManager=tester',
      type: 'application/json',
    },
    {
      name: 'apply',
      send: () => client.apply(configMaps, configMap('a', '') as KubeObject, write),
      line: 'PATCH /api/v1/namespaces/default/configmaps/a?fieldManager=tester',
      type: 'application/apply-patch+yaml',
    },
    {
      name: 'forced apply to the status, without effect',
      send: () =>
        client.apply(serviceImports, configMap('a', '') as KubeObject, {
          ...write,
          force: true,
          subresource: 'status',
          dryRun: true,
        }),
      line: 'PATCH /apis/multicluster.x-k8s.io/v1beta1/namespaces/default/serviceimports/a/status?fieldManager=tester&dryRun=All&force=true',
      type: 'application/apply-patch+yaml',
    },
    {
      name: 'JSON patch',
      send: () => client.patch(configMaps, at, {type: 'json', body: []}, write),
      line: 'PATCH /api/v1/namespaces/default/configmaps/a?fieldManager=tester',
      type: 'application/json-patch+json',
    },
    {
      name: 'merge patch',
      send: () => client.patch(configMaps, at, {type: 'merge', body: {}}, write),
      line: 'PATCH /api/v1/namespaces/default/configmaps/a?fieldManager=tester',
      type: 'application/merge-patch+json',
    },
    {
      name: 'replace of a cluster-scoped object',
      send: () =>
        client.replace(clusters, {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: 'c'}}, write),
      line: 'PUT /apis/flomesh.io/v1alpha1/clusters/c?fieldManager=tester',
      type: 'application/json',
    },
  ])('$name is the right request', async ({send, line, type}) => {
    await send();
    const [request] = server.requests;
    expect(`${request?.method} ${request?.url}`).toBe(line);
    expect(request?.headers['content-type']).toBe(type);
  });

  test.each(['..', '.', '', 'a/b', 'a%2fb'])('the name "%s" never becomes a path', async (name) => {
    await expect(client.get(configMaps, {namespace: 'default', name})).rejects.toMatchObject({
      code: 'ISTHMUS_KUBE_BAD_REQUEST',
    });
    await expect(client.get(configMaps, {namespace: name, name: 'a'})).rejects.toMatchObject({
      code: 'ISTHMUS_KUBE_BAD_REQUEST',
    });
    expect(server.requests).toHaveLength(0);
  });

  test('warnings are handed over with quotes, backslashes and UTF-8 as they were meant', async () => {
    server.serve((_request, response) => {
      const texts = ['299 - "unknown field \\"spec.foo\\""', '299 - "größer als \\\\ 1"'];
      response.setHeader(
        'warning',
        texts.map((text) => Buffer.from(text).toString('latin1')),
      );
      // As bytes: together with a text Node would encode the head as UTF-8 once more.
      response.end(Buffer.from(JSON.stringify(configMap('a', '1'))));
    });
    const warnings: string[] = [];
    await client.apply(configMaps, configMap('a', '') as KubeObject, {
      ...write,
      onWarning: (text) => warnings.push(text),
    });
    expect(warnings).toEqual(['unknown field "spec.foo"', 'größer als \\ 1']);
    expect((await client.raw('GET', '/version')).warnings).toHaveLength(2);
  });

  test('every exchange is reported, failed ones with status 0', async () => {
    const reports: RequestReport[] = [];
    const observed = newClient(server, {onRequest: (report) => reports.push(report)});
    await observed.get(configMaps, at);
    server.serve((request) => request.socket.destroy());
    await failure(observed.apply(serviceImports, configMap('a', '') as KubeObject, write));
    await observed.close();
    expect(reports.map(({verb, resource, status: code}) => [verb, resource, code])).toEqual([
      ['get', 'configmaps', 200],
      ['apply', 'serviceimports.multicluster.x-k8s.io', 0],
    ]);
  });
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

describe('delete', () => {
  const precondition = (what: string) =>
    status(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ConfigMap "a": the ${what} in the precondition (1) does not match`,
    );

  test.each([
    {name: 'done', code: 200, body: {kind: 'Status', status: 'Success'}, options: {}, expected: true},
    {
      name: 'gone already',
      code: 404,
      body: status(404, 'NotFound', 'configmaps "a" not found', {details: {name: 'a'}}),
      options: {},
      expected: false,
    },
    {name: 'name taken by another', code: 409, body: precondition('UID'), options: {uid: 'u'}, expected: false},
  ])('$name: $expected', async ({code, body, options, expected}) => {
    server.serve(answer(code, body));
    expect(await client.delete(configMaps, at, options)).toBe(expected);
  });

  test('preconditions and policy are sent', async () => {
    await client.delete(configMaps, at, {uid: 'u', resourceVersion: '7', propagationPolicy: 'Background'});
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: {uid: 'u', resourceVersion: '7'},
      propagationPolicy: 'Background',
    });
  });

  test('another resourceVersion is a conflict, a missing type is not "gone"', async () => {
    server.serve(answer(409, precondition('ResourceVersion')));
    expect((await failure(client.delete(configMaps, at, {uid: 'u', resourceVersion: '1'}))).isConflict).toBe(true);
    server.serve(answer(404, '404 page not found'));
    expect((await failure(client.delete(configMaps, at))).isKindMissing).toBe(true);
  });
});

describe('list', () => {
  test("all pages, of the first page's version, with type fields filled in", async () => {
    const pages: Record<string, object> = {
      '': listOf([{metadata: {name: 'a', namespace: 'x'}}], '10', 'p2'),
      'p2': listOf([{metadata: {name: 'b', namespace: 'x'}}], '10', 'p3'),
      'p3': {...listOf([], '10'), items: null},
    };
    server.serve((request, response) => {
      json(response, 200, pages[new URL(request.url ?? '', 'https://x').searchParams.get('continue') ?? '']);
    });
    const list = await client.list(configMaps, {labelSelector: 'a=b'});
    expect(list.resourceVersion).toBe('10');
    expect(list.items).toEqual([
      {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'a', namespace: 'x'}},
      {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'b', namespace: 'x'}},
    ]);
    expect(server.requests.map(({url}) => url)).toEqual([
      '/api/v1/configmaps?limit=500&labelSelector=a%3Db',
      '/api/v1/configmaps?limit=500&continue=p2&labelSelector=a%3Db',
      '/api/v1/configmaps?limit=500&continue=p3&labelSelector=a%3Db',
    ]);
  });

  test('a continue token that expired starts the list again, three times at most', async () => {
    let expireTimes = 1;
    server.serve((request, response) => {
      if (request.url?.includes('continue=') !== true) json(response, 200, listOf([configMap('a', '1')], '1', 'p2'));
      else if (expireTimes-- > 0) json(response, 410, status(410, 'Expired', 'too old'));
      else json(response, 200, listOf([configMap('b', '2')], '1'));
    });
    expect((await client.list(configMaps)).items).toHaveLength(2);
    expireTimes = 99;
    expect((await failure(client.list(configMaps))).isExpired).toBe(true);
    expect(server.requests).toHaveLength(4 + 6);
  });

  test.each([
    {name: 'without items', body: {kind: 'ConfigMapList', metadata: {resourceVersion: '1'}}},
    {name: 'without a version', body: {kind: 'ConfigMapList', metadata: {}, items: []}},
    {name: 'of another kind', body: {kind: 'ConfigMap', metadata: {resourceVersion: '1'}, items: []}},
    {name: 'with an item that is no object', body: listOf([{metadata: {}}], '1')},
    {name: 'that turns in circles', body: listOf([], '1', 'same')},
  ])('a list $name is no list at all', async ({body}) => {
    server.serve(answer(200, body));
    expect((await failure(client.list(configMaps))).code).toBe('ISTHMUS_KUBE_BAD_ANSWER');
  });
});

describe('connections that break', () => {
  test('a GET is sent once more, a write never', async () => {
    let broken = 1;
    server.serve((request, response) => {
      if (broken-- > 0) request.socket.destroy();
      else json(response, 200, configMap('a', '1'));
    });
    await client.get(configMaps, at);
    expect(server.requests).toHaveLength(2);
    broken = 1;
    expect((await failure(client.apply(configMaps, configMap('a', '') as KubeObject, write))).isTransport).toBe(true);
    expect(server.requests).toHaveLength(3);
    broken = 2;
    expect((await failure(client.get(configMaps, at))).isTransport).toBe(true);
    expect(server.requests).toHaveLength(5);
  });

  test('a body that is cut is a transport error, not an answer', async () => {
    server.serve((request, response) => {
      response.writeHead(200, {'content-type': 'application/json', 'content-length': '1000'});
      response.write('{"metadata":', () => request.socket.destroy());
    });
    expect((await failure(client.get(configMaps, at))).isTransport).toBe(true);
  });

  test('an answer that trickles in ends at the timeout of the whole call', async () => {
    const timers: NodeJS.Timeout[] = [];
    server.serve((_request, response) => {
      response.writeHead(200, {'content-type': 'application/json'});
      timers.push(setInterval(() => response.write(' '), 20));
    });
    const error = await failure(client.get(configMaps, at, {timeoutMs: 150}));
    timers.forEach(clearInterval);
    expect(error.code).toBe('ISTHMUS_KUBE_TIMEOUT');
    expect(error.isTransport).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  test("the caller's signal ends a call, and is not a transport error", async () => {
    server.serve(() => undefined);
    const stop = new AbortController();
    const call = failure(client.get(configMaps, at, {signal: stop.signal}));
    await expect.poll(() => server.requests.length).toBe(1);
    stop.abort();
    const error = await call;
    expect([error.isAborted, error.isTransport]).toEqual([true, false]);
    expect((await failure(client.get(configMaps, at, {signal: stop.signal}))).isAborted).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  test('nobody listens: a transport error with its cause', async () => {
    await server.close();
    const error = await failure(client.get(configMaps, at));
    expect(error.isTransport).toBe(true);
    expect(error.cause).toBeInstanceOf(Error);
    expect(error.message).toContain('ECONNREFUSED');
    server = await startRawServer(() => undefined);
  });

  test('a server that speaks no HTTP', async () => {
    server.serve((request) => request.socket.end('SSH-2.0-hello\r\n'));
    expect((await failure(client.get(configMaps, at))).isTransport).toBe(true);
  });
});

describe('TLS', () => {
  test('a server of another CA is not believed', async () => {
    const {createAuthority} = await import('../../src/pki/authority.ts');
    const other = await createAuthority({
      commonName: 'x',
      notBeforeMs: Date.now() - 1_000,
      notAfterMs: Date.now() + 60_000,
    });
    const wary = newClient(server, {credentials: {...server.credentials, ca: other.certPem}});
    const error = await failure(wary.get(configMaps, at));
    await wary.close();
    expect(error.isTransport).toBe(true);
    expect(server.requests).toHaveLength(0);
  });

  test.each([
    {name: 'kube.test', ok: true},
    {name: 'other.test', ok: false},
  ])('tls-server-name $name is what the certificate must be for: $ok', async ({name, ok}) => {
    const named = newClient(server, {credentials: {...server.credentials, tlsServerName: name}});
    const result = await named.get(configMaps, at).then(
      () => true,
      (error: unknown) => !(error instanceof KubeError && error.isTransport),
    );
    await named.close();
    expect(result).toBe(ok);
  });

  test('a name of an untrusted kubeconfig that resolves to this machine is not connected to', async () => {
    const {ca} = await testCertificates();
    const credentials = {server: `https://localhost:${server.port}`, ca: ca.certPem, refuseLocalAddresses: true};
    const guarded = newClient(server, {credentials});
    const error = await failure(guarded.get(configMaps, at));
    await guarded.close();
    expect(error.message).toContain('addresses of this machine');
    expect(server.connections()).toBe(0);
  });

  test('plain HTTP spoken to the TLS port ends nothing', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    socket.end('GET / HTTP/1.1\r\n\r\n');
    await client.get(configMaps, at);
    socket.destroy();
  });
});
