import {readFileSync} from 'node:fs';
import {join} from 'node:path';

import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest';

import {readCredentials} from '../../cli/credentials.ts';
import type {Cluster, Lease} from '../../src/api/kinds.ts';
import {clusters, leases} from '../../src/api/resources.ts';
import {chooseReplica} from '../../src/hub/choose-replica.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {ClustersetOfProcesses, eventually, type IsthmusProcess} from './os-processes.ts';

/** Two replicas of the hub as processes of their own, with the times of production; one is killed. */

const REPLICAS = ['replica-a', 'replica-b'];
/** Each replica is chosen for two of these and more. */
const MEMBERS = ['cluster-1', 'cluster-2', 'cluster-3'];

let set: ClustersetOfProcesses;
const clients = new Map<string, KubeClient>();

beforeAll(async () => {
  set = await ClustersetOfProcesses.start(MEMBERS.length);
  for (const name of ['hub', ...MEMBERS]) {
    const credentials = await readCredentials({kubeconfig: set.kubeconfig(name)});
    clients.set(name, new KubeClient({credentials, userAgent: 'kubectl'}));
  }
}, 120_000);
afterAll(async () => {
  await Promise.all([...clients.values()].map(async (client) => client.close()));
  await set.stop();
});

function clientOf(name: string): KubeClient {
  const client = clients.get(name);
  if (client === undefined) throw new Error(`no cluster ${name}`);
  return client;
}

async function leaseOf(member: string): Promise<Lease['spec']> {
  const at = {namespace: 'isthmus-system', name: 'isthmus-hub'};
  return (await clientOf(member).find<Lease>(leases, at))?.spec;
}

/** Of the Leases that there are, by member. */
async function transitions(): Promise<ReadonlyMap<string, number>> {
  const found = await Promise.all(MEMBERS.map(async (member) => [member, await leaseOf(member)] as const));
  return new Map(
    found.flatMap(([member, lease]) => (lease === undefined ? [] : [[member, lease.leaseTransitions ?? 0]])),
  );
}

async function held(by: (member: string) => string, deadlineMs: number): Promise<void> {
  const look = async (): Promise<true | undefined> => {
    for (const member of MEMBERS) if ((await leaseOf(member))?.holderIdentity !== by(member)) return undefined;
    return true;
  };
  await eventually('members to be held by those who should', look, deadlineMs);
}

test('the members of one that is killed are taken by the other before they give their hub up', async () => {
  const leftTransitions = await transitions();
  const hubs = new Map<string, IsthmusProcess>();
  onTestFinished(async () => {
    await Promise.all([...hubs.values()].map((hub) => hub.stop()));
  });
  for (const [n, identity] of REPLICAS.entries()) {
    hubs.set(identity, set.startHub({identity, 'ports-file': join(set.dir, `hub-${n}.ports.json`)}));
  }
  for (const [n, name] of MEMBERS.entries()) {
    const kubeconfig = readFileSync(set.kubeconfig(name, 'isthmus-hub'), 'utf8');
    const spec = {gatewayHost: `192.0.2.${n + 1}`, gatewayPort: 8080, kubeconfig};
    const object: Cluster = {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name}, spec};
    await clientOf('hub').apply(clusters, object, {fieldManager: 'kubectl', force: true});
  }
  const chosen = (member: string): string => chooseReplica(member, REPLICAS) ?? '';
  expect(new Set(MEMBERS.map(chosen)).size).toBe(2);
  await held(chosen, 60_000);
  const dead = chosen(MEMBERS[0] ?? '');
  const other = REPLICAS.find((each) => each !== dead) ?? '';
  const {pid} = hubs.get(dead) ?? {};
  if (pid === undefined) throw new Error(`${dead} does not run`);
  process.kill(pid, 'SIGKILL');
  const killedMs = performance.now();
  await held(() => other, 60_000);
  const tookMs = performance.now() - killedMs;
  process.stdout.write(`takeover after kill -9: ${(tookMs / 1_000).toFixed(1)} s\n`);
  // Not before the Lease was over, as the other one saw it; members wait for 40 s before they give their hub up.
  expect(tookMs).toBeGreaterThan(10_000);
  expect(tookMs).toBeLessThan(40_000);
  for (const [member, count] of await transitions()) {
    // Of a Lease that is left over from another try, one more: it is taken first.
    const left = leftTransitions.get(member);
    expect(count, member).toBeLessThanOrEqual(left === undefined ? 2 : left + 3);
  }
}, 180_000);
