/** What became of a review or of something that should have been one. */
export type ReviewOutcome = 'allowed' | 'patched' | 'denied' | 'failed' | 'bad' | 'notReady';

/** Upper bounds of the duration buckets, milliseconds; the last bucket has none. */
export const DURATION_BOUNDS_MS: readonly number[] = [0.5, 1, 2, 5, 10, 25, 50, 100, 250, 1_000];

export interface PathStats {
  readonly path: string;
  readonly outcomes: Readonly<Record<ReviewOutcome, number>>;
  readonly warnings: number;
  readonly audits: number;
  /** One count a bucket of {@link DURATION_BOUNDS_MS}, and one for all above; not cumulative. */
  readonly durations: readonly number[];
  readonly durationSumMs: number;
}

export interface WebhookStats {
  readonly paths: readonly PathStats[];
  /** Handshakes that failed: an API server with another CA in its configuration shows here and nowhere else. */
  readonly tlsErrors: number;
  readonly certificateChanges: number;
}

interface Counters {
  readonly outcomes: Record<ReviewOutcome, number>;
  readonly durations: number[];
  warnings: number;
  audits: number;
  durationSumMs: number;
}

/** Counts for metrics. Paths are the configured ones alone, so a scanner can't make new series. */
export class ReviewCounters {
  readonly #byPath: ReadonlyMap<string, Counters>;
  tlsErrors = 0;
  certificateChanges = 0;

  constructor(paths: Iterable<string>) {
    this.#byPath = new Map([...paths].map((path) => [path, emptyCounters()]));
  }

  count(path: string, review: {outcome: ReviewOutcome; tookMs: number; warnings: number; audits: number}): void {
    const counters = this.#byPath.get(path);
    if (counters === undefined) return;
    const bucket = DURATION_BOUNDS_MS.findIndex((bound) => review.tookMs <= bound);
    const at = bucket < 0 ? DURATION_BOUNDS_MS.length : bucket;
    counters.outcomes[review.outcome] += 1;
    counters.durations[at] = (counters.durations[at] ?? 0) + 1;
    counters.durationSumMs += review.tookMs;
    counters.warnings += review.warnings;
    counters.audits += review.audits;
  }

  snapshot(): WebhookStats {
    const {tlsErrors, certificateChanges} = this;
    const paths = [...this.#byPath].map(([path, counters]) => structuredClone({path, ...counters}));
    return {paths, tlsErrors, certificateChanges};
  }
}

function emptyCounters(): Counters {
  return {
    outcomes: {allowed: 0, patched: 0, denied: 0, failed: 0, bad: 0, notReady: 0},
    durations: Array.from({length: DURATION_BOUNDS_MS.length + 1}, () => 0),
    warnings: 0,
    audits: 0,
    durationSumMs: 0,
  };
}
