import {afterAll, afterEach, beforeAll, expect, test} from 'vitest';

import type {ExportPolicy, ServiceExport} from '../../src/api/kinds.ts';
import type {Condition} from '../../src/api/meta.ts';
import {exportPolicies, serviceExports} from '../../src/api/resources.ts';
import {chooseReplica} from '../../src/hub/choose-replica.ts';
import {eventually} from '../tools/eventually.ts';
import {
  conditionOf,
  exportYaml,
  startClusterset,
  type RunningHub,
  type TestCluster,
  type TestClusterset,
} from './clusterset.ts';

/** Two replicas of one hub: who tells of an object is not who writes it, and tells why it isn't there all the same. */

const WITHIN_MS = 20_000;
const NAMESPACE = 'shop';
const NO = 'not in my house';

let set: TestClusterset;
let one: TestCluster;
let two: TestCluster;
let replicas: readonly RunningHub[];

beforeAll(async () => {
  set = await startClusterset(2);
  [one, two] = set.members as [TestCluster, TestCluster];
  for (const member of set.members) {
    await set.register(member);
    await member.namespace(NAMESPACE);
  }
  const [teller, writer] = identities();
  replicas = [teller, writer].map((identity) => set.startHub({identity, leaseRenewMs: 500}));
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
});

afterEach(() => two.cluster.faults.clear());
afterAll(async () => set.close());

/** The first writes to cluster-1, and tells of policies; the other one writes to cluster-2. */
function identities(): readonly [string, string] {
  for (let seed = 0; seed < 1_000; seed++) {
    const both = [`teller-${seed}`, `writer-${seed}`] as const;
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
  conditionOf(await one.find<ServiceExport>(serviceExports, {namespace: NAMESPACE, name}), 'Ready');

test('an export says which member refuses its import and why; one that only waits there says what is in the way', async () => {
  refuse('serviceimports');
  await one.apply(exportYaml(NAMESPACE, 'a-first'));
  await until(readyOf('a-first'), ['False/Failed', 'cluster-2', NO]);
  // The first by name is what the Cluster tells of.
  await one.apply(exportYaml(NAMESPACE, 'b-second'));
  const waiting = 'False/Pending Waits for cluster-2: another object is refused there; see Cluster cluster-2';
  const told = await until(readyOf('b-second'), [waiting]);
  for (const foreign of ['a-first', NO]) expect(told?.message).not.toContain(foreign);
  two.cluster.faults.clear();
  for (const name of ['a-first', 'b-second']) await until(readyOf(name), ['True/Exported']);
});

test('a policy says which member refuses its copy, and why', async () => {
  const told = async (): Promise<Condition | undefined> => {
    const found = await set.hubCluster.find<ExportPolicy>(exportPolicies, {name: 'closed'});
    return found?.status?.conditions?.find(({type}) => type === 'Synced');
  };
  refuse('exportpolicies');
  await set.hubCluster.apply(`apiVersion: isthmus.dev/v1alpha1
kind: ExportPolicy
metadata: {name: closed}
spec: {rules: [{name: first, action: Deny, namespaces: [nowhere]}]}`);
  await until(told, ['False/Refused', '1 of 2 members hold it. Refused by cluster-2 (', NO]);
  two.cluster.faults.clear();
  await until(told, ['True/Synced', '2 of 2 members hold it.']);
  expect(await two.find(exportPolicies, {name: 'isthmus-hub.closed'})).toBeDefined();
});

test('while a member goes from one replica to the other, what waits for it is not said to be imported, and nothing is written', async () => {
  refuse('serviceimports');
  for (const name of ['c-first', 'd-second']) await one.apply(exportYaml(NAMESPACE, name));
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
