import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';

import {reservePort} from '../../src/dev/real/free-port.ts';
import {usablePart} from '../../src/dev/real/part-cache.ts';
import type {KeptProcess, ProcessKeeper} from '../../src/dev/real/process-keeper.ts';
import {until} from '../../src/dev/real/until.ts';
import {exchangeTcp, exchangeUdp} from '../../dns/client-exchange.ts';
import {question} from '../dns/ask.ts';

export interface CoreDnsOptions {
  readonly keeper: ProcessKeeper;
  /** For the Corefile. */
  readonly dir: string;
  /** `host:port` of the Isthmus DNS server. */
  readonly isthmus: string;
  /** The API server that `cluster.local` comes from; without it there is no such zone. */
  readonly kubeconfigFile?: string;
}

export interface CoreDns {
  readonly server: string;
  readonly port: number;
  /** The same without its cache: every query reaches Isthmus. */
  readonly uncachedPort: number;
  readonly process: KeptProcess;
}

/** A CoreDNS as a cluster has it, with the clusterset zone as a stub domain (docs/testbed.md shows the Corefile). */
export async function startCoreDns(o: CoreDnsOptions): Promise<CoreDns> {
  const binary = await usablePart('coredns');
  const [reserved, uncached] = await Promise.all([reservePort(), reservePort()]);
  const {port} = reserved;
  const corefile = join(o.dir, 'Corefile');
  await writeFile(corefile, corefileOf({port, uncachedPort: uncached.port}, o));
  await Promise.all([reserved.release(), uncached.release()]);
  const process = o.keeper.start('coredns', binary, ['-conf', corefile]);
  const coredns = {server: '127.0.0.1', port, uncachedPort: uncached.port, process};
  const answers = (): Promise<boolean> =>
    exchangeUdp({...coredns, query: question('clusterset.local', 'SOA'), timeoutMs: 300}).then(
      () => true,
      () => false,
    );
  await until('CoreDNS to answer', answers, {deadlineMs: 20_000, why: () => process.logTail()});
  return coredns;
}

function corefileOf(
  {port, uncachedPort}: {port: number; uncachedPort: number},
  {isthmus, kubeconfigFile}: CoreDnsOptions,
): string {
  const stub = `clusterset.local:${port} {
    bind 127.0.0.1
    errors
    cache 30
    forward . ${isthmus}
}
clusterset.local:${uncachedPort} {
    bind 127.0.0.1
    errors
    forward . ${isthmus}
}
`;
  if (kubeconfigFile === undefined) return stub;
  return `${stub}
.:${port} {
    bind 127.0.0.1
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig ${kubeconfigFile}
    }
    cache 30
}
`;
}

/** As a good client asks: UDP, and TCP when the answer says that it was cut. */
export async function askLikeAClient(
  at: {readonly server: string; readonly port: number},
  query: Buffer,
): Promise<Buffer> {
  const exchange = {...at, query, timeoutMs: 4_000};
  const answer = await exchangeUdp(exchange);
  const isCut = ((answer[2] ?? 0) & 0x02) !== 0;
  return isCut ? exchangeTcp(exchange) : answer;
}
