import type {ChildProcess} from 'node:child_process';
import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';

import type {Backend} from '../testbed/backends.ts';
import {chosenBackend} from '../testbed/backends.ts';

export const root = resolve(import.meta.dirname, '../..');
export const MEMBERS = ['cluster-1', 'cluster-2', 'cluster-3'];
const LOOPBACK = '127.0.0.1:0';
/** API servers and our own processes: real ones start slowly on a busy machine. */
const START_MS = 90_000;
/** Bounds for what hangs: six steps on real API servers were seen to take 51 s, and machines to stand still for seconds. */
const RUN_MS = 120_000;
const STOP_MS = 30_000;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; a code other than 0 is a result, not an error. */
export function run(
  file: string,
  args: readonly string[],
  options: {input?: string; env?: NodeJS.ProcessEnv; cwd?: string} = {},
): Promise<Ended> {
  return new Promise((settle, reject) => {
    const child = execFile(
      file,
      args,
      {cwd: options.cwd ?? root, env: {...process.env, ...options.env}, timeout: RUN_MS, maxBuffer: 32 * 1024 * 1024},
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else settle({code: error === null ? 0 : Number(error.code), stdout, stderr});
      },
    );
    child.stdin?.end(options.input);
  });
}

/** Waits until `look` returns something. The deadline is a bound on a failing test, never what a passing one waits for. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>, deadlineMs = 20_000): Promise<T> {
  const endsAt = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > endsAt) throw new Error(`waited ${deadlineMs} ms for ${what}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}

type Ports = Readonly<Record<string, {readonly host: string; readonly port: number}>>;

type Flags = Readonly<Record<string, string | true>>;

function toArguments(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, value]));
}

/** One Node process, of a script of this checkout. It is ended by its own id, also where a test failed. */
export class IsthmusProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = '';
  readonly name: string;

  constructor(name: string, args: readonly string[], script = 'cli/main.ts') {
    this.name = name;
    this.#child = spawn(process.execPath, [join(root, script), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
  }

  get output(): string {
    return this.#output;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async untilPrinted(text: string, deadlineMs?: number): Promise<void> {
    const look = (): Promise<true | undefined> => {
      if (this.#child.exitCode !== null)
        throw new Error(`${this.name} ended with ${this.#child.exitCode}:\n${this.#output}`);
      return Promise.resolve(this.#output.includes(text) ? true : undefined);
    };
    await eventually(`${this.name} to print ${text}`, look, deadlineMs);
  }

  /** SIGTERM, and its exit code; SIGKILL where it does not end. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM');
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#exited;
    clearTimeout(killer);
    return this.#child.exitCode;
  }
}

/** API servers, hub and agents as separate processes that share nothing but kubeconfig files. */
export class ClustersetOfProcesses {
  readonly dir: string;
  readonly apis: IsthmusProcess;
  hub: IsthmusProcess | undefined;
  readonly agents = new Map<string, IsthmusProcess>();

  private constructor(dir: string, clusters: number, command: Backend['command']) {
    this.dir = dir;
    const [script, ...args] = command(dir, clusters);
    this.apis = new IsthmusProcess('apis', args, script);
  }

  /** The API servers of a hub and so many members, and nothing else yet. */
  static async start(clusters = MEMBERS.length, command = chosenBackend().command): Promise<ClustersetOfProcesses> {
    const dir = await mkdtemp(join(tmpdir(), 'isthmus-e2e-'));
    const clusterset = new ClustersetOfProcesses(dir, clusters, command);
    await clusterset.apis.untilPrinted('ready', START_MS).catch(async (error: unknown) => {
      await clusterset.stop();
      throw error;
    });
    return clusterset;
  }

  /** @param account - the ServiceAccount of hub or agent in that cluster; by default its administrator */
  kubeconfig(cluster: string, account?: 'isthmus-hub' | 'isthmus-agent'): string {
    return join(this.dir, `${cluster}${account === undefined ? '' : `.${account}`}.kubeconfig`);
  }

  startHub(more: Flags = {}): IsthmusProcess {
    this.hub = new IsthmusProcess('hub', [
      'hub',
      ...toArguments({...this.#common('hub', 'isthmus-hub'), 'unreachable-after': '2s', ...more}),
    ]);
    return this.hub;
  }

  startAgent(cluster: string, more: Flags = {}): IsthmusProcess {
    const flags = {
      ...this.#common(cluster, 'isthmus-agent'),
      'cluster-id': cluster,
      'dns-listen': LOOPBACK,
      'linger': '1s',
      'dns-ttl': '1',
    };
    const agent = new IsthmusProcess(`agent of ${cluster}`, ['agent', ...toArguments({...flags, ...more})]);
    this.agents.set(cluster, agent);
    return agent;
  }

  #common(cluster: string, account: 'isthmus-hub' | 'isthmus-agent'): Flags {
    return {
      'kubeconfig': this.kubeconfig(cluster, account),
      'ports-file': this.#portsFile(cluster),
      'webhook-listen': LOOPBACK,
      'health-listen': LOOPBACK,
      'webhook-url': 'auto',
      // Gateways there have addresses for documentation: nothing leaves this machine.
      'no-probe-gateways': true,
      'development': true,
    };
  }

  /** Where a process listens, once it does. */
  async ports(name: string): Promise<Ports> {
    const file = this.#portsFile(name);
    const look = (): Promise<true | undefined> => Promise.resolve(existsSync(file) ? true : undefined);
    await eventually(`${file} of ${name}`, look, START_MS);
    return JSON.parse(await readFile(file, 'utf8')) as Ports;
  }

  /** Ends every process by its id and removes the folder. */
  async stop(): Promise<readonly (number | null)[]> {
    const codes = await Promise.all(
      [...this.agents.values(), ...(this.hub ? [this.hub] : [])].map((one) => one.stop()),
    );
    codes.push(await this.apis.stop());
    await rm(this.dir, {recursive: true, force: true});
    return codes;
  }

  #portsFile(name: string): string {
    return join(this.dir, `${name}.ports.json`);
  }
}
