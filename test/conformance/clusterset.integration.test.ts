import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';

import {serviceExports, serviceImports} from '../../src/api/resources.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {eventually} from '../tools/eventually.ts';
import {NAME} from './clusterset-row.ts';
import type {Expectation} from './clusterset-row.ts';
import {clustersetRows} from './clusterset-rows.ts';
import {ClustersetUnderTest} from './clusterset-under-test.ts';
import {giveRows, makeChange} from './given-rows.ts';
import type {PlacedRow} from './given-rows.ts';
import {judgeRow} from './judge-row.ts';
import {changeMembership, judgeMembership} from './membership.ts';
import {membershipRows} from './membership-rows.ts';
import type {Seen} from './observe-row.ts';
import {observeRow} from './observe-row.ts';
import {goodAddresses, refusedRows, TEAM} from './refused-rows.ts';
import {tryToCreate, userOf} from './try-refused.ts';

/** The tables of KEP-1645 on API servers, with one hub and an agent and a name server in each of three clusters. */

const rows = clustersetRows.map((row, index): PlacedRow => ({row, namespace: `row-${index}`}));
const WITHIN = {timeout: 45_000, interval: 100};
/** On a machine that is busy with other suites, too: what holds is seen within moments where it is not. */
const TEST_MS = 120_000;
const REST_MS = 60_000;
/** For the rows about the clusterset itself. */
const shared: PlacedRow = {
  namespace: 'shared',
  row: {
    title: 'shared by c1 and c10',
    given: ['c1', 'c10'].map((cluster) => ({cluster, age: 1, service: {}})),
    expect: {import: {clusters: ['c1', 'c10']}},
  },
};
let set: ClustersetUnderTest;
let user: KubeClient;
/** Of rows that speak of what must not change: all that there was before anything was exported. */
const first = new Map<string, Seen>();

beforeAll(async () => {
  set = await ClustersetUnderTest.start();
  user = await userOf(set.member('c2'));
  await giveRows(set, [...rows, shared], noteFirst);
  // What must not come has had its time once everything else is there and nobody has anything left to write.
  await eventually('everything to be imported', () => set.isAtRest, REST_MS);
}, 120_000);

afterAll(async () => {
  await user.close();
  await set.close();
});

async function becomes({namespace}: PlacedRow, expectation: Expectation, before: Seen | undefined): Promise<Seen> {
  return vi.waitFor(async () => {
    const seen = await observeRow(set, namespace);
    await judgeRow(set, namespace, {expectation, seen, before});
    return seen;
  }, WITHIN);
}

/** Rows that were tried before. */
const tries = new Map<string, number>();

/** A row changes what it was given, so that another try of it needs a namespace of its own. */
async function anew({row, namespace}: PlacedRow): Promise<PlacedRow> {
  const tried = tries.get(namespace) ?? 0;
  tries.set(namespace, tried + 1);
  if (tried === 0) return {row, namespace};
  const again = {row, namespace: `${namespace}-try-${tried + 1}`};
  await giveRows(set, [again], noteFirst);
  await eventually('everything to be imported', () => set.isAtRest, REST_MS);
  return again;
}

async function noteFirst({row, namespace}: PlacedRow): Promise<void> {
  if (row.expect.kept !== undefined) first.set(namespace, await observeRow(set, namespace));
}

describe('exports and imports', () => {
  test.concurrent.each(rows.map((placed) => ({...placed, title: placed.row.title})))(
    '$title',
    async (row) => {
      const placed = await anew(row);
      let seen = await becomes(placed, placed.row.expect, first.get(placed.namespace));
      for (const {changes, expect: expected} of placed.row.later ?? []) {
        for (const change of changes) await makeChange(set, placed, change);
        seen = await becomes(placed, expected, seen);
      }
    },
    TEST_MS,
  );
});

describe('what an API server refuses', () => {
  test.each(refusedRows)('$title', async (row) => {
    const {client: administrator} = set.member('c2');
    await expect(tryToCreate(row, {administrator, user})).rejects.toThrow(row.says);
  });

  test.each(goodAddresses)('an import may have %s', async (ip) => {
    const {client: administrator} = set.member('c2');
    const ports = [{port: 80, protocol: 'TCP'}];
    const spec = {type: 'ClusterSetIP', ports, ips: [ip], ipFamilies: [ip.includes(':') ? 'IPv6' : 'IPv4']};
    const row = {title: ip, as: 'administrator', resource: serviceImports, namespace: TEAM, spec, says: ''} as const;
    await tryToCreate(row, {administrator, user});
  });

  test('that user may export, so it is not for want of rights', async () => {
    await user.create(
      serviceExports,
      {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata: {namespace: TEAM, name: NAME}},
      {fieldManager: 'kubectl', dryRun: true},
    );
  });
});

describe('the clusterset itself, one step after the other', () => {
  test.each(membershipRows)(
    '$title',
    async (row) => {
      for (const change of row.changes) await changeMembership(set, change);
      await vi.waitFor(() => judgeMembership(set, row, shared.namespace), WITHIN);
    },
    TEST_MS,
  );
});
