import {readFile, readdir} from 'node:fs/promises';
import {pino} from 'pino';

import type {RealCluster} from '../../../src/dev/real/real-cluster.ts';
import {Testbed} from '../../../src/dev/real/testbed.ts';
import {until} from '../../../src/dev/real/until.ts';
import type {PooledCluster, PoolSource} from './cluster-pool.ts';
import {EtcdState} from './etcd-state.ts';
import type {SlotInfo} from './slot.ts';

const CRDS = new URL('../../../manifests/crds/', import.meta.url);
const SETTLED_MS = 20_000;

/**
 * Real clusters for a pool, of one testbed, with our CRDs in them: types that come and go make an API server slow for a second.
 * The testbed is started with the first of them; where that fails, with the next.
 */
export class TestbedSource implements PoolSource {
  #testbed: Promise<Testbed> | undefined;

  async start(name: string, index: number): Promise<PooledCluster> {
    const testbed = await this.#running();
    const cluster = await testbed.add(name, {index});
    try {
      await cluster.applyManifests(await definitions());
      const fresh = await restingState(testbed.etcd.url, name);
      return {
        info: await infoOf(cluster),
        stop: () => cluster.stop(),
        start: () => cluster.start(),
        restore: () => fresh.restore(),
        close: () => testbed.remove(name),
      };
    } catch (error) {
      await testbed.remove(name);
      throw error;
    }
  }

  async compact(): Promise<number> {
    return (await this.#running()).etcd.compact();
  }

  async close(): Promise<void> {
    const testbed = await this.#testbed;
    await testbed?.close();
  }

  #running(): Promise<Testbed> {
    const starting = (this.#testbed ??= Testbed.start({clusters: [], logger: pino({level: 'silent'})}));
    starting.catch(() => {
      if (this.#testbed === starting) this.#testbed = undefined;
    });
    return starting;
  }
}

/** Controllers make what every cluster has (accounts, the root CA's ConfigMaps): until nothing new comes. */
async function restingState(etcdUrl: string, name: string): Promise<EtcdState> {
  const prefix = `/${name}/`;
  let fresh = await EtcdState.record(etcdUrl, prefix);
  await until(
    `${name} to come to rest`,
    async () => {
      const {size} = fresh;
      await new Promise((again) => setTimeout(again, 200));
      fresh = await EtcdState.record(etcdUrl, prefix);
      return fresh.size === size;
    },
    {deadlineMs: SETTLED_MS},
  );
  return fresh;
}

async function infoOf(cluster: RealCluster): Promise<SlotInfo> {
  const {port, certFile, keyFile} = cluster.behind;
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  const {ca, token = ''} = cluster.credentials;
  return {port, ca: ca ?? '', cert, key, token};
}

async function definitions(): Promise<string> {
  const files = (await readdir(CRDS)).filter((file) => file.endsWith('.yaml'));
  return (await Promise.all(files.map((file) => readFile(new URL(file, CRDS), 'utf8')))).join('\n---\n');
}
