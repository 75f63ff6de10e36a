import {pause} from '../../src/kube/backoff.ts';
import {describeError, IsthmusError} from '../../src/errors.ts';
import {queryDns} from '../client.ts';
import type {DnsResult} from '../client.ts';

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

/** What only an Isthmus server says of itself (rule D2: CoreDNS' own clusterset zone has "1.1.0"). */
const VERSION = '"1.0.0"';
/** One lost datagram proves nothing. */
const ATTEMPTS_WITHOUT_ANSWER = 2;

/** Asks the cluster's DNS for `dns-version` of the zone until Isthmus' own answer comes back. */
export async function proveWiring(o: ProofOptions): Promise<Proof> {
  const {everyMs = 2_000, signal = new AbortController().signal} = o;
  const deadlineMs = performance.now() + o.waitMs;
  for (let silent = 0; ;) {
    const proof = await askOnce(o);
    silent = proof.kind === 'Unreachable' ? silent + 1 : 0;
    const isOver = performance.now() >= deadlineMs || signal.aborted;
    if (proof.kind === 'Proven' || isOver || silent === ATTEMPTS_WITHOUT_ANSWER) return proof;
    await pause(everyMs, signal);
  }
}

async function askOnce({server, port, zone, timeoutMs = 2_000}: ProofOptions): Promise<Proof> {
  const name = `dns-version.${zone}`;
  try {
    const answer = await queryDns({server, port, name, type: 'TXT', timeoutMs});
    const [first] = answer.answers;
    if (answer.rcode === 'NOERROR' && first?.data === VERSION)
      return {kind: 'Proven', answer: `${name} TXT ${VERSION}`};
    return {kind: 'Disproven', because: `${name} TXT is answered with ${said(answer)}`};
  } catch (error) {
    if (!(error instanceof IsthmusError && error.code === 'ISTHMUS_DNS_QUERY')) throw error;
    return {kind: 'Unreachable', because: describeError(error)};
  }
}

function said({rcode, answers}: DnsResult): string {
  return [rcode, ...answers.map(({data}) => data)].join(' ');
}
