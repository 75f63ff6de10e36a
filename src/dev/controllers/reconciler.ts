import type {Logger} from 'pino';
import type {InternalApi, ObjectChange} from '../apiserver/internal-api.ts';

export interface ReconcilerOptions {
  /** Names the controller in logs. */
  readonly name: string;
  /** The keys that a change may concern; called in the course of the write, so it only looks. */
  readonly keysOf: (change: ObjectChange) => Iterable<string>;
  /** Reads the world, compares, writes the difference. Called again for the same key, it must find nothing to do. */
  readonly reconcile: (key: string) => void;
  /** Every key that is to be looked at once in the beginning. */
  readonly seed?: () => Iterable<string>;
  readonly logger: Logger;
}

const RETRY_MS = {min: 20, max: 2_000} as const;

/**
 * The loop of every controller here: changes mark keys, and marked keys are reconciled together once the writes of this turn are done.
 * Nothing runs while nothing changes. A key that fails is tried again, later each time.
 *
 * @returns stops it; nothing is reconciled afterwards
 */
export function startReconciler(api: InternalApi, options: ReconcilerOptions): () => void {
  const marked = new Set<string>();
  const failures = new Map<string, number>();
  const retries = new Map<string, NodeJS.Timeout>();
  let scheduled: NodeJS.Immediate | undefined;
  let stopped = false;

  const mark = (key: string): void => {
    if (stopped) return;
    marked.add(key);
    scheduled ??= setImmediate(run);
  };

  function run(): void {
    scheduled = undefined;
    const keys = [...marked];
    marked.clear();
    for (const key of keys) if (!stopped) attempt(key);
  }

  function attempt(key: string): void {
    try {
      options.reconcile(key);
      failures.delete(key);
    } catch (error) {
      retryLater(key, error);
    }
  }

  function retryLater(key: string, err: unknown): void {
    const attempts = (failures.get(key) ?? 0) + 1;
    failures.set(key, attempts);
    const nextDelayMs = Math.min(RETRY_MS.min * 2 ** attempts, RETRY_MS.max);
    options.logger.warn({controller: options.name, key, err, attempts, nextDelayMs}, 'a controller failed');
    if (retries.has(key)) return;
    const retry = (): void => {
      retries.delete(key);
      mark(key);
    };
    retries.set(key, setTimeout(retry, nextDelayMs));
  }

  const stopListening = api.onChange((change) => {
    for (const key of options.keysOf(change)) mark(key);
  });
  for (const key of options.seed?.() ?? []) mark(key);
  return () => {
    stopped = true;
    stopListening();
    if (scheduled !== undefined) clearImmediate(scheduled);
    for (const timer of retries.values()) clearTimeout(timer);
  };
}
