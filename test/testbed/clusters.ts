import {pino} from 'pino';

import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {chosenBackend} from './backends.ts';

export interface ClusterOptions {
  readonly name: string;
  /** Service ranges 10.(100+index).0.0/16 and fd00:0:0:index::/112, pods 10.(200+index).x.y. One at a time has each index. */
  readonly index: number;
}

/** A cluster for a suite, embedded or real by ISTHMUS_BACKEND. On real ones our CRDs are served from the start. */
export async function startCluster({name, index}: ClusterOptions): Promise<DevCluster> {
  // Imported when wanted: what starts the other kind is a lot to load.
  if (chosenBackend().name === 'real') {
    const {leaseCluster} = await import('./pool/leased-cluster.ts');
    return leaseCluster({name, index});
  }
  const {startEmbeddedCluster} = await import('../../src/dev/embedded-cluster.ts');
  return startEmbeddedCluster({name, index, logger: pino({level: 'silent'})});
}
