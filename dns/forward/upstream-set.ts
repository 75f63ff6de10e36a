import type {LoopProbe} from './loop-probe.ts';
import type {Upstream, UpstreamAnswer} from './upstream.ts';
import type {UpstreamQuestion} from './upstream-query.ts';
import {IsthmusError} from '../../src/errors.ts';
import {Rcode} from '../wire/codes.ts';

/** Upstreams are asked one after the other for so long; a client gives up about then. */
const DEADLINE_MS = 4_000;

export interface UpstreamSetOptions {
  readonly upstreams: readonly Upstream[];
  readonly probe: LoopProbe;
  readonly nowMs: () => number;
  /** Of the epoch: what the probe's times are in. */
  readonly wallMs: () => number;
}

/**
 * Upstreams in the order in which they were named: the next is asked where one does not answer, or can't. One that is down is
 * asked last, and by a question of our own whether it is back.
 */
export class UpstreamSet {
  readonly #options: UpstreamSetOptions;
  readonly #probed = new Map<Upstream, 'now' | 'done'>();

  constructor(options: UpstreamSetOptions) {
    this.#options = options;
  }

  /** At least one is there that has answered lately, or has not been asked. */
  get isUp(): boolean {
    return this.#usable().some((upstream) => upstream.isUp);
  }

  /** Asks those that have not been asked yet, or are due after a failure, whether they are there. */
  probe(): void {
    const {upstreams, nowMs, wallMs, probe} = this.#options;
    upstreams.forEach((upstream, i) => {
      const state = this.#probed.get(upstream);
      if (state === 'now' || probe.isLoop(i, wallMs())) return;
      if (state === 'done' && (upstream.isUp || nowMs() < upstream.downUntilMs)) return;
      void this.#ask(upstream, probe.question(i));
    });
  }

  /** What it says does not matter; whether it says anything, the upstream remembers itself. */
  async #ask(upstream: Upstream, question: UpstreamQuestion): Promise<void> {
    this.#probed.set(upstream, 'now');
    try {
      await upstream.ask(question);
    } catch {
      // It is down: known from now on.
    }
    this.#probed.set(upstream, 'done');
  }

  /**
   * @returns the first answer that says something about the name (NOERROR, NXDOMAIN), else the last one that was given
   * @throws {IsthmusError} ISTHMUS_DNS_QUERY: nobody answered in time
   */
  async ask(question: UpstreamQuestion): Promise<UpstreamAnswer> {
    const {nowMs} = this.#options;
    const deadline = nowMs() + DEADLINE_MS;
    const order = this.#inOrder();
    // A single one is asked twice: another id, another port.
    const attempts = order.length === 1 ? [...order, ...order] : order;
    let unhelpful: UpstreamAnswer | undefined;
    let failure: unknown = new IsthmusError('ISTHMUS_DNS_QUERY', 'every upstream sends our own questions back');
    for (const upstream of attempts) {
      if (nowMs() >= deadline) break;
      try {
        const answer = await upstream.ask(question);
        if (isHelpful(answer)) return answer;
        unhelpful = answer;
      } catch (error) {
        failure = error;
      }
    }
    if (unhelpful) return unhelpful;
    throw failure;
  }

  #usable(): readonly Upstream[] {
    const {upstreams, probe, wallMs} = this.#options;
    return upstreams.filter((_, i) => !probe.isLoop(i, wallMs()));
  }

  #inOrder(): readonly Upstream[] {
    return this.#usable().toSorted((a, b) => a.downUntilMs - b.downUntilMs);
  }
}

function isHelpful({facts: {rcode}}: UpstreamAnswer): boolean {
  return rcode === Rcode.NOERROR || rcode === Rcode.NXDOMAIN;
}
