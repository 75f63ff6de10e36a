import {readFile, readdir} from 'node:fs/promises';
import {pino} from 'pino';

import type {RealCluster} from '../../../src/dev/real/real-cluster.ts';
import {Testbed} from '../../../src/dev/real/testbed.ts';
import {until} from '../../../src/dev/real/until.ts';
import {EtcdState} from './etcd-state.ts';
import type {SlotInfo} from './slot.ts';

const CRDS = new URL('../../../manifests/crds/', import.meta.url);
const SETTLED_MS = 20_000;

interface Slot {
  readonly cluster: RealCluster;
  readonly fresh: EtcdState;
}

/**
 * Real clusters that are kept from suite to suite, one for each index that was ever asked for. Started on demand with our CRDs in
 * them (types that come and go make an API server slow for a second), and put back as they were when they are returned.
 */
export class ClusterPool {
  readonly #testbed: Promise<Testbed>;
  readonly #slots = new Map<number, Promise<Slot>>();
  /** Resolves when the last one who had it has returned it. */
  readonly #free = new Map<number, Promise<void>>();
  readonly #release = new Map<number, () => void>();

  constructor() {
    this.#testbed = Testbed.start({clusters: [], logger: pino({level: 'silent'})});
    // Met by the first lease; a run without any does not mind.
    this.#testbed.catch(() => undefined);
  }

  /** Waits until nobody else has it. */
  async lease(index: number): Promise<SlotInfo> {
    const before = this.#free.get(index);
    const {promise, resolve} = Promise.withResolvers<void>();
    this.#free.set(
      index,
      Promise.resolve(before).then(() => promise),
    );
    await before;
    this.#release.set(index, resolve);
    const {cluster} = await this.#slot(index);
    const {port, certFile, keyFile} = cluster.behind;
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
    const {ca, token = ''} = cluster.credentials;
    return {port, ca: ca ?? '', cert, key, token};
  }

  /** Takes it back as it was at first. */
  async giveBack(index: number): Promise<void> {
    const {cluster, fresh} = await this.#slot(index);
    await cluster.start();
    await fresh.restore();
    this.#release.get(index)?.();
  }

  async stop(index: number): Promise<void> {
    await (await this.#slot(index)).cluster.stop();
  }

  async start(index: number): Promise<void> {
    await (await this.#slot(index)).cluster.start();
  }

  /** Of the one etcd that all have. @returns the resourceVersion that was reached */
  async compact(): Promise<number> {
    return (await this.#testbed).etcd.compact();
  }

  async close(): Promise<void> {
    await this.#testbed.then((testbed) => testbed.close()).catch(() => undefined);
  }

  #slot(index: number): Promise<Slot> {
    const found = this.#slots.get(index) ?? this.#start(index);
    this.#slots.set(index, found);
    return found;
  }

  async #start(index: number): Promise<Slot> {
    const testbed = await this.#testbed;
    const name = `slot-${index}`;
    const cluster = await testbed.add(name, {index});
    await cluster.applyManifests(await definitions());
    const prefix = `/${name}/`;
    let fresh = await EtcdState.record(testbed.etcd.url, prefix);
    // Controllers make what every cluster has (accounts, the root CA's ConfigMaps): until nothing new comes.
    await until(
      `${name} to come to rest`,
      async () => {
        const {size} = fresh;
        await new Promise((again) => setTimeout(again, 200));
        fresh = await EtcdState.record(testbed.etcd.url, prefix);
        return fresh.size === size;
      },
      {deadlineMs: SETTLED_MS},
    );
    return {cluster, fresh};
  }
}

async function definitions(): Promise<string> {
  const files = (await readdir(CRDS)).filter((file) => file.endsWith('.yaml'));
  return (await Promise.all(files.map((file) => readFile(new URL(file, CRDS), 'utf8')))).join('\n---\n');
}
