import {afterEach, beforeEach, expect, test, vi} from 'vitest';

import {manifestDocuments} from '../../cli/install-manifests.ts';
import type {Cluster, Secret} from '../../src/api/kinds.ts';
import {DEFAULT_NAMESPACE, HUB_MANAGER, memberRecordName} from '../../src/api/names.ts';
import {clusters, events, secrets} from '../../src/api/resources.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import type {Fault} from '../../src/dev/faults.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {kubeconfigText} from '../../src/kube/kubeconfig-text.ts';
import {parseUntrustedKubeconfig} from '../../src/kube/untrusted-kubeconfig.ts';
import {requestToken} from '../../src/kube/token-request.ts';
import {eventually} from '../tools/eventually.ts';
import {conditionOf, startClusterset, synced, type TestCluster, type TestClusterset} from './clusterset.ts';

/** What the hub does about the credentials that it has for members: renews them, and tells what is wrong with them. */

/** The shortest that API servers grant. */
const LIFE_S = 600;
/** Past its half, before a third of it is left. */
const LATE_MS = 330_000;
const WITHIN_MS = 25_000;
vi.setConfig({testTimeout: 90_000});
const ROLE = {group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'roles', kind: 'Role', namespaced: true};
let set: TestClusterset;
let one: TestCluster;
let clients: KubeClient[];

beforeEach(async () => {
  clients = [];
  set = await startClusterset(1);
  [one] = set.members as [TestCluster];
  await one.apply((await manifestDocuments(['member', 'admission'])).join('\n---\n'));
});

afterEach(async () => {
  one.cluster.faults.clear();
  await Promise.all(clients.map((client) => client.close()));
  await set.close();
});

/** A kubeconfig of the hub's own account in the member. */
async function accountKubeconfig(expirationSeconds = LIFE_S): Promise<string> {
  const of = {namespace: DEFAULT_NAMESPACE, name: HUB_MANAGER, expirationSeconds};
  const token = await eventually('a token', async () => requestToken(one.client, of));
  const {server, ca} = one.cluster.credentials;
  return kubeconfigText({name: one.name, server, caPem: ca, token});
}

async function keptKubeconfig(): Promise<string | undefined> {
  const at = {namespace: DEFAULT_NAMESPACE, name: memberRecordName(one.name)};
  const data = (await set.hubCluster.find<Secret>(secrets, at))?.data?.['kubeconfig'];
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8');
}

function tokenOf(kubeconfig: string): string | undefined {
  return parseUntrustedKubeconfig(kubeconfig, {development: true}).token;
}

async function said(type: string): Promise<string> {
  const found = await set.hubCluster.find<Cluster>(clusters, {name: one.name});
  const {status, reason, message} = conditionOf(found, type) ?? {};
  return status === undefined ? 'nothing' : `${status}/${reason}: ${message}`;
}

async function says(type: string, text: string): Promise<string> {
  let last = '';
  return eventually(
    `${type} ${text}`,
    async () => {
      last = await said(type);
      return last.includes(text) ? last : undefined;
    },
    WITHIN_MS,
  ).catch((error: unknown) => {
    throw new Error(`${type} says ${last}`, {cause: error});
  });
}

async function warned(reason: string): Promise<void> {
  interface Event extends KubeObject {
    readonly reason?: string;
    readonly type?: string;
  }
  await eventually(
    `an Event ${reason}`,
    async () => {
      const {items} = await set.hubCluster.client.list<Event>(events, {namespace: 'default'});
      return items.some((event) => event.reason === reason && event.type === 'Warning');
    },
    WITHIN_MS,
  );
}

const late = (): number => Date.now() + LATE_MS;

test('a token in its first half is left alone, and the Cluster says until when it is good', async () => {
  const kubeconfig = await accountKubeconfig();
  await set.register(one, {kubeconfig});
  await synced(set.startHub(), set.members);
  await says('TokenRenewed', 'True/Bound: Good until 20');
  expect(tokenOf((await keptKubeconfig()) ?? '')).toBe(tokenOf(kubeconfig));
  expect(await said('OverPrivileged')).toBe('nothing');
});

test('at half of its time it is renewed: the new one is in the Secret, is used, and the old one was good all along', async () => {
  const kubeconfig = await accountKubeconfig();
  await set.register(one, {kubeconfig});
  const running = set.startHub({nowMs: late});
  const renewed = await eventually(
    'another token in the Secret',
    async () => {
      const kept = await keptKubeconfig();
      return kept !== undefined && tokenOf(kept) !== tokenOf(kubeconfig) ? kept : undefined;
    },
    WITHIN_MS,
  );
  await says('TokenRenewed', 'True/Bound');
  const credentials = parseUntrustedKubeconfig(renewed, {development: true});
  expect({...credentials, token: ''}).toEqual({
    ...parseUntrustedKubeconfig(kubeconfig, {development: true}),
    token: '',
  });
  const client = new KubeClient({credentials, userAgent: 'test'});
  clients.push(client);
  await expect(client.version()).resolves.toBeDefined();
  await synced(running, set.members);
  // It is good for longer than half of it, so that there is no next one.
  expect(tokenOf((await keptKubeconfig()) ?? '')).toBe(credentials.token);
});

test('a right that was taken away: it is said at once and long before, with the time and what to do; given back, it is renewed', async () => {
  await one.client.patch(
    ROLE,
    {namespace: DEFAULT_NAMESPACE, name: 'isthmus-hub-member'},
    {type: 'json', body: [{op: 'remove', path: '/rules/2'}]},
    {fieldManager: 'kubectl'},
  );
  const kubeconfig = await accountKubeconfig();
  await set.register(one, {kubeconfig});
  const running = set.startHub({nowMs: late});
  await synced(running, set.members);
  const message = await says('TokenRenewed', 'False/RenewalFailed: Good until 20');
  expect(message).toContain('serviceaccounts/token');
  expect(message).toContain('manifests/install/member.yaml gives that right');
  await warned('RenewalFailed');
  expect(running.status(one.name).synced).toBe(true);
  expect(tokenOf((await keptKubeconfig()) ?? '')).toBe(tokenOf(kubeconfig));
  await one.apply((await manifestDocuments(['member'])).join('\n---\n'));
  await says('TokenRenewed', 'True/Bound');
  expect(tokenOf((await keptKubeconfig()) ?? '')).not.toBe(tokenOf(kubeconfig));
});

const unusable: readonly {readonly name: string; readonly fault: Fault; readonly says: string}[] = [
  {
    name: 'that is not granted',
    fault: {kind: 'status', code: 500, message: 'no tokens today'},
    says: 'no tokens today',
  },
  {
    name: 'that is granted and then refused',
    fault: {kind: 'rewriteBody', rewrite: (body) => withToken(body, (token) => `${token.slice(0, -8)}AAAAAAAA`)},
    says: '401',
  },
  {
    name: 'that lasts no longer',
    fault: {kind: 'rewriteBody', rewrite: (body) => withToken(body, () => oldToken)},
    says: 'granted one that does not last any longer',
  },
];
let oldToken = '';

function withToken(body: unknown, change: (token: string) => string): unknown {
  const granted = body as {readonly status: {readonly token: string}};
  return {...granted, status: {...granted.status, token: change(granted.status.token)}};
}

test.each(unusable)('a new token $name is never put in the place of the old one', async ({fault, says: words}) => {
  const kubeconfig = await accountKubeconfig();
  oldToken = tokenOf(kubeconfig) ?? '';
  await set.register(one, {kubeconfig});
  one.cluster.faults.add({verb: 'create', resource: 'serviceaccounts', userAgent: 'isthmus-hub'}, fault);
  const running = set.startHub({nowMs: late});
  await synced(running, set.members);
  expect(await says('TokenRenewed', 'False/RenewalFailed')).toContain(words);
  expect(tokenOf((await keptKubeconfig()) ?? '')).toBe(oldToken);
  expect(running.status(one.name).synced).toBe(true);
});

test("a token in a Secret of somebody else's is not renewed, and the Cluster says so and when it ends", async () => {
  const kubeconfig = await accountKubeconfig();
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {namespace: DEFAULT_NAMESPACE, name: 'mine'},
    data: {kubeconfig: Buffer.from(kubeconfig).toString('base64')},
  };
  await set.hubCluster.client.create(secrets, secret, {fieldManager: 'kubectl'});
  const spec = {gatewayHost: '192.0.2.11', gatewayPort: 80, kubeconfigSecretRef: {name: 'mine'}};
  const object: Cluster = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: one.name}, spec};
  await set.hubCluster.client.create(clusters, object, {fieldManager: 'kubectl'});
  await synced(set.startHub({nowMs: () => Date.now() + 450_000}), set.members);
  const message = await says('TokenRenewed', 'False/Expiring: Good until 20');
  expect(message).toContain(memberRecordName(one.name));
  await warned('TokenExpiring');
});

test('a credential that may do more than the hub needs is told, and the member is synced all the same', async () => {
  await set.register(one);
  const running = set.startHub();
  await synced(running, set.members);
  const message = await says('OverPrivileged', 'True/MoreThanNeeded');
  expect(message).toContain('everything');
  expect(message).toContain('isthmus join');
  // With the right one it is taken back.
  await set.register(one, {kubeconfig: await accountKubeconfig()});
  await eventually('it to be taken back', async () => (await said('OverPrivileged')) === 'nothing', WITHIN_MS);
  await synced(running, set.members);
});

test('rights beyond those of member.yaml are named', async () => {
  await one.apply(`apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: too-much}
rules: [{apiGroups: [''], resources: [secrets, pods], verbs: [get, list, create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: too-much}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: too-much}
subjects: [{kind: ServiceAccount, name: isthmus-hub, namespace: isthmus-system}]`);
  await set.register(one, {kubeconfig: await accountKubeconfig()});
  await synced(set.startHub(), set.members);
  expect(await says('OverPrivileged', 'True')).toContain('may also read Secrets, create pods there');
});
