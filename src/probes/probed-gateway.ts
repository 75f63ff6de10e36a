import {noteProbe, unprobed, vouchedFor} from '../clusterset/gateway-probe.ts';
import type {ProbeState} from '../clusterset/gateway-probe.ts';
import {probeTarget} from './probe-target.ts';
import type {GatewayTarget, ProbeAddress} from './probe-target.ts';
import type {Slots} from './slots.ts';

export interface ProbedGatewayOptions {
  readonly target: GatewayTarget;
  readonly timeoutMs: number;
  /** Of a clock that only goes forward, milliseconds. */
  readonly nowMs: () => number;
  readonly probe: ProbeAddress;
  readonly slots: Slots;
  /** After each probe. */
  readonly onProbed: () => void;
}

/** The gateway of one cluster, probed for as long as it is wanted. */
export class ProbedGateway {
  readonly #options: ProbedGatewayOptions;
  #target: GatewayTarget;
  #state: ProbeState = unprobed;
  #preferred: string | undefined;
  #because: string | undefined;
  #probes = 0;
  #failures = 0;
  #isBusy = false;

  constructor(options: ProbedGatewayOptions) {
    this.#options = options;
    this.#target = options.target;
  }

  get state(): ProbeState {
    return this.#state;
  }

  /** What happened instead of an answer, at the beginning of the failures that last; undefined: it answers. */
  get because(): string | undefined {
    return this.#because;
  }

  get counts(): {readonly probes: number; readonly failures: number} {
    return {probes: this.#probes, failures: this.#failures};
  }

  /**
   * One that has moved altogether is another gateway: what its old place was like, and how long it should stay out, says
   * nothing of the new one. A live one stays alive until the new place was asked, so that a move leaves no gap.
   */
  move(target: GatewayTarget): void {
    const before = this.#target;
    if (before.port === target.port && before.addresses.join() === target.addresses.join()) return;
    this.#target = target;
    const isThere =
      before.port === target.port && before.addresses.some((address) => target.addresses.includes(address));
    if (isThere) return;
    if (this.#state.health === 'Dead') this.#state = unprobed;
    this.#because = undefined;
  }

  /** What was seen while this process suspected itself says nothing about it. */
  vouch(): void {
    this.#state = vouchedFor(this.#state);
    this.#because = undefined;
  }

  /** One probe, unless the one before it is still on its way. Never rejects. */
  async probe(signal: AbortSignal): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    await this.#options.slots.run(async () => this.#probe(signal));
    this.#isBusy = false;
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const {timeoutMs, nowMs, probe, onProbed} = this.#options;
    // When the question was asked: one that is not answered is known to be so only a timeout later.
    const atMs = nowMs();
    const target = this.#target;
    if (signal.aborted || target.addresses.length === 0) return;
    const outcome = await probeTarget(target, {preferred: this.#preferred, timeoutMs, signal, probe});
    // Aborted, or moved meanwhile: then it says nothing of what is wanted now.
    if (signal.aborted || target !== this.#target) return;
    this.#probes++;
    if (outcome.answered) {
      this.#preferred = outcome.address;
      this.#because = undefined;
    } else {
      this.#failures++;
      this.#because ??= outcome.because;
    }
    this.#state = noteProbe(this.#state, outcome.answered, atMs);
    onProbed();
  }
}
