/** What earlier steps of a scenario printed and kept, by name. */
export type Kept = Readonly<Record<string, string>>;

/** One run of kubectl, and what is said of it. Arguments and input may hold `$NAME` of something kept. */
export interface Step {
  readonly args: readonly string[];
  /** For `-f -`. */
  readonly stdin?: string;
  /** A shell script that edits `$1`, as `KUBE_EDITOR`. */
  readonly editor?: string;
  /** Default 0. */
  readonly code?: number;
  /** Each in what was printed, errors too. */
  readonly shows?: readonly (string | RegExp)[];
  readonly hides?: readonly string[];
  /** Keeps the output under this name for later steps. */
  readonly keep?: string;
  /** Runs while this one runs, as soon as it has printed something that fits. */
  readonly meanwhile?: {readonly once: RegExp | 'started'; readonly steps: readonly Step[]};
  /** kubectl does not end by itself: it is ended once its output fits. */
  readonly until?: RegExp;
  /** Asked again until it holds: what controllers do takes a moment. */
  readonly eventually?: boolean;
  /** What is printed hangs on more than the API server (what else is in it, or who comes first), so it is not compared. */
  readonly incomparable?: boolean;
}

/** What somebody does with kubectl, in a namespace of its own. Data: it knows neither kubectl nor server. */
export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
}
