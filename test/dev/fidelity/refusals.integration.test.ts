import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {testCluster} from '../apiserver/support/clusters.ts';
import type {TestCluster} from '../apiserver/support/clusters.ts';
import {GADGET_CRD} from './kinds.ts';
import {replay} from './replay.ts';
import {bodies} from './tables/bodies.ts';
import {deletes} from './tables/deletes.ts';
import {fields} from './tables/fields.ts';
import {updates} from './tables/updates.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({runPods: false});
  await at.cluster.applyManifests(GADGET_CRD);
});

afterAll(() => at.close());

describe('a body:', () => replay(bodies, () => at.http));
describe('a field:', () => replay(fields, () => at.http));
describe('an update:', () => replay(updates, () => at.http));
describe('a delete:', () => replay(deletes, () => at.http));

test('after a body that was too large the connection still works', async () => {
  expect((await at.http.get('/version')).status).toBe(200);
});
