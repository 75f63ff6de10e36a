import {randomBytes} from 'node:crypto';
import {pause} from '../../src/kube/backoff.ts';
import {describeError, IsthmusError} from '../../src/errors.ts';
import {queryDns} from '../client.ts';
import type {DnsResult} from '../client.ts';
import {proofName, proofText} from '../why.ts';

export type Proof =
  /** An Isthmus server answered through it. */
  | {readonly kind: 'Proven'; readonly answer: string}
  /** Nothing answers there from where this runs: neither proven nor disproven. */
  | {readonly kind: 'Unreachable'; readonly because: string}
  /** It answers, and not with what Isthmus says. */
  | {readonly kind: 'Disproven'; readonly because: string};

export interface ProofOptions {
  /** The cluster's DNS. */
  readonly server: string;
  readonly port: number;
  readonly zone: string;
  /** How long a changed file may take to be looked at: CoreDNS does every 30 s or so, and the kubelet brings it within a minute. */
  readonly waitMs: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** One lost datagram proves nothing. */
const ATTEMPTS_WITHOUT_ANSWER = 2;
/**
 * All in a row: a Service spreads questions over the replicas of a cluster's DNS, and one that has read its file proves nothing of those that have
 * not. Two replicas with one that has not yet are taken for two that have once in 256 times.
 */
const QUESTIONS = 8;

/**
 * Asks the cluster's DNS what only an Isthmus server answers, in names that nobody has ever asked for, so that no cache can answer,
 * until all answers are right.
 */
export async function proveWiring(o: ProofOptions): Promise<Proof> {
  const {everyMs = 2_000, signal = new AbortController().signal} = o;
  const deadlineMs = performance.now() + o.waitMs;
  for (let silent = 0; ;) {
    const proof = await askSeveral(o);
    silent = proof.kind === 'Unreachable' ? silent + 1 : 0;
    const isOver = performance.now() >= deadlineMs || signal.aborted;
    if (proof.kind === 'Proven' || isOver || silent === ATTEMPTS_WITHOUT_ANSWER) return proof;
    await pause(everyMs, signal);
  }
}

async function askSeveral(o: ProofOptions): Promise<Proof> {
  let proof = await askOnce(o);
  for (let asked = 1; asked < QUESTIONS && proof.kind === 'Proven'; asked++) proof = await askOnce(o);
  return proof;
}

async function askOnce({server, port, zone, timeoutMs = 2_000}: ProofOptions): Promise<Proof> {
  const nonce = randomBytes(8).toString('hex');
  const name = proofName(nonce, zone);
  const expected = `"${proofText(nonce)}"`;
  try {
    const answer = await queryDns({server, port, name, type: 'TXT', timeoutMs});
    const [first] = answer.answers;
    if (answer.rcode === 'NOERROR' && first?.data === expected)
      return {kind: 'Proven', answer: `${name} TXT ${expected}`};
    return {kind: 'Disproven', because: `${name} TXT is answered with ${said(answer)}`};
  } catch (error) {
    if (!(error instanceof IsthmusError && error.code === 'ISTHMUS_DNS_QUERY')) throw error;
    return {kind: 'Unreachable', because: describeError(error)};
  }
}

function said({rcode, answers}: DnsResult): string {
  return [rcode, ...answers.map(({data}) => data)].join(' ');
}
