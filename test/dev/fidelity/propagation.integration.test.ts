import {afterAll, beforeAll, describe} from 'vitest';
import {testCluster} from '../apiserver/support/clusters.ts';
import type {TestCluster} from '../apiserver/support/clusters.ts';
import {GADGET_CRD} from './kinds.ts';
import {replay} from './replay.ts';
import {namespaceFinalizers} from './tables/namespace-finalizers.ts';
import {collected, deletesPropagation} from './tables/deletes-propagation.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({runPods: false});
  await at.cluster.applyManifests(GADGET_CRD);
});

afterAll(() => at.close());

describe('the options of a delete:', () => replay(deletesPropagation, () => at.http));
describe('the garbage collector:', () => replay(collected, () => at.http));
describe('the finalizers of a Namespace:', () => replay(namespaceFinalizers, () => at.http));
