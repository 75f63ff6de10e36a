import type {Logger} from 'pino';

import type {DevCluster} from '../src/dev/dev-cluster.ts';
import {startEmbeddedCluster} from '../src/dev/embedded-cluster.ts';

/** Where the clusters of `isthmus dev` come from. */
export interface ClusterSource {
  /** @param index - decides the address ranges */
  start(name: string, index: number): Promise<DevCluster>;
  /** Ends all that were started. */
  close(): Promise<void>;
}

/** API servers in this process. */
export function embeddedSource(logger: Logger): ClusterSource {
  const started: DevCluster[] = [];
  return {
    start: async (name, index) => {
      const cluster = await startEmbeddedCluster({name, index, logger});
      started.push(cluster);
      return cluster;
    },
    close: async () => {
      await Promise.all(started.map((cluster) => cluster.close()));
    },
  };
}

/**
 * Real kube-apiservers of this machine, each behind a front, so that what can be broken in embedded ones can be broken in them.
 *
 * @throws IsthmusError ISTHMUS_DEV_PARTS where they are not installed, with what to do
 */
export async function realSource(logger: Logger): Promise<ClusterSource> {
  // Only who asks for real ones has to load what starts them.
  const {Testbed} = await import('../src/dev/real/testbed.ts');
  const testbed = await Testbed.start({clusters: [], logger, front: true});
  return {
    start: (name, index) => testbed.add(name, {index}),
    close: () => testbed.close(),
  };
}
