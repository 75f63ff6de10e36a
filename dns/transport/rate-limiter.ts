import {randomInt} from 'node:crypto';
import {ClientAddress} from '../wire/client-address.ts';
import {nameHash} from '../wire/name-hash.ts';

export interface RateLimit {
  /** UDP answers a second for one network: a /24 of IPv4, a /56 of IPv6. */
  readonly perSecond: number;
  /** So many at once after a while of silence. Default: one second's worth. */
  readonly burst?: number;
  /** Every so many queries over the limit one is answered truncated, so that a real client comes by TCP. 0: none. Default 2. */
  readonly slip?: number;
}

/** 1.5 MB, whatever comes; networks that fall on one place share it. */
const PLACES = 1 << 16;
const IPV4_PREFIX_BYTES = 3;
const IPV6_PREFIX_BYTES = 7;
const DEFAULT_SLIP = 2;

export type Verdict = 'answer' | 'truncate' | 'drop';

/** Token buckets by network of the source, in a table of fixed size. Nothing is allocated and nobody can choose a neighbour. */
export class RateLimiter {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #slip: number;
  readonly #nowMs: () => number;
  readonly #seed = randomInt(2 ** 32);
  readonly #client = new ClientAddress();
  readonly #tokens: Float64Array;
  readonly #filledMs: Float64Array;
  readonly #over = new Uint32Array(PLACES);

  constructor({perSecond, burst = perSecond, slip = DEFAULT_SLIP}: RateLimit, nowMs: () => number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#slip = slip;
    this.#nowMs = nowMs;
    this.#tokens = new Float64Array(PLACES).fill(burst);
    this.#filledMs = new Float64Array(PLACES).fill(nowMs());
  }

  /** @param client - the address as Node gives it */
  judge(client: string): Verdict {
    this.#client.read(client);
    const prefix = this.#client.length === 4 ? IPV4_PREFIX_BYTES : IPV6_PREFIX_BYTES;
    const place = nameHash(this.#client.bytes, 0, prefix, this.#seed) & (PLACES - 1);
    const now = this.#nowMs();
    const tokens = Math.min(this.#burst, this.#tokens[place]! + (now - this.#filledMs[place]!) * this.#perMs);
    this.#filledMs[place] = now;
    const mayHave = tokens >= 1;
    this.#tokens[place] = mayHave ? tokens - 1 : tokens;
    if (mayHave) return 'answer';
    const over = this.#over[place]! + 1;
    this.#over[place] = over;
    return this.#slip > 0 && over % this.#slip === 0 ? 'truncate' : 'drop';
  }
}
