/** What a reflector is doing and has done; for conditions, `/readyz` and metrics. Counts only rise. */
export interface ReflectorStatus {
  /** A complete list has been seen. It stays true: what is known may be old, but it was whole. */
  readonly synced: boolean;
  readonly state: 'Listing' | 'Watching' | 'BackingOff' | 'Stopped';
  /** The API server does not serve the type (404 of the type): unknown, not empty; the store is kept. */
  readonly kindMissing: boolean;
  /** The API server refused to list or watch several times in a row (403), in its words: unknown, not empty; the store is kept. */
  readonly forbidden: string | undefined;
  /** Complete lists. */
  readonly lists: number;
  readonly listFailures: number;
  /** Watches that the API server took. */
  readonly watches: number;
  /** Times that a watch ended, for whatever reason, and was taken up again. */
  readonly restarts: number;
  /** Times that the resource version was too old (410). */
  readonly expired: number;
  /** Changes received by watch. */
  readonly events: number;
  /** Objects that could not be kept because `keep` threw, and calls of `onChange` that threw: faults of ours. */
  readonly failures: number;
  readonly lastListAtMs: number | undefined;
  readonly lastEventAtMs: number | undefined;
  /** When anything was last received: a list, an event, a bookmark, the head of a watch. */
  readonly lastContactAtMs: number | undefined;
  readonly lastError: string | undefined;
  readonly resourceVersion: string | undefined;
}

export type MutableReflectorStatus = {-readonly [K in keyof ReflectorStatus]: ReflectorStatus[K]};

export function initialStatus(): MutableReflectorStatus {
  return {
    synced: false,
    state: 'Stopped',
    kindMissing: false,
    forbidden: undefined,
    lists: 0,
    listFailures: 0,
    watches: 0,
    restarts: 0,
    expired: 0,
    events: 0,
    failures: 0,
    lastListAtMs: undefined,
    lastEventAtMs: undefined,
    lastContactAtMs: undefined,
    lastError: undefined,
    resourceVersion: undefined,
  };
}
