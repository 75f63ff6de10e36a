import {readFile} from 'node:fs/promises';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {testCluster} from '../apiserver/support/clusters.ts';
import type {TestCluster} from '../apiserver/support/clusters.ts';
import {allTables} from './all-tables.ts';
import {GADGET_CRD} from './kinds.ts';
import {replay} from './replay.ts';
import {replayWatches} from './watch-row.ts';

const IMPORTS = new URL('../../../manifests/crds/multicluster.x-k8s.io_serviceimports.yaml', import.meta.url);
const {requests, watches} = await allTables();

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({runPods: false});
  await at.cluster.applyManifests(GADGET_CRD);
  await at.cluster.applyManifests(await readFile(IMPORTS, 'utf8'));
});

afterAll(() => at.close());

describe.each(requests)('$name:', ({rows}) =>
  replay(
    rows,
    () => at.http,
    () => at.cluster.faults.compact(),
  ),
);
describe.each(watches)('$name:', ({rows}) => replayWatches(rows, () => at.http));

test('after a body that was too large the connection still works', async () => {
  expect((await at.http.get('/version')).status).toBe(200);
});
