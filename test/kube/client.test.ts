import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {clusters, configMaps, serviceImports} from '../../src/api/resources.ts';
import type {KubeClient, RequestReport} from '../../src/kube/client.ts';
import {answer, configMap, failure, json, listOf, newClient, startRawServer, status} from './raw-server.ts';
import type {RawServer} from './raw-server.ts';
import {eventually} from './eventually.ts';

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
    await eventually(() => open).toBe(30);
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

  test('from memory where a version that was seen will do; beside a continue token no version is sent', async () => {
    server.serve((request, response) => {
      const isFirst = request.url?.includes('continue=') !== true;
      json(response, 200, listOf([configMap(isFirst ? 'a' : 'b', '8')], '8', isFirst ? 'p2' : undefined));
    });
    await client.list(configMaps, {notOlderThan: '7'});
    await client.get(configMaps, at, {notOlderThan: '7'}).catch(() => undefined);
    expect(server.requests.map(({url}) => url)).toEqual([
      '/api/v1/configmaps?limit=500&resourceVersion=7&resourceVersionMatch=NotOlderThan',
      '/api/v1/configmaps?limit=500&continue=p2',
      '/api/v1/namespaces/default/configmaps/a?resourceVersion=7',
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
