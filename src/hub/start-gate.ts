import type {Member} from './member.ts';

export interface StartGateOptions {
  readonly members: ReadonlyMap<string, Pick<Member, 'isRead' | 'isAwaited'>>;
  /** All Clusters were listed and taken up. */
  readonly isListed: () => boolean;
  /** The longest wait for anybody, from the moment that one was read, milliseconds. */
  readonly patienceMs: number;
  readonly onOpen: () => void;
  /** Milliseconds of a clock that only goes forward. */
  readonly nowMs: () => number;
}

/** Nothing tells when an export was taken in, or when it has been long enough. */
const LOOK_EVERY_MS = 100;
/** Beyond as long again as the first one took. */
const SPARE_MS = 500;

/**
 * Keeps a hub that starts from comparing before it has read. Each member that is read changes what should be in all others: fifty
 * of them begun one by one are compared fifty times. So the first ones wait for those that are being read as well, at most as long
 * again as they took themselves: one that is slow, or doesn't answer, delays nobody by more.
 */
export class StartGate {
  readonly #options: StartGateOptions;
  /** Since when all Clusters are known: what happened before is nobody's slowness but that of the hub's own API. */
  #listedMs: number | undefined;
  #latestMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;

  constructor(options: StartGateOptions) {
    this.#options = options;
  }

  /** Once true, for ever: members that come later are compared as they come. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @param signal - ends it */
  start(signal: AbortSignal): void {
    this.#timer = setInterval(() => this.review(), LOOK_EVERY_MS);
    signal.addEventListener('abort', () => this.#end(), {once: true});
  }

  /** Called when a member was read or its state changed. */
  review(): void {
    if (this.#timer !== undefined && this.#look()) this.open();
  }

  /** It is no use to wait any longer, for whomever. */
  open(): void {
    if (this.#timer === undefined) return;
    this.#isOpen = true;
    this.#end();
    this.#options.onOpen();
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): boolean {
    const {members, isListed, patienceMs, nowMs} = this.#options;
    if (!isListed()) return false;
    const all = [...members.values()];
    const now = nowMs();
    this.#listedMs ??= now;
    if (all.some(({isRead}) => isRead)) {
      this.#latestMs ??= now + Math.min(patienceMs, now - this.#listedMs + SPARE_MS);
    }
    return now >= (this.#latestMs ?? Infinity) || all.every(({isAwaited}) => !isAwaited);
  }
}
