import {describeError} from '../../../src/errors.ts';
import type {SlotInfo} from './slot.ts';

/** How often those who wait look whether the one who has it still lives. */
const LOOK_EVERY_MS = 500;

/** A cluster that one after the other has. */
export interface PooledCluster {
  readonly info: SlotInfo;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Makes it what it was when it was fresh. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** What the clusters of a pool are started by. */
export interface PoolSource {
  /** @param name - never given twice, since what one that failed has left behind is no fresh cluster */
  start(name: string, index: number): Promise<PooledCluster>;
  /** @returns the resourceVersion that was reached */
  compact(): Promise<number>;
  close(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly release: () => void;
}

/**
 * Clusters that are kept from suite to suite, one for each index that was ever asked for: started on demand, and put back as they were
 * when they are returned. One that can't be started or put back is given up, and whoever is next gets a new one: one failure must not
 * become that of all files after it.
 */
export class ClusterPool {
  readonly #source: PoolSource;
  readonly #slots = new Map<number, Promise<PooledCluster>>();
  /** Resolves when the last one who had it has returned it. */
  readonly #free = new Map<number, Promise<void>>();
  readonly #holders = new Map<number, Holder>();
  #started = 0;

  constructor(source: PoolSource) {
    this.#source = source;
  }

  /**
   * Waits until nobody else has it. A process that ended without returning its clusters (a test file whose start failed) has them no
   * longer.
   *
   * @param pid - of the process that asks
   * @throws what the start of the cluster throws; then it is not leased, and the next lease starts another one
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
    const slot = this.#slots.get(index) ?? this.#source.start(`slot-${index}-${++this.#started}`, index);
    this.#slots.set(index, slot);
    this.#holders.set(index, {pid, release: resolve});
    try {
      return (await slot).info;
    } catch (error) {
      this.#slots.delete(index);
      this.#holders.delete(index);
      resolve();
      throw error;
    }
  }

  /** Takes it back as it was at first. Never rejects: where it can't be put back it is given up, which is said on standard error. */
  async giveBack(index: number): Promise<void> {
    const holder = this.#holders.get(index);
    const slot = this.#slots.get(index);
    // Returned already.
    if (holder === undefined || slot === undefined) return;
    this.#holders.delete(index);
    try {
      const cluster = await slot;
      await cluster.start();
      await cluster.restore();
    } catch (error) {
      process.stderr.write(`cluster ${index} of the pool can't be put back: ${describeError(error)}\n`);
      this.#slots.delete(index);
      await this.#end(slot);
    } finally {
      holder.release();
    }
  }

  async stop(index: number): Promise<void> {
    await (await this.#leased(index)).stop();
  }

  async start(index: number): Promise<void> {
    await (await this.#leased(index)).start();
  }

  /** Of the one etcd that all have. @returns the resourceVersion that was reached */
  async compact(): Promise<number> {
    return this.#source.compact();
  }

  async close(): Promise<void> {
    await this.#source.close();
  }

  #leased(index: number): Promise<PooledCluster> {
    const slot = this.#slots.get(index);
    if (slot !== undefined && this.#holders.has(index)) return slot;
    return Promise.reject(new Error(`nobody has cluster ${index} of the pool`));
  }

  #takeFromDead(index: number): void {
    const holder = this.#holders.get(index);
    if (holder !== undefined && !isAlive(holder.pid)) void this.giveBack(index);
  }

  /** What is left of one that failed goes with the source at the latest. */
  async #end(slot: Promise<PooledCluster>): Promise<void> {
    try {
      await (await slot).close();
    } catch (error) {
      process.stderr.write(`and can't be closed: ${describeError(error)}\n`);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
