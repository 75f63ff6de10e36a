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
  | {readonly kind: 'status'; readonly code: number; readonly reason?: string; readonly message?: string}
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

interface Entry {
  readonly match: RequestMatch;
  readonly fault: Fault;
  left: number;
}

/** Faults on demand. Several may fit a request; they take effect in the order in which they were added. */
export class Faults {
  readonly #target: FaultTarget;
  readonly #entries = new Set<Entry>();

  constructor(target: FaultTarget) {
    this.#target = target;
  }

  /**
   * @param options.times - the fault is used up after so many requests; without it, it stays until it is removed
   * @returns removes it
   */
  add(match: RequestMatch, fault: Fault, options: {times?: number} = {}): () => void {
    const entry: Entry = {match, fault, left: options.times ?? Infinity};
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
      if (!fits(entry.match, facts)) continue;
      taken.push(entry.fault);
      entry.left--;
      if (entry.left <= 0) this.#entries.delete(entry);
    }
    return taken;
  }
}

function fits(match: RequestMatch, facts: RequestFacts): boolean {
  const {userAgent, ...exact} = match;
  if (userAgent !== undefined && !facts.userAgent.startsWith(userAgent)) return false;
  return Object.entries(exact).every(([field, value]) => facts[field as keyof RequestFacts] === value);
}
