import {readFile, readdir} from 'node:fs/promises';
import {pino} from 'pino';

import {describeError} from '../../../src/errors.ts';
import type {RealCluster} from '../../../src/dev/real/real-cluster.ts';
import {Testbed} from '../../../src/dev/real/testbed.ts';
import {until} from '../../../src/dev/real/until.ts';
import {EtcdState} from './etcd-state.ts';
import type {SlotInfo} from './slot.ts';

const CRDS = new URL('../../../manifests/crds/', import.meta.url);
const SETTLED_MS = 20_000;

/** How often those who wait look whether the one who has it still lives. */
const LOOK_EVERY_MS = 500;

interface Holder {
  readonly pid: number;
  readonly release: () => void;
}

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
  readonly #holders = new Map<number, Holder>();

  constructor() {
    this.#testbed = Testbed.start({clusters: [], logger: pino({level: 'silent'})});
    // Met by the first lease; a run without any does not mind.
    this.#testbed.catch(() => undefined);
  }

  /**
   * Waits until nobody else has it. A process that ended without returning its clusters (a test file whose start failed) has them no
   * longer: one failure must not become that of all files after it.
   *
   * @param pid - of the process that asks
   */
  async lease(index: number, pid: number): Promise<SlotInfo> {
    const before = this.#free.get(index);
    const {promise, resolve} = Promise.withResolvers<void>();
    this.#free.set(
      index,
      Promise.resolve(before).then(() => promise),
    );
    const watch = setInterval(() => this.#takeFromDead(index), LOOK_EVERY_MS);
    try {
      await before;
    } finally {
      clearInterval(watch);
    }
    this.#holders.set(index, {pid, release: resolve});
    const {cluster} = await this.#slot(index);
    const {port, certFile, keyFile} = cluster.behind;
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
    const {ca, token = ''} = cluster.credentials;
    return {port, ca: ca ?? '', cert, key, token};
  }

  /** Takes it back as it was at first. */
  async giveBack(index: number): Promise<void> {
    const holder = this.#holders.get(index);
    this.#holders.delete(index);
    const {cluster, fresh} = await this.#slot(index);
    await cluster.start();
    await fresh.restore();
    holder?.release();
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

  #takeFromDead(index: number): void {
    const holder = this.#holders.get(index);
    if (holder === undefined || isAlive(holder.pid)) return;
    // Where it can't be put back, whoever waits must not get it.
    this.giveBack(index).catch((error: unknown) => {
      process.stderr.write(`cluster ${index} of the pool can't be put back: ${describeError(error)}\n`);
    });
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

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
