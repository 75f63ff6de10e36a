import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Logger} from 'pino';

import {IsthmusError} from '../src/errors.ts';
import type {EmbeddedCluster} from '../src/dev/embedded-cluster.ts';
import {startEmbeddedCluster} from '../src/dev/embedded-cluster.ts';
import {installManifests} from './install-manifests.ts';

export const HUB_CLUSTER = 'hub';

export interface EmbeddedClustersetOptions {
  readonly dir: string;
  readonly members: readonly string[];
  readonly logger: Logger;
}

/**
 * A hub cluster and members, each an in-process Kubernetes API server with our CRDs and install manifests applied and
 * its kubeconfig in `dir` (mode 0600: it holds an admin token).
 */
export class EmbeddedClusterset {
  readonly dir: string;
  readonly #logger: Logger;
  readonly #clusters = new Map<string, EmbeddedCluster>();

  private constructor(options: EmbeddedClustersetOptions) {
    this.dir = options.dir;
    this.#logger = options.logger;
  }

  static async start(options: EmbeddedClustersetOptions): Promise<EmbeddedClusterset> {
    const clusterset = new EmbeddedClusterset(options);
    for (const name of [HUB_CLUSTER, ...options.members]) await clusterset.add(name);
    return clusterset;
  }

  /** Starts one more cluster; its index decides its address ranges. */
  async add(name: string): Promise<EmbeddedCluster> {
    const cluster = await startEmbeddedCluster({name, index: this.#clusters.size, logger: this.#logger});
    this.#clusters.set(name, cluster);
    await cluster.applyManifests(await installManifests(name === HUB_CLUSTER ? 'hub' : 'agent'));
    await writeFile(this.kubeconfigPath(name), cluster.kubeconfig, {mode: 0o600});
    return cluster;
  }

  get names(): readonly string[] {
    return [...this.#clusters.keys()];
  }

  /** @throws IsthmusError ISTHMUS_DEV_CLUSTER for a name that no cluster has */
  get(name: string): EmbeddedCluster {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) {
      throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `there is no cluster ${name}; there are ${this.names.join(', ')}`);
    }
    return cluster;
  }

  kubeconfigPath(name: string): string {
    return join(this.dir, kubeconfigName(name));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clusters.values()].map((cluster) => cluster.close()));
  }
}

/** File name of a cluster's kubeconfig in the folder. */
export function kubeconfigName(cluster: string): string {
  return `${cluster}.kubeconfig`;
}
