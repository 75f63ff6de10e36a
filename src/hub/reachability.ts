import {describeError} from '../errors.ts';
import {KubeError} from '../kube/kube-error.ts';
import type {ApiSignal} from './plan-remote-cluster.ts';
import type {Opinion} from './plan-cluster-status.ts';

export interface ReachabilityOptions {
  readonly unreachableAfterMs: number;
  readonly nowMs: () => number;
}

/**
 * Whether a member's API server answers (design §6, the first of three signals). It is reachable by evidence and unreachable
 * after some time without any: never because of one failed request.
 */
export class Reachability {
  readonly #options: ReachabilityOptions;
  readonly #startedMs: number;
  #signal: ApiSignal | undefined;
  #why = 'it never answered';
  #unauthorized = false;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
    this.#startedMs = options.nowMs();
  }

  /** Undefined: not known yet, neither an answer nor enough time without one. */
  get signal(): ApiSignal | undefined {
    return this.#signal;
  }

  noteFailure(error: unknown): void {
    this.#unauthorized = error instanceof KubeError && error.status === 401;
    // The text of the first failure stays: a new one every second would be a write every second.
    if (this.#signal?.state !== 'Unreachable') this.#why = describeError(error).slice(0, 400);
  }

  /**
   * @param lastSuccessMs - when an answer last proved that the API server works
   * @returns true where the state is another one now
   */
  judge(lastSuccessMs: number | undefined): boolean {
    const nowMs = this.#options.nowMs();
    const silentMs = nowMs - (lastSuccessMs ?? this.#startedMs);
    const isSilent = silentMs > this.#options.unreachableAfterMs;
    if (!isSilent && lastSuccessMs === undefined && !this.#unauthorized) return false;
    const state = isSilent || lastSuccessMs === undefined ? 'Unreachable' : 'Reachable';
    if (state === 'Reachable') this.#unauthorized = false;
    if (this.#signal?.state === state) return false;
    this.#signal = {state, sinceMs: nowMs};
    return true;
  }

  opinion(): Opinion {
    switch (this.#signal?.state) {
      case undefined:
        return {status: 'Unknown', reason: 'Pending', message: 'Waits for its first answer.', passing: true};
      case 'Reachable':
        return {status: 'True', reason: 'Answered', message: 'Its API server answers.'};
      case 'Unreachable': {
        const seconds = this.#options.unreachableAfterMs / 1_000;
        const reason = this.#unauthorized ? 'Unauthorized' : 'Unreachable';
        const message = `No valid answer for ${seconds} s: ${this.#why}. Nothing is deleted because of it.`;
        return {status: 'False', reason, message};
      }
    }
  }
}
