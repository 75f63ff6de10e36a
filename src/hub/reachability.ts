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
  #evidenceMs: number | undefined;
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
   * @param lastSuccessMs - when an answer last proved that the API server works; of another connection than before, too
   * @returns true where the state is another one now
   */
  judge(lastSuccessMs: number | undefined): boolean {
    const isNews = lastSuccessMs !== undefined && lastSuccessMs > (this.#evidenceMs ?? -Infinity);
    if (isNews) {
      this.#evidenceMs = lastSuccessMs;
      this.#unauthorized = false;
    }
    const silentMs = this.#options.nowMs() - (this.#evidenceMs ?? this.#startedMs);
    if (this.#unauthorized || silentMs > this.#options.unreachableAfterMs) return this.#become('Unreachable');
    // What was lost comes back with a new answer only.
    if (this.#evidenceMs === undefined || (this.#signal?.state === 'Unreachable' && !isNews)) return false;
    return this.#become('Reachable');
  }

  /** There is no way in at all: that is known at once. */
  lose(why: string): void {
    this.#why = why;
    this.#become('Unreachable');
  }

  #become(state: ApiSignal['state']): boolean {
    if (this.#signal?.state === state) return false;
    this.#signal = {state, sinceMs: this.#options.nowMs()};
    return true;
  }

  opinion(): Opinion {
    switch (this.#signal?.state) {
      case undefined:
        return {status: 'Unknown', reason: 'Pending', message: 'Waits for its first answer.', passing: true};
      case 'Reachable':
        return {status: 'True', reason: 'Answered', message: 'Its API server answers.'};
      case 'Unreachable': {
        const kept = 'Nothing is deleted because of it.';
        if (this.#unauthorized) {
          const message = `Its API server refuses the credentials of the kubeconfig: ${this.#why}. ${kept}`;
          return {status: 'False', reason: 'Unauthorized', message};
        }
        const seconds = this.#options.unreachableAfterMs / 1_000;
        const message = `No valid answer for ${seconds} s: ${this.#why}. ${kept}`;
        return {status: 'False', reason: 'Unreachable', message};
      }
    }
  }
}
