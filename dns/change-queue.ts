import type {ToWorker} from './worker-messages.ts';
import type {GroupReader, ZoneTable} from './zone/zone-table.ts';

/**
 * How long queries may wait while a change is taken over, before it is their turn again. Node reads 32 of them a turn, which take
 * about as long to answer: with longer steps more would come meanwhile than are answered, and wait for the whole change.
 */
const STEP_MS = 0.25;
/** Looking at the clock costs about as much as taking over a group. */
const GROUPS_PER_LOOK = 16;

export type Publish = Extract<ToWorker, {kind: 'publish'}>;

export interface ChangeQueueOptions {
  readonly table: ZoneTable;
  /** A publication is taken over whole. */
  readonly onServed: (publish: Publish) => void;
  readonly nowMs: () => number;
  /** Runs the callback after queries that wait have been answered. */
  readonly later: (step: () => void) => void;
}

/**
 * Takes publications over in steps, so that no query waits for a big one. Each import changes at once, in the order in which
 * publications came; two imports of one publication may differ for some milliseconds. What is left of the time goes into holding no
 * more memory than the zone needs.
 */
export class ChangeQueue {
  readonly #options: ChangeQueueOptions;
  readonly #waiting: Publish[] = [];
  /** Of the first that waits: the slab that is being taken over. */
  #slab = 0;
  #reader: GroupReader | undefined;
  #isRunning = false;

  constructor(options: ChangeQueueOptions) {
    this.#options = options;
  }

  add(publish: Publish): void {
    this.#waiting.push(publish);
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#step();
  }

  #step(): void {
    const until = this.#options.nowMs() + STEP_MS;
    let units = 0;
    const isOver = (): boolean => ++units % GROUPS_PER_LOOK === 0 && this.#options.nowMs() >= until;
    for (let publish = this.#waiting[0]; publish; publish = this.#waiting[0]) {
      while (this.#applyNext(publish)) {
        if (isOver()) return this.#options.later(() => this.#step());
      }
      this.#waiting.shift();
      this.#options.onServed(publish);
    }
    while (this.#options.table.compact()) if (isOver()) return this.#options.later(() => this.#step());
    this.#isRunning = false;
  }

  /** @returns false: nothing is left of the publication */
  #applyNext(publish: Publish): boolean {
    const memory = publish.slabs[this.#slab];
    if (!memory) {
      this.#slab = 0;
      return false;
    }
    this.#reader ??= this.#options.table.reader(memory);
    if (!this.#reader.applyNext()) {
      this.#reader = undefined;
      this.#slab++;
    }
    return true;
  }
}
