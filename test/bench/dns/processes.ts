import {spawn, spawnSync} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {readdirSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

/** The processes of a measurement: servers on one core, clients on another where the machine lets us say so. */

export const SERVER_CORE = 0;
export const CLIENT_CORE = 1;

/** Clock ticks of /proc/PID/stat a second: the same on all Linux that Node runs on. */
const TICKS = 100;

const hasTaskset = spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** @param core - undefined: any */
export function pinned(core: number | undefined, command: readonly string[]): readonly string[] {
  return hasTaskset && core !== undefined ? ['taskset', '-c', String(core), ...command] : command;
}

/** What a process and its threads have used, so far and now. */
export interface Usage {
  readonly cpuUs: number;
  readonly rss: number;
}

/** @returns undefined where there is no /proc to read it in */
export function usageOf(pid: number): Usage | undefined {
  try {
    // Behind the name of the command, which may have spaces: state, and from there the fields of proc(5).
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    const ticksUs = ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1e6;
    return {cpuUs: scheduledUs(pid) ?? ticksUs, rss: Number(fields[21]) * 4096};
  } catch {
    // No Linux, or the process is gone: then the table says nothing of CPU and memory.
    return undefined;
  }
}

/** By the scheduler's own clock, which is finer than ticks; of all threads that there are. */
function scheduledUs(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const ns = threads.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]));
    return ns.reduce((a, b) => a + b) / 1000;
  } catch {
    // A kernel without it, or a thread that ended in between.
    return undefined;
  }
}

export interface ProcessOptions {
  /** Undefined: any. */
  readonly core?: number | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
}

/** One process. Ours are asked one thing at a time over IPC. */
export class BenchProcess {
  readonly #child: ChildProcess;
  readonly #said: unknown[] = [];
  #onSaid: () => void = () => undefined;

  constructor(command: readonly string[], {core, env = {}}: ProcessOptions, stdio: 'ipc' | 'ignore' = 'ignore') {
    const [file = '', ...rest] = pinned(core, command);
    this.#child = spawn(file, rest, {
      stdio: stdio === 'ipc' ? ['ignore', 'inherit', 'inherit', 'ipc'] : 'ignore',
      env: {...process.env, ...env},
    });
    this.#child.on('message', (message) => {
      this.#said.push(message);
      this.#onSaid();
    });
    this.#child.on('error', () => this.#onSaid());
    this.#child.on('exit', () => this.#onSaid());
  }

  /** A script of this folder. */
  static script(script: string, args: readonly (string | number)[], options: ProcessOptions = {}): BenchProcess {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const command = [process.execPath, ...(options.nodeOptions ?? []), path, ...args.map(String)];
    return new BenchProcess(command, options, 'ipc');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The next thing that the process says. */
  async next<T>(): Promise<T> {
    while (this.#said.length === 0) {
      if (this.hasEnded) throw new Error('a process of the measurement ended');
      await new Promise<void>((resolve) => (this.#onSaid = resolve));
    }
    return this.#said.shift() as T;
  }

  tell(command: string): void {
    this.#child.send(command);
  }

  async ask<T>(command: string): Promise<T> {
    this.tell(command);
    return this.next<T>();
  }

  async close(): Promise<void> {
    if (this.hasEnded) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill();
    await exited;
  }
}
