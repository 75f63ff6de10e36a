import {seededRandom} from './seeded-random.ts';

/** Which requests a fault is for: every field that is set must fit. */
export interface RequestMatch {
  readonly method?: string;
  /** The plural. */
  readonly resource?: string;
  readonly group?: string;
  readonly verb?: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldManager?: string;
  /** A prefix. */
  readonly userAgent?: string;
}

export type Fault =
  | {readonly kind: 'latency'; readonly ms: number}
  | {
      readonly kind: 'status';
      readonly code: number;
      readonly reason?: string;
      readonly message?: string;
      /** Told in the Status and in a `Retry-After` header. */
      readonly retryAfterSeconds?: number;
    }
  /** The 429 of priority and fairness: plain text, `Retry-After: 1`. */
  | {readonly kind: 'overload'; readonly retryAfterSeconds?: number}
  | {readonly kind: 'emptyList'}
  /** 410: HTTP for a list, an ERROR event for a watch. */
  | {readonly kind: 'gone'}
  | {readonly kind: 'dropWatch'; readonly afterMs?: number}
  /** The watch stays open and silent. */
  | {readonly kind: 'halfOpenWatch'}
  /** The socket is destroyed before an answer. */
  | {readonly kind: 'reset'}
  /** No answer ever; the socket stays open. */
  | {readonly kind: 'hang'}
  | {readonly kind: 'rewriteBody'; readonly rewrite: (body: unknown) => unknown};

/** What is known of a request when faults are looked up. */
export interface RequestFacts {
  readonly method: string;
  readonly resource: string | undefined;
  readonly group: string | undefined;
  readonly verb: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly fieldManager: string | undefined;
  readonly userAgent: string;
}

/** What a server does when it is told to misbehave as a whole. */
export interface FaultTarget {
  dropWatches(matches: (facts: RequestFacts) => boolean): number;
  compact(): void;
  partition(on: boolean): void;
}

export interface FaultOptions {
  /** The fault is used up after so many requests; without it, it stays until it is removed. */
  readonly times?: number;
  /** It hits this part of the requests only, 0 to 1, chosen by {@link FaultOptions.seed}: a storm. */
  readonly share?: number;
  /** The same seed hits the same requests, in the order in which they come. Default 1. */
  readonly seed?: number;
  /** It hits what comes beyond so many requests in a second, as a server at its limit does. */
  readonly abovePerSecond?: number;
}

interface Entry {
  readonly match: RequestMatch;
  readonly fault: Fault;
  readonly hits: () => boolean;
  left: number;
}

/** Faults on demand. Several may fit a request; they take effect in the order in which they were added. */
export class Faults {
  readonly #target: FaultTarget;
  readonly #nowMs: () => number;
  readonly #entries = new Set<Entry>();
  #suffered = 0;

  constructor(target: FaultTarget, nowMs: () => number = Date.now) {
    this.#target = target;
    this.#nowMs = nowMs;
  }

  /** How many requests met a fault, from the beginning. */
  get suffered(): number {
    return this.#suffered;
  }

  /** @returns removes it */
  add(match: RequestMatch, fault: Fault, options: FaultOptions = {}): () => void {
    const entry: Entry = {match, fault, hits: chooser(options, this.#nowMs), left: options.times ?? Infinity};
    this.#entries.add(entry);
    return () => this.#entries.delete(entry);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Cuts the open watches that fit. @returns how many */
  dropWatches(match: RequestMatch = {}): number {
    return this.#target.dropWatches((facts) => fits(match, facts));
  }

  /** Every resourceVersion until now becomes too old to list or watch from. */
  compact(): void {
    this.#target.compact();
  }

  /** On: every socket is destroyed and new ones too. */
  partition(on: boolean): void {
    this.#target.partition(on);
  }

  /** The faults for a request; each one's count goes down. */
  take(facts: RequestFacts): readonly Fault[] {
    const taken: Fault[] = [];
    for (const entry of this.#entries) {
      if (!fits(entry.match, facts) || !entry.hits()) continue;
      taken.push(entry.fault);
      entry.left--;
      if (entry.left <= 0) this.#entries.delete(entry);
    }
    if (taken.length > 0) this.#suffered++;
    return taken;
  }
}

/** Which of the requests that fit are hit. */
function chooser({share = 1, seed = 1, abovePerSecond}: FaultOptions, nowMs: () => number): () => boolean {
  const random = seededRandom(seed);
  const isOver = abovePerSecond === undefined ? () => true : rateMeter(abovePerSecond, nowMs);
  return () => isOver() && (share >= 1 || random() < share);
}

/** A bucket that fills at the rate and holds a second of it: true for a request that finds it empty. */
function rateMeter(perSecond: number, nowMs: () => number): () => boolean {
  let left = perSecond;
  let atMs = nowMs();
  return () => {
    const now = nowMs();
    left = Math.min(perSecond, left + ((now - atMs) / 1000) * perSecond);
    atMs = now;
    if (left < 1) return true;
    left--;
    return false;
  };
}

function fits(match: RequestMatch, facts: RequestFacts): boolean {
  const {userAgent, ...exact} = match;
  if (userAgent !== undefined && !facts.userAgent.startsWith(userAgent)) return false;
  return Object.entries(exact).every(([field, value]) => facts[field as keyof RequestFacts] === value);
}
