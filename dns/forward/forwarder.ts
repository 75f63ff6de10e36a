import {Counter} from '../counters.ts';
import type {Counters} from '../counters.ts';
import {ExtendedError, Rcode} from '../wire/codes.ts';
import {QueryReader} from '../wire/query-reader.ts';
import type {ServerCookies} from '../wire/server-cookies.ts';
import {AnswerCache, DEFAULT_CACHE_LIMITS} from './answer-cache.ts';
import type {CacheLimits, CachedAnswer} from './answer-cache.ts';
import type {LoopProbe} from './loop-probe.ts';
import {RelayWriter} from './relay-writer.ts';
import type {ForwardedQuery, Relayed} from './relay-writer.ts';
import {questionKey, questionOf} from './upstream-query.ts';
import type {UpstreamQuestion} from './upstream-query.ts';
import {UpstreamSet} from './upstream-set.ts';
import {Upstream} from './upstream.ts';
import type {UpstreamAddress, UpstreamAnswer, UpstreamTimeouts} from './upstream.ts';

export interface ForwardLimits extends UpstreamTimeouts {
  /** Questions that upstreams are asked at one time; each takes a socket. */
  readonly maxQuestions: number;
  /** Queries that wait for them, of all clients and of one. */
  readonly maxWaiting: number;
  readonly maxWaitingPerClient: number;
  /** With an expired answer at hand, no client waits longer (RFC 8767 §5: 1.8 s). */
  readonly staleAfterMs: number;
  /** After a failure nobody is asked again for so long (RFC 9520 §3.2: at least 1 s). */
  readonly failureMs: number;
}

export const DEFAULT_FORWARD_LIMITS: ForwardLimits = {
  maxQuestions: 500,
  maxWaiting: 5_000,
  maxWaitingPerClient: 500,
  staleAfterMs: 1_800,
  failureMs: 1_000,
  udpMs: 1_000,
  tcpMs: 2_000,
};

const MAX_FAILED = 10_000;

export interface ForwarderOptions {
  readonly upstreams: readonly UpstreamAddress[];
  readonly probe: LoopProbe;
  readonly counters: Counters;
  readonly cookies: ServerCookies | undefined;
  readonly limits?: Partial<ForwardLimits>;
  readonly cache?: Partial<CacheLimits>;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Of the epoch. */
  readonly wallMs: () => number;
  readonly onLoop: (upstream: UpstreamAddress) => void;
}

/** A question that upstreams are being asked, and who waits for the answer. */
interface Pending {
  readonly question: UpstreamQuestion;
  readonly waiting: ForwardedQuery[];
  staleTimer?: NodeJS.Timeout;
  /** It has taken so long that those who waited were given an expired answer. */
  isSlow: boolean;
}

/**
 * Answers from upstreams what is outside the zone. Equal questions are asked once at a time, so that a loop between two servers
 * ends by itself; everything that waits is bounded, and what is beyond is told SERVFAIL at once. Never blocks its thread.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #limits: ForwardLimits;
  readonly #cache: AnswerCache;
  readonly #upstreams: UpstreamSet;
  readonly #writer: RelayWriter;
  readonly #reader = new QueryReader();
  readonly #pending = new Map<string, Pending>();
  readonly #failed = new Map<string, number>();
  readonly #perClient = new Map<string, number>();
  #waiting = 0;
  #isClosed = false;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#limits = {...DEFAULT_FORWARD_LIMITS, ...options.limits};
    this.#cache = new AnswerCache({...DEFAULT_CACHE_LIMITS, ...options.cache});
    this.#writer = new RelayWriter(options.cookies);
    const asking = {...this.#limits, nowMs: options.nowMs};
    this.#upstreams = new UpstreamSet({
      ...options,
      upstreams: options.upstreams.map((address) => new Upstream(address, asking)),
    });
  }

  /** Finds out which upstreams are there, and which ask us in their turn. */
  start(): void {
    this.#upstreams.probe();
  }

  /** Answers by `send`, at once or later, once; never where it is closed first. */
  forward(query: ForwardedQuery): void {
    const {counters, nowMs} = this.#options;
    counters.add(Counter.forwarded);
    this.#reader.read(query.message);
    const question = questionOf(this.#reader, query.message);
    if (this.#isOurOwn(question)) return this.#send(query, {rcode: Rcode.REFUSED}, Counter.forwardLoops);
    const key = questionKey(question);
    const cached = this.#cache.find(key, nowMs());
    if (cached && nowMs() < cached.expiresMs) {
      return this.#send(query, {answer: cached, rcode: cached.facts.rcode}, Counter.forwardCacheHits);
    }
    this.#upstreams.probe();
    if (this.#hasFailed(key)) return this.#send(query, this.#lastResort(cached), Counter.forwardRemembered);
    // With an old answer at hand nobody waits for upstreams that are away, or slow: they are asked behind it.
    if (cached && (!this.#upstreams.isUp || this.#pending.get(key)?.isSlow)) {
      this.#send(query, this.#lastResort(cached), Counter.forwardStale);
      this.#resolve(key, question, undefined);
    } else if (this.#mayWait(key, query)) {
      this.#resolve(key, question, query);
    } else {
      this.#send(query, this.#lastResort(cached), Counter.forwardLimited);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const {staleTimer} of this.#pending.values()) clearTimeout(staleTimer);
    this.#pending.clear();
  }

  #isOurOwn({name}: UpstreamQuestion): boolean {
    const {probe, wallMs, upstreams, onLoop} = this.#options;
    const upstream = probe.notice(name, wallMs());
    if (upstream < 0) return false;
    onLoop(upstreams[upstream]!);
    return true;
  }

  #hasFailed(key: string): boolean {
    const until = this.#failed.get(key);
    if (until === undefined) return false;
    if (this.#options.nowMs() < until) return true;
    this.#failed.delete(key);
    return false;
  }

  #mayWait(key: string, {client = ''}: ForwardedQuery): boolean {
    const {maxQuestions, maxWaiting, maxWaitingPerClient} = this.#limits;
    const isNew = !this.#pending.has(key);
    if (isNew && this.#pending.size >= maxQuestions) return false;
    return this.#waiting < maxWaiting && (this.#perClient.get(client) ?? 0) < maxWaitingPerClient;
  }

  #resolve(key: string, question: UpstreamQuestion, query: ForwardedQuery | undefined): void {
    const pending = this.#pending.get(key) ?? this.#ask(key, question);
    if (!query || !pending) return;
    pending.waiting.push(query);
    this.#count(query, 1);
  }

  #ask(key: string, question: UpstreamQuestion): Pending | undefined {
    if (this.#pending.size >= this.#limits.maxQuestions) return undefined;
    const pending: Pending = {question, waiting: [], isSlow: false};
    this.#pending.set(key, pending);
    if (this.#cache.find(key, this.#options.nowMs())) {
      pending.staleTimer = setTimeout(() => this.#sendStale(key, pending), this.#limits.staleAfterMs);
    }
    void this.#upstreams.ask(question).then(
      (answer) => this.#answered(key, pending, answer),
      () => this.#answered(key, pending, undefined),
    );
    return pending;
  }

  #answered(key: string, pending: Pending, answer: UpstreamAnswer | undefined): void {
    if (this.#isClosed) return;
    clearTimeout(pending.staleTimer);
    this.#pending.delete(key);
    const rcode = answer?.facts.rcode;
    if (answer && (rcode === Rcode.NOERROR || rcode === Rcode.NXDOMAIN)) {
      this.#cache.store(key, answer.message, answer.facts, this.#options.nowMs());
      this.#sendAll(pending, {answer: this.#toCached(answer), rcode}, Counter.forwardAnswered);
    } else {
      this.#options.counters.add(answer ? Counter.forwardUnhelpful : Counter.forwardFailures);
      this.#rememberFailure(key);
      this.#sendAll(pending, this.#lastResort(this.#cache.find(key, this.#options.nowMs())), Counter.forwardFailed);
    }
  }

  #toCached({message, facts}: UpstreamAnswer): CachedAnswer {
    const nowMs = this.#options.nowMs();
    return {message, facts, storedMs: nowMs, expiresMs: nowMs};
  }

  #rememberFailure(key: string): void {
    this.#failed.delete(key);
    this.#failed.set(key, this.#options.nowMs() + this.#limits.failureMs);
    const oldest = this.#failed.keys().next();
    if (this.#failed.size > MAX_FAILED && !oldest.done) this.#failed.delete(oldest.value);
  }

  /** Nobody gives a new answer: an expired one (RFC 8767), or that there is none. */
  #lastResort(cached: CachedAnswer | undefined): Relayed {
    if (!cached) return {rcode: Rcode.SERVFAIL, extendedError: ExtendedError.NO_REACHABLE_AUTHORITY};
    const {rcode} = cached.facts;
    const isGone = rcode === Rcode.NXDOMAIN;
    const extendedError = isGone ? ExtendedError.STALE_NXDOMAIN : ExtendedError.STALE_ANSWER;
    return {answer: cached, rcode, isStale: true, extendedError};
  }

  #sendStale(key: string, pending: Pending): void {
    pending.isSlow = true;
    const cached = this.#cache.find(key, this.#options.nowMs());
    if (cached) this.#sendAll(pending, this.#lastResort(cached), Counter.forwardStale);
  }

  #sendAll(pending: Pending, relayed: Relayed, outcome: number): void {
    for (const query of pending.waiting.splice(0)) {
      this.#count(query, -1);
      this.#send(query, relayed, outcome);
    }
  }

  /** @param outcome - the counter of what became of the query, unless an expired answer was better than that */
  #send(query: ForwardedQuery, relayed: Relayed, outcome: number): void {
    const {counters, nowMs} = this.#options;
    counters.add(relayed.isStale ? Counter.forwardStale : outcome);
    query.send(this.#writer.write(query, relayed, nowMs()), relayed.rcode);
  }

  #count({client = ''}: ForwardedQuery, by: number): void {
    this.#waiting += by;
    const left = (this.#perClient.get(client) ?? 0) + by;
    if (left > 0) this.#perClient.set(client, left);
    else this.#perClient.delete(client);
  }
}
