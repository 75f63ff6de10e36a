import {KubeError} from './kube-error.ts';

export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Exponential backoff with full jitter: somewhere between nothing and `min(maxMs, minMs * 2^(attempt - 1))`, so that a
 * thousand clients of a restarted API server do not come back in step.
 *
 * @param attempt - 1 for the first retry
 * @param random - in [0, 1)
 */
export function backoffDelayMs(backoff: Backoff, attempt: number, random: () => number): number {
  const ceiling = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(attempt - 1, 30));
  return Math.floor(random() * ceiling);
}

const MAX_RETRY_AFTER_MS = 60_000;

/** How long the other side asked us to wait, 0 where it did not; no longer than a minute, whatever it says. */
export function retryAfterMs(error: unknown): number {
  return error instanceof KubeError ? Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) : 0;
}

/** Waits; resolves at once when the signal is, or becomes, aborted. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || ms <= 0) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, {once: true});
  });
}
