import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {chosenBackend} from '../backends.ts';
import {ClusterPool} from './cluster-pool.ts';
import {openPoolSocket} from './pool-socket.ts';
import {POOL_VARIABLE} from './slot.ts';
import {TestbedSource} from './testbed-source.ts';

let end: (() => Promise<void>) | undefined;

/** Once for all test files of a run: where they are to have real clusters, a pool of them. */
export async function setup(): Promise<void> {
  const backend = chosenBackend();
  if (backend.name !== 'real' || (await backend.missing()) !== undefined) return;
  const dir = await mkdtemp(join(tmpdir(), 'isthmus-pool-'));
  const pool = new ClusterPool(new TestbedSource());
  const socket = await openPoolSocket(dir, pool);
  // Test processes are started after this, with this environment.
  process.env[POOL_VARIABLE] = dir;
  end = async () => {
    await socket.close();
    await pool.close();
    await rm(dir, {recursive: true, force: true});
  };
}

export async function teardown(): Promise<void> {
  await end?.();
}
