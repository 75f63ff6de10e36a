import {afterAll, beforeAll, describe, test} from 'vitest';

import {watchListEvents} from '../dev/fidelity/tables/watch-list.ts';
import {replayWatches} from '../dev/fidelity/watch-row.ts';
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {startFidelityServers} from './fidelity-servers.ts';
import type {FidelityServers} from './fidelity-servers.ts';

const missing = await missingForClusters();

if (missing !== undefined) test(`the events of a WatchList (${missing})`, ({skip}) => skip());

describe.runIf(missing === undefined)('the events of a WatchList of a real API server', () => {
  let servers: FidelityServers;

  beforeAll(async () => {
    servers = await startFidelityServers();
  }, 90_000);

  afterAll(() => servers.close());

  replayWatches(watchListEvents, () => servers.real.http);
});
