import {mkdir, mkdtemp, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Logger} from 'pino';

import {installManifests} from '../../cli/install-manifests.ts';
import {applyManifests} from './apply-manifests.ts';
import type {Etcd} from './etcd.ts';
import {startEtcd} from './etcd.ts';
import {ProcessKeeper} from './process-keeper.ts';
import {RealCluster} from './real-cluster.ts';

export const HUB_CLUSTER = 'hub';

export interface TestbedOptions {
  /** In this order, which decides their address ranges. */
  readonly clusters: readonly string[];
  readonly logger: Logger;
}

/**
 * Real clusters on loopback: one etcd for all, each with a kube-apiserver, a kube-controller-manager and pods that are said to run.
 * Several testbeds may run at once. When this process ends, however it ends, a watchdog kills theirs and removes the files.
 */
export class Testbed {
  readonly etcd: Etcd;
  readonly #clusters: ReadonlyMap<string, RealCluster>;
  readonly #keeper: ProcessKeeper;

  private constructor(etcd: Etcd, clusters: readonly RealCluster[], keeper: ProcessKeeper) {
    this.etcd = etcd;
    this.#clusters = new Map(clusters.map((cluster) => [cluster.name, cluster]));
    this.#keeper = keeper;
  }

  static async start({clusters, logger}: TestbedOptions): Promise<Testbed> {
    const dir = await mkdtemp(join(tmpdir(), 'isthmus-testbed-'));
    const keeper = new ProcessKeeper(dir, {removeDir: true});
    try {
      const etcd = await startEtcd(keeper, dir);
      const started = await allOrNone(
        clusters.map((name, index) => RealCluster.start({name, index, dir, etcd, keeper, logger})),
      );
      return new Testbed(etcd, started, keeper);
    } catch (error) {
      await keeper.close();
      throw error;
    }
  }

  get names(): readonly string[] {
    return [...this.#clusters.keys()];
  }

  /** @throws Error for a name that no cluster has */
  get(name: string): RealCluster {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) throw new Error(`there is no cluster ${name}; there are ${this.names.join(', ')}`);
    return cluster;
  }

  /** CRDs and install manifests, and a kubeconfig NAME.kubeconfig (mode 0600) for each in `dir`. */
  async install(dir: string): Promise<void> {
    await mkdir(dir, {recursive: true, mode: 0o700});
    await Promise.all(
      [...this.#clusters.values()].map(async (cluster) => {
        await applyManifests(cluster.client, await installManifests(cluster.name === HUB_CLUSTER ? 'hub' : 'agent'));
        await writeFile(join(dir, `${cluster.name}.kubeconfig`), cluster.kubeconfig, {mode: 0o600});
      }),
    );
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
