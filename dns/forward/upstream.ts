import {exchangeTcp, exchangeUdp} from '../client-exchange.ts';
import {readAnswer} from '../wire/answer-reader.ts';
import type {AnswerFacts} from '../wire/answer-reader.ts';
import {FLAG_TC, HEADER_BYTES, Rcode} from '../wire/codes.ts';
import {IsthmusError} from '../../src/errors.ts';
import {buildUpstreamQuery, questionEndOf} from './upstream-query.ts';
import type {UpstreamQuestion} from './upstream-query.ts';

/** Within the time that there is, a datagram is sent so often. */
const UDP_TRIES = 2;
/** So many in a row, and it is not asked while there is another. One may be a lost datagram. */
const MAX_FAILURES = 2;
const FIRST_DOWN_MS = 1_000;
const LAST_DOWN_MS = 30_000;
/** For so long an upstream that does not know EDNS is asked without. */
const PLAIN_MS = 10 * 60_000;

export interface UpstreamAddress {
  /** An IP address: names would need the resolver that this is to be. */
  readonly host: string;
  readonly port: number;
}

export interface UpstreamAnswer {
  readonly message: Buffer;
  readonly facts: AnswerFacts;
}

/** How long an upstream may take to answer. */
export interface UpstreamTimeouts {
  /** Over UDP, the datagram that is sent again after half of it included. */
  readonly udpMs: number;
  readonly tcpMs: number;
}

export interface UpstreamOptions extends UpstreamTimeouts {
  /** Monotonic. */
  readonly nowMs: () => number;
}

/** One resolver that is asked, and what is known of its health. */
export class Upstream {
  readonly address: UpstreamAddress;
  readonly #options: UpstreamOptions;
  #failures = 0;
  #downUntilMs = 0;
  #plainUntilMs = -Infinity;
  /** When silence may next be taken for a sign that it does not know EDNS. */
  #nextPlainMs = -Infinity;
  #hasShownEdns = false;

  constructor(address: UpstreamAddress, options: UpstreamOptions) {
    this.address = address;
    this.#options = options;
  }

  /** It answers, as far as anybody knows. */
  get isUp(): boolean {
    return this.#failures < MAX_FAILURES;
  }

  /** Until then it is left alone; 0 for one that is up. */
  get downUntilMs(): number {
    return this.isUp ? 0 : this.#downUntilMs;
  }

  /**
   * Asks over UDP from a port of its own, over TCP where the answer is truncated or spells the name otherwise.
   *
   * @throws {IsthmusError} ISTHMUS_DNS_QUERY: no answer in time, or one that can't be used
   */
  async ask(question: UpstreamQuestion): Promise<UpstreamAnswer> {
    try {
      const answer = await this.#askEitherWay(question);
      this.#failures = 0;
      return answer;
    } catch (error) {
      this.#failed();
      throw error;
    }
  }

  /** RFC 6891 §7: who doesn't know EDNS says so by FORMERR or NOTIMP without an OPT record, or by nothing, and is asked without. */
  async #askEitherWay(question: UpstreamQuestion): Promise<UpstreamAnswer> {
    if (this.#options.nowMs() < this.#plainUntilMs) return this.#askOnce(question, false);
    try {
      const answer = await this.#askOnce(question, true);
      this.#hasShownEdns ||= answer.facts.hasEdns;
      if (!refusesEdns(answer.facts)) return answer;
    } catch (error) {
      if (!isSilence(error) || !this.#mayBeEdns()) throw error;
    }
    const answer = await this.#askOnce(question, false);
    // The same again was about the question, not about EDNS.
    if (!refusesEdns(answer.facts)) this.#plainUntilMs = this.#options.nowMs() + PLAIN_MS;
    return answer;
  }

  /**
   * Whether silence may be because of EDNS: not with who has shown to know it. Somebody who is dead must not cost twice the time
   * whenever he is asked: it is found out for all who wait by the one who comes first, and not again for a while.
   */
  #mayBeEdns(): boolean {
    const nowMs = this.#options.nowMs();
    if (nowMs < this.#plainUntilMs) return true;
    if (this.#hasShownEdns || nowMs < this.#nextPlainMs) return false;
    this.#nextPlainMs = nowMs + LAST_DOWN_MS;
    return true;
  }

  async #askOnce(question: UpstreamQuestion, hasEdns: boolean): Promise<UpstreamAnswer> {
    return (await this.#askUdp(question, hasEdns)) ?? (await this.#askTcp(question, hasEdns));
  }

  /** @returns undefined: it must be asked over TCP */
  async #askUdp(question: UpstreamQuestion, hasEdns: boolean): Promise<UpstreamAnswer | undefined> {
    const query = buildUpstreamQuery(question, hasEdns);
    const timeoutMs = this.#options.udpMs;
    const message = await exchangeUdp({...this.#exchange(query), timeoutMs, tries: UDP_TRIES});
    // It may end anywhere: what is in it does not matter.
    if ((message[2]! & FLAG_TC) !== 0) return undefined;
    const end = questionEndOf(question);
    // Not our spelling: a resolver that changes it, or somebody who guesses. Over TCP nobody can.
    if (hasQuestion(message) && message.compare(query, HEADER_BYTES, end, HEADER_BYTES, end) !== 0) return undefined;
    return this.#read(message, question);
  }

  /** RFC 2181 §9: there is nothing larger to ask over, so what is truncated here is never the whole set. */
  async #askTcp(question: UpstreamQuestion, hasEdns: boolean): Promise<UpstreamAnswer> {
    const query = buildUpstreamQuery(question, hasEdns);
    const message = await exchangeTcp({...this.#exchange(query), timeoutMs: this.#options.tcpMs});
    const answer = this.#read(message, question);
    if (!answer.facts.isTruncated) return answer;
    throw new IsthmusError('ISTHMUS_DNS_QUERY', `the answer of ${this.address.host} is truncated over TCP too`);
  }

  #exchange(query: Buffer): {server: string; port: number; query: Buffer; anyCase: boolean} {
    return {server: this.address.host, port: this.address.port, query, anyCase: true};
  }

  #read(message: Buffer, question: UpstreamQuestion): UpstreamAnswer {
    const end = hasQuestion(message) ? questionEndOf(question) : HEADER_BYTES;
    const facts = readAnswer(message, end, question.type);
    if (facts) return {message, facts};
    throw new IsthmusError('ISTHMUS_DNS_QUERY', `the answer of ${this.address.host} is broken`);
  }

  #failed(): void {
    this.#failures++;
    if (this.isUp) return;
    const downMs = FIRST_DOWN_MS * 2 ** Math.min(this.#failures - MAX_FAILURES, 10);
    this.#downUntilMs = this.#options.nowMs() + Math.min(downMs, LAST_DOWN_MS);
  }
}

/** A server that could not read the query may answer without its question; `isAnswerTo` lets FORMERR and NOTIMP through. */
function hasQuestion(message: Buffer): boolean {
  return message.readUInt16BE(4) > 0;
}

function refusesEdns({rcode, hasEdns}: AnswerFacts): boolean {
  return !hasEdns && (rcode === Rcode.FORMERR || rcode === Rcode.NOTIMP);
}

/** Datagrams were sent and nothing came back. */
function isSilence(error: unknown): boolean {
  return error instanceof IsthmusError && error.details['transport'] === 'udp' && error.details['silent'] === true;
}
