import type {AnswerFacts} from '../wire/answer-reader.ts';

/** Objects around a message: its facts, the map's entry, the key; and what a record's TTL and its place take. Estimates, for the bound. */
const ENTRY_OVERHEAD_BYTES = 600;
const RECORD_OVERHEAD_BYTES = 16;

export interface CacheLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Longer TTLs count as this. */
  readonly maxSeconds: number;
  readonly maxNegativeSeconds: number;
  /** How long past its end an answer may serve while nobody can give a new one (RFC 8767 §4: one to three days). */
  readonly staleSeconds: number;
}

export const DEFAULT_CACHE_LIMITS: CacheLimits = {
  maxEntries: 20_000,
  maxBytes: 16 * 1024 * 1024,
  maxSeconds: 3600,
  maxNegativeSeconds: 300,
  staleSeconds: 86_400,
};

export interface CachedAnswer {
  readonly message: Buffer;
  readonly facts: AnswerFacts;
  readonly storedMs: number;
  readonly expiresMs: number;
}

/** Whole answers of upstreams by question, the least used one given up first. Bounded by number and by octets. */
export class AnswerCache {
  readonly #limits: CacheLimits;
  /** In the order of use: a `Map` keeps that of insertion. */
  readonly #entries = new Map<string, CachedAnswer>();
  #bytes = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns also an answer that has expired, as long as it may still serve; see `expiresMs` */
  find(key: string, nowMs: number): CachedAnswer | undefined {
    const found = this.#entries.get(key);
    if (!found) return undefined;
    this.#remove(key, found);
    if (nowMs >= found.expiresMs + this.#limits.staleSeconds * 1000) return undefined;
    this.#insert(key, found);
    return found;
  }

  /** Keeps the answer as far as its TTLs allow; a TTL of 0 is for one answer alone (RFC 1035 §3.2.1). */
  store(key: string, message: Buffer, facts: AnswerFacts, nowMs: number): void {
    const seconds = Math.min(facts.lifetimeSeconds ?? 0, this.#maxSeconds(facts));
    if (seconds <= 0) return;
    const before = this.#entries.get(key);
    if (before) this.#remove(key, before);
    // A copy: what the socket gave may be part of a larger piece of memory.
    const kept = Buffer.from(message.subarray(0, facts.recordsEnd));
    this.#insert(key, {message: kept, facts, storedMs: nowMs, expiresMs: nowMs + seconds * 1000});
    this.#giveUp();
  }

  #maxSeconds({isNegative}: AnswerFacts): number {
    return isNegative ? this.#limits.maxNegativeSeconds : this.#limits.maxSeconds;
  }

  #giveUp(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#limits.maxEntries && this.#bytes <= this.#limits.maxBytes) return;
      this.#remove(key, entry);
    }
  }

  #insert(key: string, entry: CachedAnswer): void {
    this.#entries.set(key, entry);
    this.#bytes += sizeOf(entry);
  }

  #remove(key: string, entry: CachedAnswer): void {
    this.#entries.delete(key);
    this.#bytes -= sizeOf(entry);
  }
}

function sizeOf({message, facts}: CachedAnswer): number {
  return message.length + ENTRY_OVERHEAD_BYTES + facts.ttls.length * RECORD_OVERHEAD_BYTES;
}
