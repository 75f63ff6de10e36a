import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import type {Cluster, Lease, ServiceExport, ServiceImport} from '../../src/api/kinds.ts';
import {COMPONENT_LABEL, HUB_REPLICA_COMPONENT} from '../../src/api/names.ts';
import {clusters, configMaps, leases, serviceExports, serviceImports} from '../../src/api/resources.ts';
import type {RequestMatch} from '../../src/dev/faults.ts';
import {chooseReplica} from '../../src/hub/choose-replica.ts';
import type {HubOptions} from '../../src/hub/hub.ts';
import {
  conditionOf,
  exportYaml,
  startClusterset,
  type RunningHub,
  type TestCluster,
  type TestClusterset,
} from './clusterset.ts';
import {eventually as soon} from '../tools/eventually.ts';

/** Several replicas of one hub: who writes to whom, and what happens when one goes (design §3). Renewals are the clock. */

const RENEW_MS = 800;
/** As in production, of Leases that last for ten seconds here. */
const SLOW = {leaseRenewMs: 4_000};
/** A busy machine takes its time; rules are about order, not about speed. */
const CALM = {timeout: 90_000};
const eventually: typeof soon = async (what, look) => soon(what, look, 30_000);

let set: TestClusterset;
let namespace: string;
let spaces = 0;
const running = new Map<string, RunningHub>();

beforeAll(async () => {
  set = await startClusterset(4);
  for (const member of set.members) await set.register(member);
});
afterAll(async () => set.close());

beforeEach(async () => {
  namespace = `shared-${++spaces}`;
  for (const member of set.members) await member.namespace(namespace);
});
afterEach(async () => {
  for (const {cluster} of [set.hubCluster, ...set.members]) cluster.faults.clear();
  await Promise.all([...running.values()].map(async (each) => each.stop()));
  running.clear();
  for (const member of set.members) {
    for (const {metadata} of (await member.client.list(serviceExports)).items) {
      await member.client.delete(serviceExports, metadata);
    }
  }
});

function start(identity: string, options: Partial<HubOptions> = {}): RunningHub {
  const replica = set.startHub({identity, leaseRenewMs: RENEW_MS, unreachableAfterMs: 3_000, ...options});
  running.set(identity, replica);
  return replica;
}

const byReplica = (identity: string): RequestMatch => ({userAgent: `isthmus-hub/${identity}`});

async function leaseOf(member: TestCluster): Promise<Lease | undefined> {
  return member.find<Lease>(leases, {namespace: 'isthmus-system', name: 'isthmus-hub'});
}

async function holders(): Promise<Readonly<Record<string, string>>> {
  const all = await Promise.all(set.members.map(async (m) => [m.name, (await leaseOf(m))?.spec?.holderIdentity ?? '']));
  return Object.fromEntries(all) as Record<string, string>;
}

/** What rendezvous hashing gives. */
function share(...identities: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(set.members.map(({name}) => [name, chooseReplica(name, identities) ?? '']));
}

/** Every member is written to by the one that should, and by nobody else. */
async function divided(...identities: readonly string[]): Promise<void> {
  const wanted = share(...identities);
  await eventually(`members divided among ${identities.join()}`, async () => {
    for (const [name, holder] of Object.entries(wanted)) {
      for (const identity of identities) {
        const status = running
          .get(identity)
          ?.hub.status()
          .members.find(({cluster}) => cluster === name);
        if (status?.writing !== (identity === holder)) return false;
        if (status.writing && !status.synced) return false;
      }
    }
    return JSON.stringify(await holders()) === JSON.stringify(wanted);
  });
}

async function importedEverywhere(name = 'foo'): Promise<void> {
  for (const member of set.members) {
    await eventually(`import in ${member.name}`, async () =>
      member.find<ServiceImport>(serviceImports, {namespace, name}),
    );
  }
}

/** Kills one as kill -9 does: nothing that it sends arrives any more, and it releases nothing. */
async function kill(identity: string): Promise<void> {
  for (const {cluster} of [set.hubCluster, ...set.members]) {
    cluster.faults.add(byReplica(identity), {kind: 'reset'});
    cluster.faults.dropWatches(byReplica(identity));
  }
  const stopped = running.get(identity);
  running.delete(identity);
  await stopped?.stop();
}

/** Looks all the time whether two replicas write to one member. Ends with the names of those where it was so. */
function watchForTwo(): () => readonly string[] {
  const found = new Set<string>();
  const timer = setInterval(() => {
    const writing = [...running.values()].flatMap(({hub}) => hub.status().members.filter((each) => each.writing));
    for (const {cluster} of writing) {
      if (writing.filter((each) => each.cluster === cluster).length > 1) found.add(cluster);
    }
  }, 5);
  return () => {
    clearInterval(timer);
    return [...found];
  };
}

function cut(cluster: TestCluster, identity: string): void {
  cluster.cluster.faults.add(byReplica(identity), {kind: 'reset'});
  cluster.cluster.faults.dropWatches(byReplica(identity));
}

async function readyOf(member: TestCluster, name = 'foo'): Promise<string> {
  const found = await member.find<ServiceExport>(serviceExports, {namespace, name});
  const ready = conditionOf(found, 'Ready');
  return `${ready?.status}/${ready?.reason}`;
}

/** One whose Lease this replica has. */
function memberOf(identity: string, ...identities: readonly string[]): TestCluster {
  const found = set.members.find(({name}) => share(...identities)[name] === identity);
  if (found === undefined) throw new Error(`nobody is for ${identity}`);
  return found;
}

async function replicaLeases(): Promise<readonly string[]> {
  const labelSelector = `${COMPONENT_LABEL}=${HUB_REPLICA_COMPONENT}`;
  const {items} = await set.hubCluster.client.list<Lease>(leases, {labelSelector});
  return items.map(({spec}) => spec?.holderIdentity ?? '').sort();
}

describe('two replicas', CALM, () => {
  test('divide four members; each is written to by one, and imports are everywhere', async () => {
    start('left');
    start('right');
    await divided('left', 'right');
    expect(new Set(Object.values(share('left', 'right'))).size).toBe(2);
    await set.members[0]?.apply(exportYaml(namespace, 'foo'));
    await importedEverywhere();
    expect(await replicaLeases()).toEqual(['left', 'right']);
  });

  test('one that is stopped hands over at once, long before its Leases would be over, and its own is gone', async () => {
    const left = start('left', SLOW);
    start('right', SLOW);
    await divided('left', 'right');
    const startedMs = performance.now();
    running.delete('left');
    await left.stop();
    await divided('right');
    expect(performance.now() - startedMs).toBeLessThan(8_000);
    expect(await replicaLeases()).toEqual(['right']);
  });

  test('one that is killed is replaced when its Leases are over; no import goes, and none waits', async () => {
    start('left');
    start('right');
    await divided('left', 'right');
    await set.members[0]?.apply(exportYaml(namespace, 'foo'));
    await importedEverywhere();
    const before = await holders();
    await kill('left');
    await set.members[1]?.apply(exportYaml(namespace, 'late'));
    await divided('right');
    await importedEverywhere('foo');
    await importedEverywhere('late');
    for (const member of set.members) {
      const {leaseTransitions = 0} = (await leaseOf(member))?.spec ?? {};
      expect(leaseTransitions, member.name).toBeGreaterThanOrEqual(before[member.name] === 'left' ? 1 : 0);
    }
  });
});

describe('a partition', CALM, () => {
  test("a replica that does not see the hub's API gives its members to one that does, and gets them back", async () => {
    start('left');
    start('right');
    await divided('left', 'right');
    const two = watchForTwo();
    cut(set.hubCluster, 'left');
    await eventually('right writes to all', async () =>
      Object.values(await holders()).every((holder) => holder === 'right'),
    );
    expect(running.get('left')?.hub.status().replicas).toBeUndefined();
    set.hubCluster.cluster.faults.clear();
    await divided('left', 'right');
    expect(two()).toEqual([]);
  });

  test("where no replica sees the hub's API, each goes on with the members that it has", async () => {
    start('left');
    start('right');
    await divided('left', 'right');
    const before = await holders();
    for (const identity of ['left', 'right']) cut(set.hubCluster, identity);
    await eventually('both know that they can not tell', () =>
      [...running.values()].every(({hub}) => hub.status().replicas === undefined),
    );
    await set.members[0]?.apply(exportYaml(namespace, 'foo'));
    await importedEverywhere();
    const renewals = async (): Promise<string> =>
      JSON.stringify(await Promise.all(set.members.map(async (each) => (await leaseOf(each))?.spec?.renewTime)));
    for (let times = 0; times < 4; times++) {
      const seen = await renewals();
      await eventually('a renewal', async () => (await renewals()) !== seen);
    }
    expect(await holders()).toEqual(before);
  });

  test('a member that the chosen one does not reach is written to by the other, until it does', async () => {
    start('left');
    start('right');
    await divided('left', 'right');
    const far = memberOf('left', 'left', 'right');
    cut(far, 'left');
    await eventually('right writes to it', async () => (await holders())[far.name] === 'right');
    await set.members[0]?.apply(exportYaml(namespace, 'foo'));
    await eventually('import', async () => far.find(serviceImports, {namespace, name: 'foo'}));
    // The one that reaches it tells of it.
    const told = await set.hubCluster.find<Cluster>(clusters, {name: far.name});
    expect(conditionOf(told, 'Reachable')?.status).toBe('True');
    far.cluster.faults.clear();
    await divided('left', 'right');
  });
});

describe('what one replica knows and another needs', CALM, () => {
  test('an export is Ready when all members have it, whoever writes to them', async () => {
    start('left');
    start('right');
    await divided('left', 'right');
    const exporter = memberOf('left', 'left', 'right');
    const consumer = memberOf('right', 'left', 'right');
    const match = {resource: 'serviceimports', verb: 'patch', userAgent: 'isthmus-hub'} as const;
    consumer.cluster.faults.add(match, {kind: 'status', code: 500});
    await exporter.apply(exportYaml(namespace, 'foo'));
    // As the replica that writes there says it; this one sees only that nothing comes.
    await eventually('it says where it failed', async () => (await readyOf(exporter)) === 'False/Failed');
    consumer.cluster.faults.clear();
    await eventually('it is ready', async () => (await readyOf(exporter)) === 'True/Exported');
    await importedEverywhere();
  });

  test('a member that leaves is cleared by one of them, and both forget it', async () => {
    const leaver = await set.add(`leaver-${namespace}`);
    await set.register(leaver);
    for (const identity of ['left', 'right']) start(identity);
    await eventually('it is synced', () =>
      [...running.values()].some(({hub}) => hub.status().members.some((m) => m.cluster === leaver.name && m.synced)),
    );
    await set.hubCluster.client.delete(clusters, {name: leaver.name});
    await eventually('it is gone', async () => {
      if ((await set.hubCluster.find(clusters, {name: leaver.name})) !== undefined) return false;
      return [...running.values()].every(({hub}) => hub.status().leaving.length === 0);
    });
    expect(await leaver.find(leases, {namespace: 'isthmus-system', name: 'isthmus-hub'})).toBeUndefined();
    const record = {namespace: 'isthmus-system', name: `isthmus-member-${leaver.name}`};
    expect(await set.hubCluster.find(configMaps, record)).toBeUndefined();
  });
});

describe('replicas that come and go', CALM, () => {
  test('a rolling restart writes nothing but Leases, takes no import away, and no two ever write', async () => {
    start('old-1');
    start('old-2');
    await divided('old-1', 'old-2');
    // Of each member the times of lists are remembered then.
    for (const member of set.members) await member.apply(exportYaml(namespace, 'foo'));
    await importedEverywhere();
    await eventually('it is told', async () => (await readyOf(set.members[0] as TestCluster)) === 'True/Exported');
    const rows = (): readonly string[] =>
      [set.hubCluster, ...set.members].flatMap(({name, cluster}) =>
        cluster.writes
          .requests()
          .filter(({resource}) => !resource.startsWith('leases'))
          .map((row) => `${name} ${row.verb} ${row.resource} ${row.name}: ${row.count}`),
      );
    const reset = (): void => [set.hubCluster, ...set.members].forEach(({cluster}) => cluster.writes.reset());
    await eventually('it is at rest', async () => {
      reset();
      const seen = (await leaseOf(set.members[0] as TestCluster))?.spec?.renewTime;
      await eventually(
        'a renewal',
        async () => (await leaseOf(set.members[0] as TestCluster))?.spec?.renewTime !== seen,
      );
      return rows().length === 0;
    });
    const two = watchForTwo();
    for (const n of [1, 2]) {
      start(`new-${n}`);
      await divided(...running.keys());
      const old = running.get(`old-${n}`);
      running.delete(`old-${n}`);
      await old?.stop();
      await divided(...running.keys());
    }
    expect(two()).toEqual([]);
    expect(rows()).toEqual([]);
  });

  test('two that write at once, as after a fault of the lock, do no harm', async () => {
    start('left');
    await divided('left');
    await set.members[0]?.apply(exportYaml(namespace, 'foo'));
    await importedEverywhere();
    const at = {namespace, name: 'foo'};
    const before = await Promise.all(set.members.map(async (each) => each.find<ServiceImport>(serviceImports, at)));
    // The same identity: each takes the Lease for its own.
    const twin = set.startHub({identity: 'left', leaseRenewMs: RENEW_MS, unreachableAfterMs: 3_000});
    running.set('twin', twin);
    const both = (): boolean =>
      [...running.values()].every(({hub}) => hub.status().members.every(({writing, synced}) => writing && synced));
    await eventually('both write to all', both);
    await set.members[1]?.apply(exportYaml(namespace, 'bar'));
    await importedEverywhere('bar');
    await set.members[1]?.client.delete(serviceExports, {namespace, name: 'bar'});
    for (const member of set.members) {
      const gone = async (): Promise<boolean> => !(await member.find(serviceImports, {namespace, name: 'bar'}));
      await eventually('it goes everywhere', gone);
    }
    const after = await Promise.all(set.members.map(async (each) => each.find<ServiceImport>(serviceImports, at)));
    expect(after.map((each) => each?.metadata.uid)).toEqual(before.map((each) => each?.metadata.uid));
    expect(after.map((each) => each?.spec)).toEqual(before.map((each) => each?.spec));
  });
});
