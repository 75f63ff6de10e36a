import {Rcode} from './wire/codes.ts';
import type {RcodeName} from './wire/codes.ts';

/** What is counted: the slots of one worker. Rcodes have slots behind these, by their number. */
export const Counter = {
  udpQueries: 0,
  tcpQueries: 1,
  truncated: 2,
  droppedMalformed: 3,
  droppedOversized: 4,
  droppedPortZero: 5,
  socketFailures: 6,
  tcpConnections: 7,
  tcpAccepted: 8,
  tcpRejected: 9,
  tcpTimeouts: 10,
  names: 11,
  revision: 12,
  tlsQueries: 13,
  httpsQueries: 14,
  tlsFailures: 15,
  rateLimited: 16,
  forwarded: 17,
  forwardCacheHits: 18,
  forwardFailures: 19,
  forwardStale: 20,
  forwardLoops: 21,
  forwardAnswered: 22,
  forwardFailed: 23,
  forwardRemembered: 24,
  forwardLimited: 25,
  forwardUnhelpful: 26,
} as const;

const FIRST_RCODE = 27;
const SLOTS = FIRST_RCODE + Rcode.BADCOOKIE + 1;

/** Numbers since the start, summed over the workers; `tcpConnections`, `names` and `revision` are as of now. */
export interface DnsStats {
  readonly udpQueries: number;
  readonly tcpQueries: number;
  readonly tlsQueries: number;
  readonly httpsQueries: number;
  /** Answers that were given to a socket. */
  readonly answers: Readonly<Record<RcodeName, number>>;
  /** Those of them with TC. */
  readonly truncated: number;
  /** Not answered at all: too short or a response. */
  readonly droppedMalformed: number;
  /** UDP queries over 1232 octets. */
  readonly droppedOversized: number;
  /** UDP queries from port 0, which nobody could be answered at. */
  readonly droppedPortZero: number;
  /** Datagrams and connections lost to an error of our own socket; of datagrams a sample, see `UdpListener`, so at least as many. */
  readonly socketFailures: number;
  readonly tcpConnections: number;
  readonly tcpAccepted: number;
  /** Over a cap on connections. */
  readonly tcpRejected: number;
  /** Closed because nothing, or no whole query, came in time. */
  readonly tcpTimeouts: number;
  /** Handshakes that failed, or were not over in time. */
  readonly tlsFailures: number;
  /** UDP queries that were not answered, or truncated, because their network asks too much. */
  readonly rateLimited: number;
  /** Queries for other zones that were taken for an upstream. Each of them becomes one of those that follow, some not yet. */
  readonly forwarded: number;
  readonly forwardCacheHits: number;
  /** An upstream said what there is, or that there is nothing. */
  readonly forwardAnswered: number;
  /** Answers out of the cache after their time, because there was no other. */
  readonly forwardStale: number;
  /** SERVFAIL, because no upstream helped. */
  readonly forwardFailed: number;
  /** SERVFAIL, because no upstream helped a moment before: none was asked. */
  readonly forwardRemembered: number;
  /** SERVFAIL, because too much waits already: none was asked. */
  readonly forwardLimited: number;
  /** Own questions that an upstream sent back: REFUSED. */
  readonly forwardLoops: number;
  /** Questions (several queries may wait for one) to which no upstream gave an answer that can be used, or none could be asked. */
  readonly forwardFailures: number;
  /** Questions to which upstreams answered with an rcode that says nothing about the name, as SERVFAIL or REFUSED. */
  readonly forwardUnhelpful: number;
  /** Names that exist, of the worker that has least. */
  readonly names: number;
  /** Of the view that is served, of the worker that is furthest behind; 0: none yet. */
  readonly revision: number;
}

/**
 * Counters that a worker writes and the main thread reads without asking. Each worker has slots of its own, so a plain write
 * is enough; the doubles are read whole on the 64-bit machines that Node 24 runs on, and don't overflow.
 */
export class Counters {
  readonly #slots: Float64Array;

  constructor(memory: SharedArrayBuffer, worker: number) {
    this.#slots = new Float64Array(memory, worker * SLOTS * 8, SLOTS);
  }

  static allocate(workers: number): SharedArrayBuffer {
    return new SharedArrayBuffer(workers * SLOTS * 8);
  }

  add(slot: number, by = 1): void {
    this.#slots[slot] = this.#slots[slot]! + by;
  }

  set(slot: number, value: number): void {
    this.#slots[slot] = value;
  }

  get(slot: number): number {
    return this.#slots[slot]!;
  }

  /** Counts an answer that is given to a socket. */
  answered(rcode: number, isTruncated: boolean): void {
    this.add(FIRST_RCODE + rcode);
    if (isTruncated) this.add(Counter.truncated);
  }

  answers(rcode: number): number {
    return this.get(FIRST_RCODE + rcode);
  }
}

export function readStats(memory: SharedArrayBuffer, workers: number): DnsStats {
  const all = Array.from({length: workers}, (_, worker) => new Counters(memory, worker));
  const sum = (slot: number) => all.reduce((total, counters) => total + counters.get(slot), 0);
  const least = (slot: number) => Math.min(...all.map((counters) => counters.get(slot)));
  const answers = Object.entries(Rcode).map(([name, code]) => [name, all.reduce((n, c) => n + c.answers(code), 0)]);
  return {
    udpQueries: sum(Counter.udpQueries),
    tcpQueries: sum(Counter.tcpQueries),
    tlsQueries: sum(Counter.tlsQueries),
    httpsQueries: sum(Counter.httpsQueries),
    answers: Object.fromEntries(answers) as Record<RcodeName, number>,
    truncated: sum(Counter.truncated),
    droppedMalformed: sum(Counter.droppedMalformed),
    droppedOversized: sum(Counter.droppedOversized),
    droppedPortZero: sum(Counter.droppedPortZero),
    socketFailures: sum(Counter.socketFailures),
    tcpConnections: sum(Counter.tcpConnections),
    tcpAccepted: sum(Counter.tcpAccepted),
    tcpRejected: sum(Counter.tcpRejected),
    tcpTimeouts: sum(Counter.tcpTimeouts),
    tlsFailures: sum(Counter.tlsFailures),
    rateLimited: sum(Counter.rateLimited),
    forwarded: sum(Counter.forwarded),
    forwardCacheHits: sum(Counter.forwardCacheHits),
    forwardAnswered: sum(Counter.forwardAnswered),
    forwardStale: sum(Counter.forwardStale),
    forwardFailed: sum(Counter.forwardFailed),
    forwardRemembered: sum(Counter.forwardRemembered),
    forwardLimited: sum(Counter.forwardLimited),
    forwardLoops: sum(Counter.forwardLoops),
    forwardFailures: sum(Counter.forwardFailures),
    forwardUnhelpful: sum(Counter.forwardUnhelpful),
    names: least(Counter.names),
    revision: least(Counter.revision),
  };
}
