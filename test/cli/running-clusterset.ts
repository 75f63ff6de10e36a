import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {pino} from 'pino';

import {DevClusterset} from '../../cli/dev-clusterset.ts';
import {DevApis} from '../../cli/dev-apis.ts';
import type {ClusterSource} from '../../cli/cluster-source.ts';
import {StepContext} from '../../cli/tour/step-context.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {startCluster} from '../testbed/clusters.ts';

/** Hub and agents, as `isthmus dev` runs them, without anything registered yet. */
export interface RunningClusterset {
  readonly clusterset: DevClusterset;
  readonly context: StepContext;
  close(): Promise<void>;
}

/** @param o.unreachableAfterMs - of members, where that is not to be as short as in `isthmus dev` */
export async function startClusterset(
  members: readonly string[],
  o: {readonly unreachableAfterMs?: number} = {},
): Promise<RunningClusterset> {
  const logger = pino({level: 'silent'});
  const dir = await mkdtemp(join(tmpdir(), 'isthmus-test-'));
  const clusterset = new DevClusterset(await DevApis.start({dir, members, source: clusterSource()}), logger);
  await clusterset.startHub(o.unreachableAfterMs);
  await Promise.all(members.map((name) => clusterset.startAgent(name)));
  const context = new StepContext({
    clusterset,
    members,
    exportGroup: 'flomesh.io',
    deadlineMs: 20_000,
    onObserved: () => undefined,
    onWaiting: () => undefined,
  });
  return {
    clusterset,
    context,
    close: async () => {
      await context.close();
      await clusterset.close();
      await clusterset.apis.close();
      await rm(dir, {recursive: true, force: true});
    },
  };
}

/** Of this run's backend. */
function clusterSource(): ClusterSource {
  const started: DevCluster[] = [];
  return {
    start: async (name, index) => {
      const cluster = await startCluster({name, index});
      started.push(cluster);
      return cluster;
    },
    close: async () => {
      await Promise.all(started.map((cluster) => cluster.close()));
    },
  };
}
