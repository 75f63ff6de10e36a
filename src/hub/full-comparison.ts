import type {ClustersetExports} from './clusterset-exports.ts';
import type {Member} from './member.ts';

/** How often is looked whether the last one is through, milliseconds. */
const LOOK_EVERY_MS = 250;
/** A member that takes longer to write what is new to it doesn't keep the others waiting. */
const MAX_WAIT_MS = 10_000;

type Compared = Pick<Member, 'session'>;

/**
 * Everything in every member is compared again when something changed that all may depend on. While a hub of fifty members starts,
 * that is asked for with each of them: the first time at once, then together, when what was begun is through. Whatever still waits
 * is compared with what is so then, so it need not be asked for twice.
 */
export class FullComparison {
  readonly #exports: Pick<ClustersetExports, 'forgetDecisions'>;
  readonly #members: ReadonlyMap<string, Compared>;
  #timer: NodeJS.Timeout | undefined;
  #isWanted = false;

  constructor(exports: Pick<ClustersetExports, 'forgetDecisions'>, members: ReadonlyMap<string, Compared>) {
    this.#exports = exports;
    this.#members = members;
  }

  want(): void {
    this.#isWanted = true;
    // What still waits in queues is decided by what is so from now on.
    this.#exports.forgetDecisions();
    if (this.#timer === undefined) this.#run();
  }

  close(): void {
    this.#isWanted = false;
    clearTimeout(this.#timer);
  }

  #run(): void {
    this.#isWanted = false;
    for (const {session} of this.#members.values()) session?.enqueueAll();
    this.#look(0);
  }

  #look(waitedMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const nowMs = waitedMs + LOOK_EVERY_MS;
      if (this.#isThrough() || nowMs >= MAX_WAIT_MS) {
        if (this.#isWanted) this.#run();
        return;
      }
      this.#look(nowMs);
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  #isThrough(): boolean {
    return [...this.#members.values()].every(({session}) => (session?.queueDepth ?? 0) === 0);
  }
}
