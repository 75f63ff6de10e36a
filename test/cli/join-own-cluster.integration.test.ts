import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join as joinPath} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import {readCredentials} from '../../cli/credentials.ts';
import {manifestDocuments} from '../../cli/install-manifests.ts';
import type {JoinOptions} from '../../cli/join/join-context.ts';
import {runJoin} from '../../cli/join/run-join.ts';
import {runLeave} from '../../cli/leave/run-leave.ts';
import type {OperatorHub} from '../../cli/operator-hub.ts';
import {operatorHub} from '../../cli/operator-hub.ts';
import type {Cluster} from '../../src/api/kinds.ts';
import {memberRecordName} from '../../src/api/names.ts';
import {clusters, secrets, serviceAccounts} from '../../src/api/resources.ts';
import type {ClusterCredentials} from '../../src/kube/credentials.ts';
import {requestToken} from '../../src/kube/token-request.ts';
import {tokenLifetime} from '../../src/kube/token-lifetime.ts';
import type {RunningHub, TestCluster, TestClusterset} from '../hub/clusterset.ts';
import {conditionOf, startClusterset} from '../hub/clusterset.ts';
import {eventually} from '../tools/eventually.ts';
import {said} from './operated-clusterset.ts';
import {RecordedTerminal} from './recorded-terminal.ts';

/** The hub's own cluster becomes a member, by commands and a hub that have nothing but the ServiceAccount folder of a pod. */

const NAME = 'home';
const SECRET = {namespace: 'isthmus-system', name: memberRecordName(NAME)};
const OPERATOR = {namespace: 'default', name: 'operator'};
const HUB = {namespace: 'isthmus-system', name: 'isthmus-hub'};
const write = {fieldManager: 'test', force: true};

let folder: string;
let set: TestClusterset;
let home: TestCluster;
let operator: ClusterCredentials;
let account: ClusterCredentials;
let hub: OperatorHub;
let running: RunningHub | undefined;

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'isthmus-pod-'));
  set = await startClusterset(0);
  home = set.hubCluster;
  await home.apply((await manifestDocuments(['hub'])).join('\n---\n'));
  await home.apply(`apiVersion: v1
kind: ServiceAccount
metadata: {namespace: ${OPERATOR.namespace}, name: ${OPERATOR.name}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: operator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, namespace: ${OPERATOR.namespace}, name: ${OPERATOR.name}}]`);
  operator = await inPodOf(OPERATOR);
  account = await inPodOf(HUB);
  hub = operatorHub({credentials: operator, namespace: 'isthmus-system', development: true});
});

afterAll(async () => {
  await hub.close();
  await set.close();
  await rm(folder, {recursive: true, force: true});
});

/** What a process in a pod of this account reads, as the kubelet lays it out. */
async function inPodOf(of: {readonly namespace: string; readonly name: string}): Promise<ClusterCredentials> {
  const token = await requestToken(home.client, {...of, expirationSeconds: 3_600});
  await writeFile(joinPath(folder, 'token'), `${token}\n`);
  await writeFile(joinPath(folder, 'ca.crt'), home.cluster.credentials.ca);
  const {hostname, port} = new URL(home.cluster.credentials.server);
  const env = {KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port};
  return readCredentials({}, '--hub-kubeconfig', {folder, env});
}

function optionsFor(terminal: RecordedTerminal, changes: Partial<JoinOptions> = {}): JoinOptions {
  return {
    ...{name: NAME, hub, member: operator, memberKubeconfig: 'home.kubeconfig'},
    // Nothing listens there, which is known at once.
    settings: {gatewayHost: '127.0.0.1', gatewayPort: 1},
    ...{withAgent: false, dryRun: false, waitMs: 20_000, terminal, signal: new AbortController().signal},
    ...changes,
  };
}

/** What it printed, and what it failed with in the end. */
function join(changes: Partial<JoinOptions> = {}): Promise<string> {
  const terminal = new RecordedTerminal();
  return said(terminal, runJoin(optionsFor(terminal, changes)));
}

test('credentials of the folder are those of the pod, by the address of its environment', () => {
  expect(operator.server).toBe(home.cluster.credentials.server);
  expect(tokenLifetime(operator.token ?? '')?.account).toEqual(OPERATOR);
  expect(tokenLifetime(account.token ?? '')?.account).toEqual(HUB);
});

test('outside of a pod a kubeconfig has to be named, and by which flag is said', async () => {
  await expect(readCredentials({}, '--hub-kubeconfig', {folder, env: {}})).rejects.toThrow('--hub-kubeconfig FILE');
});

test('a pod whose account is no administrator is refused before anything is changed', async () => {
  const own = operatorHub({credentials: account, namespace: 'isthmus-system', development: true});
  try {
    const text = await join({hub: own, member: account});
    expect(text).toContain('FAILED');
    expect(text).toContain("use an administrator's");
    expect(text).toContain('Nothing was changed.');
    expect(await home.find(clusters, {name: NAME})).toBeUndefined();
  } finally {
    await own.close();
  }
});

describe('the cluster of the hub joins', () => {
  test('a dry run speaks of no Secret and no token, and changes nothing', async () => {
    const text = await join({dryRun: true});
    expect(text).toContain(`would     create Cluster ${NAME}`);
    expect(text).toContain('Nothing was changed (--dry-run).');
    expect(text).not.toMatch(/Secret|token of/);
    expect(await home.find(clusters, {name: NAME})).toBeUndefined();
  });

  test('where a Cluster named a Secret before, it names none any more', async () => {
    const spec = {gatewayHost: '127.0.0.1', gatewayPort: 1, kubeconfigSecretRef: {name: SECRET.name}};
    const object = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: NAME}, spec} as const;
    await home.client.apply(clusters, object, write);
    expect(await join({waitMs: 0})).toContain(`changed   Cluster ${NAME}`);
    const found = await home.client.get<Cluster>(clusters, {name: NAME});
    expect(found.spec).toMatchObject({isInCluster: true});
    expect(found.spec).not.toHaveProperty('kubeconfigSecretRef');
  });

  test('a hub that has nothing but its own account syncs it; no Secret and no lasting token is made', async () => {
    running ??= set.startHub({credentials: account});
    // An address that no hub would go to: into its own cluster it goes as it always does.
    const text = await join({memberServer: 'https://169.254.169.254'});
    expect(text).not.toContain('FAILED');
    expect(text).toContain("--member-server is not used: it is the hub's own cluster");
    expect(text).toContain('to ask for its rights and then be forgotten');
    expect(text).toMatch(/rights    the token has all \d+ that the hub needs/);
    expect(text).not.toMatch(/for \d+ days/);
    expect(text).toContain(`${NAME} is a member: the hub reaches it and has applied everything`);
    expect(await home.find(secrets, SECRET)).toBeUndefined();
    expect(running.status(NAME)).toMatchObject({synced: true, tokenExpiresMs: undefined});
  });

  test('run again it changes nothing', async () => {
    const text = await join();
    expect(text).toContain(`as it is  Cluster ${NAME}`);
    expect(text).not.toMatch(/created|changed|FAILED/);
  });

  test('it leaves with the rights of a member alone: the account is the hub’s own, and goes on working', async () => {
    const terminal = new RecordedTerminal();
    const options = {forget: false, agreed: true, waitMs: 20_000, signal: new AbortController().signal};
    const text = await said(terminal, runLeave({name: NAME, hub, member: operator, terminal, ...options}));
    expect(text).toContain(`${NAME} has left`);
    expect(text).toContain('deleted   ClusterRole isthmus-hub-member in the member');
    expect(text).not.toContain('ServiceAccount');
    expect(await home.find(serviceAccounts, HUB)).toBeDefined();
    expect(await join()).toContain(`${NAME} is a member`);
    await eventually('it is a member again', async () => {
      const found = await home.find<Cluster>(clusters, {name: NAME});
      return conditionOf(found, 'Synced')?.status === 'True';
    });
  });
});
