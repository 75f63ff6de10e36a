import {exchangeTcp, exchangeUdp} from '../client-exchange.ts';
import {readAnswer} from '../wire/answer-reader.ts';
import type {AnswerFacts} from '../wire/answer-reader.ts';
import {IsthmusError} from '../../src/errors.ts';
import {buildUpstreamQuery, questionEndOf} from './upstream-query.ts';
import type {UpstreamQuestion} from './upstream-query.ts';

const UDP_TIMEOUT_MS = 1_000;
const UDP_TRIES = 2;
const TCP_TIMEOUT_MS = 2_000;
/** So many in a row, and it is not asked while there is another. One may be a lost datagram. */
const MAX_FAILURES = 2;
const FIRST_DOWN_MS = 1_000;
const LAST_DOWN_MS = 30_000;

export interface UpstreamAddress {
  /** An IP address: names would need the resolver that this is to be. */
  readonly host: string;
  readonly port: number;
}

export interface UpstreamAnswer {
  readonly message: Buffer;
  readonly facts: AnswerFacts;
}

/** One resolver that is asked, and what is known of its health. */
export class Upstream {
  readonly address: UpstreamAddress;
  readonly #nowMs: () => number;
  #failures = 0;
  #downUntilMs = 0;

  constructor(address: UpstreamAddress, nowMs: () => number) {
    this.address = address;
    this.#nowMs = nowMs;
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
   * @throws {IsthmusError} ISTHMUS_DNS_QUERY: no answer in time, or a broken one
   */
  async ask(question: UpstreamQuestion): Promise<UpstreamAnswer> {
    try {
      const answer = (await this.#askUdp(question)) ?? (await this.#askTcp(question));
      this.#failures = 0;
      return answer;
    } catch (error) {
      this.#failed();
      throw error;
    }
  }

  /** @returns undefined: it must be asked over TCP */
  async #askUdp(question: UpstreamQuestion): Promise<UpstreamAnswer | undefined> {
    const query = buildUpstreamQuery(question);
    const exchange = {...this.#exchange(query), timeoutMs: UDP_TIMEOUT_MS, tries: UDP_TRIES, anyCase: true};
    const message = await exchangeUdp(exchange);
    const end = questionEndOf(question);
    // Not our spelling: a resolver that changes it, or somebody who guesses. Over TCP nobody can.
    if (message.compare(query, 12, end, 12, end) !== 0) return undefined;
    const answer = this.#read(message, question);
    return answer.facts.isTruncated ? undefined : answer;
  }

  async #askTcp(question: UpstreamQuestion): Promise<UpstreamAnswer> {
    const query = buildUpstreamQuery(question);
    const message = await exchangeTcp({...this.#exchange(query), timeoutMs: TCP_TIMEOUT_MS, anyCase: true});
    return this.#read(message, question);
  }

  #exchange(query: Buffer): {server: string; port: number; query: Buffer} {
    return {server: this.address.host, port: this.address.port, query};
  }

  #read(message: Buffer, question: UpstreamQuestion): UpstreamAnswer {
    const facts = readAnswer(message, questionEndOf(question), question.type);
    if (facts) return {message, facts};
    throw new IsthmusError('ISTHMUS_DNS_QUERY', `the answer of ${this.address.host} is broken`);
  }

  #failed(): void {
    this.#failures++;
    if (this.isUp) return;
    const downMs = FIRST_DOWN_MS * 2 ** Math.min(this.#failures - MAX_FAILURES, 10);
    this.#downUntilMs = this.#nowMs() + Math.min(downMs, LAST_DOWN_MS);
  }
}
