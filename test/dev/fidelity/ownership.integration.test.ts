import {readFile} from 'node:fs/promises';
import {afterAll, beforeAll, describe} from 'vitest';
import {testCluster} from '../apiserver/support/clusters.ts';
import type {TestCluster} from '../apiserver/support/clusters.ts';
import {GADGET_CRD} from './kinds.ts';
import {replay} from './replay.ts';
import {ownership} from './tables/ownership.ts';
import {services, slices} from './tables/services.ts';
import {twoOwners} from './tables/two-owners.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({runPods: false});
  await at.cluster.applyManifests(GADGET_CRD);
  const imports = new URL('../../../manifests/crds/multicluster.x-k8s.io_serviceimports.yaml', import.meta.url);
  await at.cluster.applyManifests(await readFile(imports, 'utf8'));
});

afterAll(() => at.close());

describe('two owners:', () => replay(twoOwners, () => at.http));
describe('fields belong:', () => replay(ownership, () => at.http));
describe('a Service:', () => replay(services, () => at.http));
describe('an EndpointSlice:', () => replay(slices, () => at.http));
