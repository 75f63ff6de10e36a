import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {testCluster, WIDGET_CRD} from './support/clusters.ts';
import type {TestCluster} from './support/clusters.ts';
import {findKubectl} from '../../tools/find-kubectl.ts';
import {Kubectl} from './support/kubectl.ts';

const found = findKubectl();
const binary = found.path;

if (found.path === undefined) test(`kubectl on an embedded cluster (${found.reason})`, ({skip}) => skip());

describe.runIf(binary !== undefined)('kubectl on an embedded cluster', () => {
  let at: TestCluster;
  let kubectl: Kubectl;

  beforeAll(async () => {
    at = await testCluster();
    kubectl = new Kubectl(binary ?? '', at.cluster.kubeconfig);
    await kubectl.ok(['apply', '-f', '-'], WIDGET_CRD);
  });

  afterAll(async () => {
    kubectl.close();
    await at.close();
  });

  const config = (name: string, a: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: "${a}"}\n`;
  const widget = (name: string, spec: string): string =>
    `apiVersion: example.dev/v1\nkind: Widget\nmetadata: {name: ${name}, labels: {app: w}}\nspec: ${spec}\n`;

  test('version', async () => {
    expect(await kubectl.ok(['version'])).toContain('Server Version: v1.36');
  });

  test.each([
    ['a core kind', config],
    ['a custom kind', (name: string, a: string) => widget(name, `{min: ${a}}`)],
  ])('apply creates, leaves alone and changes: %s', async (_, manifest) => {
    expect(await kubectl.ok(['apply', '-f', '-'], manifest('ap', '1'))).toMatch(/ap created\n$/);
    expect(await kubectl.ok(['apply', '-f', '-'], manifest('ap', '1'))).toMatch(/ap unchanged\n$/);
    expect(await kubectl.ok(['apply', '-f', '-'], manifest('ap', '2'))).toMatch(/ap configured\n$/);
  });

  test('apply --server-side by two managers: a conflict that names the field, and --force-conflicts', async () => {
    const apply = (manager: string, min: number, ...more: string[]) =>
      kubectl.run(
        ['apply', '--server-side', `--field-manager=${manager}`, ...more, '-f', '-'],
        widget('ssa', `{min: ${min}}`),
      );
    expect((await apply('one', 1)).stdout).toBe('widget.example.dev/ssa serverside-applied\n');
    const refused = await apply('two', 2);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Apply failed with 1 conflict: conflict with "one": .spec.min');
    expect((await apply('two', 2, '--force-conflicts')).code).toBe(0);
    expect(await kubectl.ok(['get', 'wd', 'ssa', '-o', 'jsonpath={.spec.min}'])).toBe('2');
  });

  test('apply --server-side takes over what client-side apply made', async () => {
    await kubectl.ok(['apply', '-f', '-'], config('migrated', '1'));
    expect(await kubectl.ok(['apply', '--server-side', '-f', '-'], config('migrated', '2'))).toContain(
      'serverside-applied',
    );
    expect(await kubectl.ok(['get', 'cm', 'migrated', '-o', 'jsonpath={.data.a}'])).toBe('2');
    expect(await kubectl.ok(['apply', '-f', '-'], config('migrated', '3'))).toContain('configured');
  });

  test('create -f, and once more', async () => {
    expect(await kubectl.ok(['create', '-f', '-'], config('cr', '1'))).toBe('configmap/cr created\n');
    const again = await kubectl.run(['create', '-f', '-'], config('cr', '1'));
    expect(again.stderr).toContain('Error from server (AlreadyExists)');
  });

  test.each([
    [['create', 'ns', 'made'], 'namespace/made created\n'],
    [['create', 'cm', 'made', '--from-literal=a=b'], 'configmap/made created\n'],
    [['create', 'sa', 'made'], 'serviceaccount/made created\n'],
    [['create', 'secret', 'generic', 'made', '--from-literal=a=b'], 'secret/made created\n'],
  ])('%j, whose body is protobuf', async (args, output) => {
    expect(await kubectl.ok(args)).toBe(output);
  });

  test('get prints tables with the columns of the kind', async () => {
    await kubectl.ok(['apply', '-f', '-'], widget('table', '{min: 7, mode: "Off"}'));
    const [header = '', row = ''] = (await kubectl.ok(['get', 'wd', 'table'])).split('\n');
    expect(header.trim().split(/\s+/)).toEqual(['NAME', 'MODE', 'AGE']);
    expect(row.trim().split(/\s+/).slice(0, 2)).toEqual(['table', 'Off']);
    expect(await kubectl.ok(['get', 'wd', 'table', '-o', 'wide'])).toMatch(/NAME\s+MODE\s+MIN\s+AGE/);
    expect(await kubectl.ok(['get', 'svc', '-A'])).toMatch(
      /NAMESPACE\s+NAME\s+TYPE\s+CLUSTER-IP\s+EXTERNAL-IP\s+PORT\(S\)\s+AGE/,
    );
    expect(await kubectl.ok(['get', 'ns', 'default'])).toMatch(/default\s+Active/);
    expect(await kubectl.ok(['get', 'crd', 'widgets.example.dev'])).toMatch(/NAME\s+CREATED AT/);
  });

  test('get -o yaml, of either version, and by label', async () => {
    expect(await kubectl.ok(['get', 'widgets.v1beta1.example.dev', 'table', '-o', 'yaml'])).toContain(
      'apiVersion: example.dev/v1beta1\n',
    );
    expect(await kubectl.ok(['get', 'wd', '-l', 'app=w', '-o', 'name'])).toContain('widget.example.dev/table\n');
    expect(await kubectl.ok(['get', 'wd', '-l', 'app=x', '-o', 'name'])).toBe('');
  });

  test('get of what is not there', async () => {
    const missing = await kubectl.run(['get', 'wd', 'nope']);
    expect([missing.code, missing.stderr]).toEqual([
      1,
      'Error from server (NotFound): widgets.example.dev "nope" not found\n',
    ]);
    const unknown = await kubectl.run(['get', 'foos']);
    expect(unknown.stderr).toContain('the server doesn\'t have a resource type "foos"');
  });

  test.each([
    ['strategic', ['patch', 'cm', 'pa', '-p', '{"data":{"b":"2"}}']],
    ['merge', ['patch', 'cm', 'pa', '--type=merge', '-p', '{"data":{"c":"3"}}']],
    ['json', ['patch', 'cm', 'pa', '--type=json', '-p', '[{"op":"remove","path":"/data/a"}]']],
    ['status', ['patch', 'wd', 'pa', '--subresource=status', '--type=merge', '-p', '{"status":{"phase":"x"}}']],
  ])('patch: %s', async (_, args) => {
    await kubectl.ok(['apply', '-f', '-'], `${config('pa', '1')}---\n${widget('pa', '{min: 1}')}`);
    expect(await kubectl.ok(args)).toMatch(/pa patched\n$/);
  });

  test('delete waits until the object is really gone', async () => {
    await kubectl.ok(
      ['apply', '-f', '-'],
      widget('fin', '{min: 1}').replace('labels:', 'finalizers: [example.dev/x], labels:'),
    );
    const deleted = kubectl.ok(['delete', 'wd', 'fin']);
    const path = '/apis/example.dev/v1/namespaces/default/widgets/fin';
    await expect
      .poll(async () => (await at.http.get(path)).body.metadata.deletionTimestamp, {timeout: 5_000})
      .toBeDefined();
    await at.http.merge(path, {metadata: {finalizers: null}});
    expect(await deleted).toBe('widget.example.dev "fin" deleted\n');
    expect(await kubectl.ok(['delete', 'ns', 'made'])).toBe('namespace "made" deleted\n');
    expect(await kubectl.ok(['delete', 'cm', '-l', 'none=such'])).toBe('No resources found\n');
  });

  test('api-resources lists built-in and custom kinds', async () => {
    const lines = await kubectl.ok(['api-resources', '--no-headers']);
    expect(lines).toMatch(/^widgets\s+wd\s+example\.dev\/v1\s+true\s+Widget$/m);
    expect(lines).toMatch(/^services\s+svc\s+v1\s+true\s+Service$/m);
    expect(lines).toMatch(
      /^customresourcedefinitions\s+crd,crds\s+apiextensions\.k8s\.io\/v1\s+false\s+CustomResourceDefinition$/m,
    );
    expect(await kubectl.ok(['api-versions'])).toContain('example.dev/v1beta1\n');
  });

  test('run, expose and the answers for pods that do not run', async () => {
    await kubectl.ok(['run', 'p1', '--image=example.org/x']);
    await kubectl.ok(['wait', '--for=condition=Ready', 'pod/p1', '--timeout=10s']);
    await kubectl.ok(['expose', 'pod', 'p1', '--port=80']);
    await expect
      .poll(() => kubectl.ok(['get', 'endpointslices', '-l', 'kubernetes.io/service-name=p1']), {timeout: 5_000})
      .toMatch(/p1-\w{5}\s+IPv4\s+80\s+10\.201\./);
    expect((await kubectl.run(['logs', 'p1'])).stderr).toContain(
      'no logs found for container "p1" in pod "default/p1"',
    );
    expect((await kubectl.run(['exec', 'p1', '--', 'ls'])).code).toBe(1);
    expect(await kubectl.ok(['delete', 'pod', 'p1'])).toContain('deleted');
  });
});
