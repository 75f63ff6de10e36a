import {spawn, spawnSync} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Look, Looked} from './inside-namespace.ts';

const DEADLINE_MS = 20_000;

/** User, network and mount namespace of its own: no right outside is needed, and nothing outside is seen or changed. */
const UNSHARE = ['--user', '--map-root-user', '--net', '--mount'];

function findMissing(): string | undefined {
  for (const [command, args, option] of [
    ['unshare', [...UNSHARE, 'ip', 'link', 'set', 'lo', 'up'], 'network and mount namespaces'],
    ['getent', ['--version'], "glibc's getent"],
  ] as const) {
    const {status, error} = spawnSync(command, args);
    if (error || status !== 0) return `${option}: not there, or not allowed to this user`;
  }
  return undefined;
}

/** Why the tests with it are skipped; undefined: it can be made. */
export const missingNamespace = findMissing();

/** Our server on port 53 of a loopback of its own, and resolvers that are configured as in a pod. */
export class ResolverNamespace {
  readonly #dir: string;
  readonly #child: ChildProcess;

  private constructor(dir: string, child: ChildProcess) {
    this.#dir = dir;
    this.#child = child;
  }

  static async open(kind: 'upstream' | 'alone'): Promise<ResolverNamespace> {
    const dir = await mkdtemp(join(tmpdir(), 'isthmus-resolv-'));
    const resolvConf = join(dir, 'resolv.conf');
    const nsswitch = join(dir, 'nsswitch.conf');
    await writeFile(resolvConf, '');
    // DNS alone: what the machine asks besides is not what is tested.
    await writeFile(nsswitch, 'hosts: dns\n');
    const script = fileURLToPath(new URL('inside-namespace.ts', import.meta.url));
    const mounts = [`mount --bind ${resolvConf} /etc/resolv.conf`, `mount --bind ${nsswitch} /etc/nsswitch.conf`];
    const inside = ['ip link set lo up', ...mounts, 'exec "$0" "$@"'].join(' && ');
    const command = [process.execPath, script, resolvConf, kind];
    const child = spawn('unshare', [...UNSHARE, 'sh', '-c', inside, ...command], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const namespace = new ResolverNamespace(dir, child);
    try {
      await namespace.#said();
    } catch (error) {
      await namespace.close();
      throw error;
    }
    return namespace;
  }

  /** One at a time. */
  async look(asked: Look): Promise<Looked> {
    const looked = this.#said<Looked>();
    this.#child.send(asked);
    return looked;
  }

  async #said<T>(): Promise<T> {
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, AbortSignal.timeout(DEADLINE_MS)]);
    try {
      const ended = once(this.#child, 'exit', {signal}).then(() => {
        throw new Error('the process in the namespace ended');
      });
      const [said] = (await Promise.race([once(this.#child, 'message', {signal}), ended])) as [T];
      return said;
    } finally {
      done.abort();
    }
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill();
      await exited;
    }
    await rm(this.#dir, {recursive: true, force: true});
  }
}
