import {afterAll, beforeAll, describe} from 'vitest';
import {testCluster} from '../apiserver/support/clusters.ts';
import type {TestCluster} from '../apiserver/support/clusters.ts';
import {GADGET_CRD} from './kinds.ts';
import {replay} from './replay.ts';
import {watchList, watchListEvents} from './tables/watch-list.ts';
import {replayWatches} from './watch-row.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({runPods: false});
  await at.cluster.applyManifests(GADGET_CRD);
});

afterAll(() => at.close());

describe('a WatchList:', () => replay(watchList, () => at.http));
describe('the events of a WatchList:', () => replayWatches(watchListEvents, () => at.http));
