import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';

import {IsthmusError} from '../src/errors.ts';
import type {DevCluster} from '../src/dev/dev-cluster.ts';
import type {ClusterSource} from './cluster-source.ts';
import {accountAccess, ACCOUNTS} from './dev-accounts.ts';
import type {Account, AccountAccess} from './dev-accounts.ts';
import {installManifests} from './install-manifests.ts';

export const HUB_CLUSTER = 'hub';

export interface DevApisOptions {
  readonly dir: string;
  readonly members: readonly string[];
  readonly source: ClusterSource;
}

/**
 * A hub cluster and members, each a Kubernetes API server with our CRDs and install manifests applied. In `dir` are its administrator's
 * kubeconfig, and one for each of our ServiceAccounts in it (mode 0600).
 */
export class DevApis {
  readonly dir: string;
  readonly #source: ClusterSource;
  readonly #clusters = new Map<string, DevCluster>();
  readonly #access = new Map<string, AccountAccess>();

  private constructor(options: DevApisOptions) {
    this.dir = options.dir;
    this.#source = options.source;
  }

  static async start(options: DevApisOptions): Promise<DevApis> {
    const apis = new DevApis(options);
    const names = [HUB_CLUSTER, ...options.members];
    // All of them, even where one fails: none may go on starting behind the back of who cleans up.
    const settled = await Promise.allSettled(names.map((name, index) => apis.#start(name, index)));
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed !== undefined) {
      await options.source.close();
      throw failed.reason;
    }
    // In this order, whichever was ready first.
    for (const one of settled) if (one.status === 'fulfilled') apis.#clusters.set(one.value.name, one.value);
    return apis;
  }

  /** Starts one more cluster; its index decides its address ranges. */
  async add(name: string): Promise<DevCluster> {
    const cluster = await this.#start(name, this.#clusters.size);
    this.#clusters.set(name, cluster);
    return cluster;
  }

  async #start(name: string, index: number): Promise<DevCluster> {
    const cluster = await this.#source.start(name, index);
    await cluster.applyManifests(await installManifests(name === HUB_CLUSTER ? 'hub' : 'agent'));
    await writeFile(this.kubeconfigPath(name), cluster.kubeconfig, {mode: 0o600});
    for (const account of ACCOUNTS) {
      const access = await accountAccess(cluster, account);
      if (access === undefined) continue;
      this.#access.set(kubeconfigName(name, account), access);
      await writeFile(this.kubeconfigPath(name, account), access.kubeconfig, {mode: 0o600});
    }
    return cluster;
  }

  get names(): readonly string[] {
    return [...this.#clusters.keys()];
  }

  /** @throws IsthmusError ISTHMUS_DEV_CLUSTER for a name that no cluster has */
  get(name: string): DevCluster {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) {
      throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `there is no cluster ${name}; there are ${this.names.join(', ')}`);
    }
    return cluster;
  }

  /** What hub or agent speak as there. @throws IsthmusError ISTHMUS_DEV_CLUSTER where there is no such account */
  access(name: string, account: Account): AccountAccess {
    const access = this.#access.get(kubeconfigName(name, account));
    if (access !== undefined) return access;
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `${name} has no ServiceAccount ${account}`);
  }

  /** @param account - by default the administrator's */
  kubeconfigPath(name: string, account?: Account): string {
    return join(this.dir, kubeconfigName(name, account));
  }

  async close(): Promise<void> {
    await this.#source.close();
  }
}

/** File name of a cluster's kubeconfig in the folder: the administrator's, or that of one of our ServiceAccounts. */
export function kubeconfigName(cluster: string, account?: Account): string {
  return account === undefined ? `${cluster}.kubeconfig` : `${cluster}.${account}.kubeconfig`;
}

export function kubeconfigNames(cluster: string): readonly string[] {
  return [undefined, ...ACCOUNTS].map((account) => kubeconfigName(cluster, account));
}
