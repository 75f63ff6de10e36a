import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {exchangeUdp} from '../../../dns/client-exchange.ts';
import {reservePort} from '../../../src/dev/real/free-port.ts';
import {eventually} from '../../tools/eventually.ts';
import {unboundSettings} from '../../tools/unbound-settings.ts';
import {question} from '../ask.ts';

/** Why the tests with it are skipped; undefined: it is there. */
export const missingUnbound =
  spawnSync('unbound', ['-V']).error === undefined ? undefined : 'unbound is not installed (Debian package unbound)';

export interface Unbound {
  readonly port: number;
  close(): Promise<void>;
}

export interface UnboundOptions {
  /** Lines of the section `server:`. */
  readonly settings: readonly string[];
  /** Of the zone: `forward-zone:` or `stub-zone:` and what is in it. */
  readonly zone: readonly string[];
}

/** A resolver that knows nothing but the zone: nothing else is reachable from a test. */
export async function startUnbound({settings, zone}: UnboundOptions): Promise<Unbound> {
  const dir = await mkdtemp(join(tmpdir(), 'isthmus-unbound-'));
  const reserved = await reservePort();
  const {port} = reserved;
  const file = join(dir, 'unbound.conf');
  await writeFile(file, [...serverSection(port, dir), ...settings.map((line) => `  ${line}`), ...zone, ''].join('\n'));
  await reserved.release();
  const child = spawn('unbound', ['-d', '-c', file], {stdio: 'ignore'});
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    }
    await rm(dir, {recursive: true, force: true});
  };
  try {
    await eventually('unbound answers', async () => {
      if (child.exitCode !== null) throw new Error(`unbound ended with ${child.exitCode}`);
      return isUp(port);
    });
  } catch (error) {
    await close();
    throw error;
  }
  return {port, close};
}

function serverSection(port: number, dir: string): readonly string[] {
  return [
    ...unboundSettings(port, dir),
    // Ours listens on loopback, and is not signed.
    '  do-not-query-localhost: no',
    '  access-control: 127.0.0.0/8 allow',
  ];
}

/** Any answer: the name is one that every unbound answers by itself. */
async function isUp(port: number): Promise<boolean> {
  try {
    await exchangeUdp({server: '127.0.0.1', port, query: question('localhost', 'A'), timeoutMs: 300, tries: 1});
    return true;
  } catch {
    // It does not listen yet: that is what is waited for.
    return false;
  }
}
