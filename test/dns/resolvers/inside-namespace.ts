import {execFile} from 'node:child_process';
import {lookup} from 'node:dns/promises';
import {writeFile} from 'node:fs/promises';
import {pino} from 'pino';
import {startDnsServer} from '../../../dns/server.ts';
import {everything, fixture} from '../fixture-view.ts';
import {ClosedUpstream} from './closed-upstream.ts';

/**
 * Runs in a network and mount namespace of its own, where port 53 is free and /etc/resolv.conf is the file in argv[2]: our server on
 * 127.0.0.1:53, before an upstream that knows no other name or, without `upstream` in argv[3], without one. Over IPC it is told what to
 * look up, and says what the system's resolver made of it.
 */

const [resolvConf = '', kind = ''] = process.argv.slice(2);

export interface Look {
  readonly options: readonly string[];
  /** `getent ahosts`: glibc's getaddrinfo; `lookup`: Node's own call of it. */
  readonly by: 'getent' | 'lookup';
  readonly name: string;
}

export interface Looked {
  /** Sorted, without repetition; none: there is no such name. */
  readonly addresses: readonly string[];
  readonly tookMs: number;
  /** Names that the upstream was asked for. */
  readonly upstream: readonly string[];
}

const upstream = new ClosedUpstream();
const at = await upstream.start();
const server = await startDnsServer({
  listen: {host: '127.0.0.1', port: 53},
  logger: pino({level: 'silent'}),
  ...(kind === 'upstream' ? {upstreams: [at]} : {}),
});
server.publish(fixture, everything);
await server.served(fixture.revision);

async function addressesOf({by, name}: Look): Promise<readonly string[]> {
  if (by === 'getent') {
    // Exit code 2: there is no such name.
    const output = await new Promise<string>((resolve) => {
      execFile('getent', ['ahosts', name], {timeout: 20_000}, (_error, stdout) => resolve(stdout));
    });
    return output.split('\n').flatMap((line) => line.split(/\s+/)[0] || []);
  }
  try {
    return (await lookup(name, {all: true})).map(({address}) => address);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTFOUND') return [];
    throw error;
  }
}

async function look(asked: Look): Promise<Looked> {
  await writeFile(resolvConf, ['nameserver 127.0.0.1', ...asked.options, ''].join('\n'));
  upstream.names.length = 0;
  const from = performance.now();
  const addresses = await addressesOf(asked);
  const tookMs = performance.now() - from;
  return {addresses: [...new Set(addresses)].sort(), tookMs, upstream: [...upstream.names]};
}

process.on('message', (asked: Look) => void look(asked).then((looked) => process.send?.(looked)));
process.on('disconnect', () => process.exit());
process.send?.('ready');
