import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {parseUntrustedKubeconfig} from '../../../src/kube/untrusted-kubeconfig.ts';
import {CONFIG_MAPS, configMap, testCluster} from './support/clusters.ts';
import type {TestCluster} from './support/clusters.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({name: 'cluster-1', index: 3, gitVersion: 'v1.36.9'});
});

afterAll(() => at.close());

describe('an embedded cluster', () => {
  test('its kubeconfig names no file, program or plugin, and is accepted in a Cluster', () => {
    const {credentials, kubeconfig, url, caPem} = at.cluster;
    expect(parseUntrustedKubeconfig(kubeconfig, {development: true})).toEqual({...credentials, ca: caPem.trim()});
    expect(credentials).toMatchObject({server: url, ca: caPem});
  });

  test('says its version, and is healthy for anybody', async () => {
    const {body} = await at.http.call('GET', '/version', {token: null});
    expect(body).toMatchObject({major: '1', minor: '36', gitVersion: 'v1.36.9'});
    for (const path of ['/healthz', '/livez', '/readyz']) {
      expect((await at.http.call('GET', path, {token: null})).text).toBe('ok');
    }
  });

  test('has what every cluster has', async () => {
    const names = async (path: string): Promise<string[]> =>
      (await at.http.get(path)).body.items.map((item: any) => item.metadata.name);
    expect(await names('/api/v1/namespaces')).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
    expect((await at.http.get('/api/v1/namespaces/default/services/kubernetes')).body.spec.clusterIP).toBe(
      '10.103.0.1',
    );
    expect((await at.http.get('/apis/networking.k8s.io/v1/servicecidrs/kubernetes')).body.spec.cidrs).toEqual([
      '10.103.0.0/16',
      'fd00:0:0:3::/112',
    ]);
    expect(await names('/api/v1/namespaces/default/serviceaccounts')).toEqual(['default']);
  });

  test('serves all the kinds that it should know', async () => {
    const groups: Record<string, string[]> = {
      '/api/v1': ['configmaps', 'events', 'namespaces', 'nodes', 'pods', 'secrets', 'serviceaccounts', 'services'],
      '/apis/discovery.k8s.io/v1': ['endpointslices'],
      '/apis/coordination.k8s.io/v1': ['leases'],
      '/apis/networking.k8s.io/v1': ['servicecidrs'],
      '/apis/apiextensions.k8s.io/v1': ['customresourcedefinitions'],
      '/apis/admissionregistration.k8s.io/v1': [
        'mutatingwebhookconfigurations',
        'validatingadmissionpolicies',
        'validatingadmissionpolicybindings',
        'validatingwebhookconfigurations',
      ],
      '/apis/rbac.authorization.k8s.io/v1': ['clusterrolebindings', 'clusterroles', 'rolebindings', 'roles'],
    };
    for (const [path, plurals] of Object.entries(groups)) {
      const rows = (await at.http.get(path)).body.resources.map(({name}: any) => name);
      expect(rows.filter((name: string) => !name.includes('/'))).toEqual(plurals);
    }
  });
});

describe('who may come in', () => {
  test('a wrong token is a 401 everywhere', async () => {
    for (const path of [CONFIG_MAPS, '/version']) {
      const {status, body} = await at.http.call('GET', path, {token: 'wrong'});
      expect([status, body]).toEqual([
        401,
        {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: 'Unauthorized',
          reason: 'Unauthorized',
          code: 401,
        },
      ]);
    }
  });

  const cannot = 'User "system:anonymous" cannot';
  test.each([
    [
      CONFIG_MAPS,
      `configmaps is forbidden: ${cannot} list resource "configmaps" in API group "" in the namespace "default"`,
    ],
    [
      `${CONFIG_MAPS}/c1`,
      `configmaps "c1" is forbidden: ${cannot} get resource "configmaps" in API group "" in the namespace "default"`,
    ],
    [
      '/api/v1/nodes?watch=true',
      `nodes is forbidden: ${cannot} watch resource "nodes" in API group "" at the cluster scope`,
    ],
    [
      '/apis/nope.dev/v1/x',
      `x.nope.dev is forbidden: ${cannot} list resource "x" in API group "nope.dev" at the cluster scope`,
    ],
    ['/apis', `forbidden: ${cannot} get path "/apis"`],
    ['/openapi/v3', `forbidden: ${cannot} get path "/openapi/v3"`],
  ])('nobody in particular gets a 403: %s', async (path, message) => {
    const {status, body, headers} = await at.http.call('GET', path, {token: null});
    expect([status, body.reason, body.message]).toEqual([403, 'Forbidden', message]);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('discovery and OpenAPI', () => {
  test('aggregated discovery has an ETag that saves the second answer', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const first = await at.http.get('/api', {accept});
    expect(first.headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    expect(first.body.items[0].metadata).toEqual({});
    const second = await at.http.get('/api', {accept, 'if-none-match': first.headers.etag ?? ''});
    expect([second.status, second.text, second.headers.etag]).toEqual([304, '', first.headers.etag]);
  });

  test('without aggregation there are the older documents', async () => {
    expect((await at.http.get('/api')).body).toMatchObject({kind: 'APIVersions', versions: ['v1']});
    expect((await at.http.get('/apis')).body).toMatchObject({kind: 'APIGroupList', apiVersion: 'v1'});
    expect((await at.http.get('/apis/discovery.k8s.io')).body).toMatchObject({
      kind: 'APIGroup',
      name: 'discovery.k8s.io',
      preferredVersion: {version: 'v1'},
    });
  });

  test('an OpenAPI document is immutable under its hash, and moved under another one', async () => {
    const index = (await at.http.get('/openapi/v3')).body;
    const url: string = index.paths['api/v1'].serverRelativeURL;
    const document = await at.http.get(url);
    expect(document.headers['cache-control']).toBe('public, immutable');
    const patch = document.body.paths['/api/v1/namespaces/{namespace}/pods/{name}'].patch;
    expect(patch['x-kubernetes-group-version-kind']).toEqual({group: '', version: 'v1', kind: 'Pod'});
    expect(patch.parameters.map(({name}: any) => name)).toContain('fieldValidation');
    expect(document.body.components.schemas['io.k8s.api.core.v1.Pod'].properties.spec.type).toBe('object');
    const moved = await at.http.get('/openapi/v3/api/v1?hash=0');
    expect([moved.status, moved.headers.location]).toEqual([301, url]);
    expect((await at.http.get('/openapi/v2')).status).toBe(404);
  });
});

describe('stop, start and close', () => {
  test('a stopped cluster refuses connections; started again it has the same port, token and data', async () => {
    await at.http.post(CONFIG_MAPS, configMap('kept'));
    const {port} = at.cluster;
    const watch = await at.http.watch(`${CONFIG_MAPS}?watch=true`);
    await at.cluster.stop();
    await watch.until(({ended}) => ended !== undefined);
    await expect(at.http.get('/version')).rejects.toThrow('ECONNREFUSED');
    await at.cluster.start();
    expect(at.cluster.port).toBe(port);
    expect((await at.http.get(`${CONFIG_MAPS}/kept`)).status).toBe(200);
  });

  test('a watch goes on from its version across a restart', async () => {
    const {resourceVersion} = (await at.http.get(CONFIG_MAPS)).body.metadata;
    await at.cluster.stop();
    await at.cluster.start();
    // The pool may still hold a connection of the time before.
    await expect
      .poll(() =>
        at.http.get('/version').then(
          ({status}) => status,
          () => 0,
        ),
      )
      .toBe(200);
    await at.http.post(CONFIG_MAPS, configMap('after'));
    const watch = await at.http.watch(`${CONFIG_MAPS}?watch=true&resourceVersion=${resourceVersion}`);
    await watch.until(({events}) => events.length > 0);
    expect(watch.summary()).toEqual(['ADDED after']);
    watch.close();
  });

  // Timers are no part of it, since whoever polls has some: robustness.integration.test.ts shows that a process ends by itself.
  test('close leaves no socket and no server behind', async () => {
    const held = (): Record<string, number> => {
      const kinds = process.getActiveResourcesInfo();
      return Object.fromEntries(
        ['TCPServerWrap', 'TCPSocketWrap'].map((kind) => [kind, kinds.filter((k) => k === kind).length]),
      );
    };
    at.http.close();
    await expect.poll(() => held()['TCPSocketWrap']).toBe(0);
    const before = held();
    const other = await testCluster({name: 'other', index: 5});
    await other.http.get('/version');
    const watch = await other.http.watch(`${CONFIG_MAPS}?watch=true&allowWatchBookmarks=true`);
    expect(held()).not.toEqual(before);
    await other.close();
    await watch.until(({ended}) => ended !== undefined);
    await expect.poll(held).toEqual(before);
  });

  test('a port that is taken is an error that says so', async () => {
    await expect(testCluster({port: at.cluster.port})).rejects.toThrow('cannot be listened on; choose another port');
  });
});

describe('applyManifests', () => {
  test('takes types before their objects whatever their order, and replaces what is there', async () => {
    const crd = (await import('./support/clusters.ts')).WIDGET_CRD;
    const object = (min: number): string =>
      `apiVersion: example.dev/v1\nkind: Widget\nmetadata: {name: w, namespace: made}\nspec: {min: ${min}}\n`;
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: made}\n';
    await at.cluster.applyManifests([object(1), namespace, crd].join('---\n'));
    await at.cluster.applyManifests(object(2));
    const {body} = await at.http.get('/apis/example.dev/v1/namespaces/made/widgets/w');
    expect(body.spec).toEqual({min: 2, mode: 'On'});
  });

  test.each([
    ['a: [', 'the manifest is not YAML'],
    ['- a', 'is not an object'],
    [
      'apiVersion: nope.dev/v1\nkind: Nope\nmetadata: {name: x}',
      'nope.dev/v1 Nope is not served; apply its CustomResourceDefinition first',
    ],
    ['apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: nons}', 'namespaces "nons" not found'],
  ])('refuses %j', async (text, message) => {
    await expect(at.cluster.applyManifests(text)).rejects.toThrow(message);
  });
});
