import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Logger} from 'pino';

import {IsthmusError} from '../../errors.ts';
import type {Etcd} from './etcd.ts';
import {startEtcd} from './etcd.ts';
import {ProcessKeeper} from './process-keeper.ts';
import {RealCluster} from './real-cluster.ts';

export interface TestbedOptions {
  /** In this order, which decides their address ranges. */
  readonly clusters: readonly string[];
  readonly logger: Logger;
  /** A front before each, for faults of single requests and counts of writes. Default false. */
  readonly front?: boolean;
}

/**
 * Real clusters on loopback: one etcd for all, each with a kube-apiserver, a kube-controller-manager and pods that are said to run.
 * Several testbeds may run at once. When this process ends, however it ends, a watchdog kills theirs and removes the files.
 */
export class Testbed {
  readonly etcd: Etcd;
  readonly #options: TestbedOptions;
  readonly #dir: string;
  readonly #keeper: ProcessKeeper;
  readonly #clusters = new Map<string, RealCluster>();
  #count = 0;

  private constructor(o: {options: TestbedOptions; dir: string; keeper: ProcessKeeper; etcd: Etcd}) {
    this.#options = o.options;
    this.#dir = o.dir;
    this.#keeper = o.keeper;
    this.etcd = o.etcd;
  }

  /** @throws IsthmusError ISTHMUS_DEV_PARTS where a part is missing; then nothing is left running */
  static async start(options: TestbedOptions): Promise<Testbed> {
    const dir = await mkdtemp(join(tmpdir(), 'isthmus-testbed-'));
    const keeper = new ProcessKeeper(dir, {removeDir: true});
    try {
      const etcd = await startEtcd(keeper, dir);
      const testbed = new Testbed({options, dir, keeper, etcd});
      await allOrNone(options.clusters.map((name) => testbed.add(name)));
      return testbed;
    } catch (error) {
      await keeper.close();
      throw error;
    }
  }

  /**
   * Starts one more.
   * @param o.index - decides its address ranges; by default the next one
   * @param o.front - by default as the others have it
   */
  async add(name: string, o: {readonly index?: number; readonly front?: boolean} = {}): Promise<RealCluster> {
    const {index = this.#count, front = this.#options.front ?? false} = o;
    this.#count = Math.max(this.#count, index + 1);
    const {logger} = this.#options;
    const cluster = await RealCluster.start({
      ...{name, index, logger, front},
      ...{dir: this.#dir, etcd: this.etcd, keeper: this.#keeper},
    });
    this.#clusters.set(name, cluster);
    return cluster;
  }

  get names(): readonly string[] {
    return [...this.#clusters.keys()];
  }

  /** @throws IsthmusError ISTHMUS_DEV_CLUSTER for a name that no cluster has */
  get(name: string): RealCluster {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) {
      throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `there is no cluster ${name}; there are ${this.names.join(', ')}`);
    }
    return cluster;
  }

  /** Ends one; its data stay in etcd. */
  async remove(name: string): Promise<void> {
    const cluster = this.get(name);
    this.#clusters.delete(name);
    await cluster.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clusters.values()].map((cluster) => cluster.close()));
    await this.#keeper.close();
  }
}

/** Waits for all of them even where one fails, so that none goes on behind the back of who cleans up. */
async function allOrNone<T extends {close(): Promise<void>}>(starting: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(starting);
  const started = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed === undefined) return started;
  await Promise.all(started.map((one) => one.close()));
  throw failed.reason;
}
