import {afterAll, afterEach, beforeAll, beforeEach, expect, test, vi} from 'vitest';

import type {ExportPolicy, ServiceExport} from '../../src/api/kinds.ts';
import type {Condition} from '../../src/api/meta.ts';
import {exportPolicies, serviceExports} from '../../src/api/resources.ts';
import {chooseReplica} from '../../src/hub/choose-replica.ts';
import {eventually} from '../tools/eventually.ts';
import {
  conditionOf,
  exportYaml,
  startClusterset,
  synced,
  type RunningHub,
  type TestCluster,
  type TestClusterset,
} from './clusterset.ts';

/** Two replicas of one hub: who tells of an object is not who writes it, and tells why it isn't there all the same. */

const WITHIN_MS = 25_000;
vi.setConfig({testTimeout: 90_000});
const NO = 'not in my house';
/** A machine that stands still for a moment is no reason to call a member unreachable, or a replica dead. */
const CALM = {leaseRenewMs: 2_500, unreachableAfterMs: 10_000};

let set: TestClusterset;
let one: TestCluster;
let two: TestCluster;
let replicas: readonly RunningHub[];
/** Of each try: in members that have no import of it yet, so that there is something to refuse. */
let namespace: string;
let tries = 0;

beforeAll(async () => {
  set = await startClusterset(2);
  [one, two] = set.members as [TestCluster, TestCluster];
  for (const member of set.members) await set.register(member);
});

beforeEach(async () => {
  namespace = `shop-${++tries}`;
  for (const member of set.members) await member.namespace(namespace);
  const [teller, writer] = identities();
  replicas = [teller, writer].map((identity) => set.startHub({...CALM, identity}));
  await eventually(
    'each writes to its own member',
    () =>
      replicas.every(({hub}, index) => {
        const {members} = hub.status();
        const mine = ['cluster-1', 'cluster-2'][index];
        return members.length === 2 && members.every(({cluster, writing}) => writing === (cluster === mine));
      }),
    WITHIN_MS,
  );
  // What a try before left is written by now: the first object that is refused is to be one of this try.
  for (const [index, replica] of replicas.entries()) await synced(replica, set.members.slice(index, index + 1));
});

afterEach(async () => {
  two.cluster.faults.clear();
  await Promise.all(replicas.map(async (replica) => replica.stop()));
});
afterAll(async () => set.close());

/** The first writes to cluster-1, and tells of policies; the other one writes to cluster-2. Of each try others. */
function identities(): readonly [string, string] {
  for (let seed = 0; seed < 1_000; seed++) {
    const both = [`teller-${tries}-${seed}`, `writer-${tries}-${seed}`] as const;
    const [first, ...rest] = ['cluster-1', '/policies', 'cluster-2'].map((name) => chooseReplica(name, both));
    if (first === both[0] && rest[0] === both[0] && rest[1] === both[1]) return both;
  }
  throw new Error('no such identities');
}

function refuse(resource: string, name?: string): void {
  two.cluster.faults.add(
    {verb: 'patch', resource, userAgent: 'isthmus-hub', ...(name === undefined ? {} : {name})},
    {kind: 'status', code: 422, message: NO},
  );
}

async function until(
  condition: () => Promise<Condition | undefined>,
  expected: readonly string[],
): Promise<Condition | undefined> {
  let last: Condition | undefined;
  await eventually(
    expected.join(),
    async () => {
      last = await condition();
      const text = `${last?.status}/${last?.reason} ${last?.message}`;
      return expected.every((part) => text.includes(part));
    },
    WITHIN_MS,
  ).catch((error: unknown) => {
    throw new Error(`it says ${JSON.stringify(last)}`, {cause: error});
  });
  return last;
}

const readyOf = (name: string) => async (): Promise<Condition | undefined> =>
  conditionOf(await one.find<ServiceExport>(serviceExports, {namespace, name}), 'Ready');

test('an export says which member refuses its import and why; one that only waits there says what is in the way', async () => {
  refuse('serviceimports');
  await one.apply(exportYaml(namespace, 'a-first'));
  await until(readyOf('a-first'), ['False/Failed', 'cluster-2', NO]);
  // The first by name is what the Cluster tells of.
  await one.apply(exportYaml(namespace, 'b-second'));
  const waiting = 'False/Pending Waits for cluster-2: another object is refused there; see Cluster cluster-2';
  const told = await until(readyOf('b-second'), [waiting]);
  for (const foreign of ['a-first', NO]) expect(told?.message).not.toContain(foreign);
  two.cluster.faults.clear();
  for (const name of ['a-first', 'b-second']) await until(readyOf(name), ['True/Exported']);
});

test('a policy says which member refuses its copy, and why', async () => {
  const name = `closed-${tries}`;
  const told = async (): Promise<Condition | undefined> => {
    const found = await set.hubCluster.find<ExportPolicy>(exportPolicies, {name});
    return found?.status?.conditions?.find(({type}) => type === 'Synced');
  };
  refuse('exportpolicies');
  await set.hubCluster.apply(`apiVersion: isthmus.dev/v1alpha1
kind: ExportPolicy
metadata: {name: ${name}}
spec: {rules: [{name: first, action: Deny, namespaces: [nowhere]}]}`);
  await until(told, ['False/Refused', '1 of 2 members hold it. Refused by cluster-2 (', NO]);
  two.cluster.faults.clear();
  await until(told, ['True/Synced', '2 of 2 members hold it.']);
  expect(await two.find(exportPolicies, {name: `isthmus-hub.${name}`})).toBeDefined();
});

test('while a member goes from one replica to the other, what waits for it is not said to be imported, and nothing is written', async () => {
  refuse('serviceimports');
  for (const name of ['c-first', 'd-second']) await one.apply(exportYaml(namespace, name));
  await until(readyOf('d-second'), ['False/Pending', 'another object is refused there']);
  const seen = new Set<string>();
  const leaving = replicas[1] as RunningHub;
  await Promise.all([
    leaving.stop(),
    eventually(
      'the other one says that it is refused',
      async () => {
        const {status, reason} = (await readyOf('d-second')()) ?? {};
        seen.add(`${status}/${reason}`);
        return reason === 'Failed';
      },
      WITHIN_MS,
    ),
  ]);
  expect([...seen]).toEqual(['False/Pending', 'False/Failed']);
});
