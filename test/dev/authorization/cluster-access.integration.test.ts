import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {findKubectl} from '../../tools/find-kubectl.ts';
import {testCluster} from '../apiserver/support/clusters.ts';
import type {TestCluster} from '../apiserver/support/clusters.ts';
import {HttpClient} from '../apiserver/support/http-client.ts';
import {Kubectl} from '../apiserver/support/kubectl.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const MANIFEST = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: bot, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: default}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: bot, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: bot}, {kind: Group, name: readers}]
`;

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({runPods: false});
  await at.cluster.applyManifests(MANIFEST);
});

afterAll(() => at.close());

describe('credentials of an embedded cluster', () => {
  test.each([
    ['a ServiceAccount', {serviceAccount: 'bot', namespace: 'default'}],
    ['a member of a group', {user: 'jane', groups: ['readers']}],
  ])('of %s have the rights that RBAC gives it, and no others', async (_name, identity) => {
    const credentials = at.cluster.credentialsOf(identity);
    const http = new HttpClient({url: at.cluster.url, caPem: credentials.ca, credentials});
    const [allowed, refused] = [await http.get(CONFIG_MAPS), await http.get('/api/v1/nodes')];
    http.close();
    expect([allowed.status, refused.status]).toEqual([200, 403]);
  });

  test('are there as a kubeconfig, too', () => {
    const config = parse(at.cluster.kubeconfigOf({user: 'jane'})) as {users: {user: {token: string}}[]};
    expect(config.users[0]?.user.token).toMatch(/^[\w-]{20,}$/);
  });

  test('of an account that is not there are refused with what to do', () => {
    expect(() => at.cluster.credentialsOf({serviceAccount: 'nope', namespace: 'default'})).toThrow(
      /there is no ServiceAccount default\/nope; create it first/,
    );
  });

  test('of the administrator are above RBAC', async () => {
    expect((await at.http.delete('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/cluster-admin')).status).toBe(
      200,
    );
    expect((await at.http.get('/api/v1/nodes')).status).toBe(200);
  });
});

describe('a namespace', () => {
  test('has the CA of its API server, and gets it back', async () => {
    const path = `${CONFIG_MAPS}/kube-root-ca.crt`;
    expect((await at.http.get(path)).body.data).toEqual({'ca.crt': at.cluster.caPem});
    await at.http.merge(path, {data: {'ca.crt': 'x'}});
    expect((await at.http.get(path)).body.data).toEqual({'ca.crt': at.cluster.caPem});
  });
});

describe('OpenID Connect discovery', () => {
  test('names the issuer of tokens, and the keys that they are verified with', async () => {
    const {body} = await at.http.get('/.well-known/openid-configuration');
    expect(body.issuer).toBe('https://kubernetes.default.svc');
    const keys = await at.http.get('/openid/v1/jwks');
    expect(keys.headers['content-type']).toBe('application/jwk-set+json');
    const token = at.cluster.credentialsOf({serviceAccount: 'bot', namespace: 'default'}).token ?? '';
    const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as object;
    expect(header).toEqual({alg: keys.body.keys[0].alg, kid: keys.body.keys[0].kid});
  });
});

const found = findKubectl();
const binary = found.path ?? '';

if (found.path === undefined) test(`kubectl (${found.reason})`, ({skip}) => skip());

describe.runIf(found.path !== undefined)('kubectl', () => {
  let kubectl: Kubectl;

  beforeAll(() => {
    kubectl = new Kubectl(binary, at.cluster.kubeconfig);
  });

  afterAll(() => kubectl.close());

  test('auth can-i says yes and no', async () => {
    const bot = ['--as', 'system:serviceaccount:default:bot'];
    expect(await kubectl.ok(['auth', 'can-i', 'list', 'configmaps', ...bot])).toBe('yes\n');
    expect(await kubectl.run(['auth', 'can-i', 'delete', 'configmaps', ...bot])).toMatchObject({
      code: 1,
      stdout: 'no\n',
    });
  });

  test('auth can-i --list lists', async () => {
    const lines = (await kubectl.ok(['auth', 'can-i', '--list', '--as', 'bob', '--as-group', 'readers'])).split('\n');
    expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual(
      expect.arrayContaining([
        ['configmaps', '[]', '[]', '[get list]'],
        ['selfsubjectreviews.authentication.k8s.io', '[]', '[]', '[create]'],
        ['[/version]', '[]', '[get]'],
      ]),
    );
  });

  test('auth whoami tells', async () => {
    const told = await kubectl.ok(['auth', 'whoami', '--as', 'bob', '--as-group', 'g', '--as-uid', '7']);
    expect(told.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['ATTRIBUTE', 'VALUE'],
      ['Username', 'bob'],
      ['UID', '7'],
      ['Groups', '[g system:authenticated]'],
      [''],
    ]);
  });

  test('create token makes one that lets in', async () => {
    const token = (await kubectl.ok(['create', 'token', 'bot'])).trim();
    const bot = new Kubectl(binary, at.cluster.kubeconfig.replace(/token: .*/, `token: ${token}`));
    const refused = await bot.run(['get', 'secrets']);
    bot.close();
    expect(refused.stderr).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "system:serviceaccount:default:bot" cannot list resource "secrets" ' +
        'in API group "" in the namespace "default"\n',
    );
  });

  test('create token says what is wrong', async () => {
    expect((await kubectl.run(['create', 'token', 'bot', '--duration=5m'])).stderr).toBe(
      'error: failed to create token: TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: ' +
        'Invalid value: 300: may not specify a duration less than 10 minutes\n',
    );
  });
});
