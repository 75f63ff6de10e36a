import {spawn, spawnSync} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';

/** The processes of a measurement: servers on one core, clients on another where the machine lets us say so. */

export const SERVER_CORE = 0;
export const CLIENT_CORE = 1;

const hasTaskset = spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** @param core - undefined: any */
export function pinned(core: number | undefined, command: readonly string[]): readonly string[] {
  return hasTaskset && core !== undefined ? ['taskset', '-c', String(core), ...command] : command;
}

/** One process, asked one thing at a time. */
export class BenchProcess {
  readonly #child: ChildProcess;
  readonly #said: unknown[] = [];
  #onSaid: () => void = () => undefined;

  constructor(script: string, args: readonly (string | number)[], core: number | undefined) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const [command = '', ...rest] = pinned(core, [process.execPath, path, ...args.map(String)]);
    this.#child = spawn(command, rest, {stdio: ['ignore', 'inherit', 'inherit', 'ipc']});
    this.#child.on('message', (message) => {
      this.#said.push(message);
      this.#onSaid();
    });
    this.#child.on('exit', () => this.#onSaid());
  }

  /** The next thing that the process says. */
  async next<T>(): Promise<T> {
    while (this.#said.length === 0) {
      if (this.#child.exitCode !== null) throw new Error('a process of the measurement ended');
      await new Promise<void>((resolve) => (this.#onSaid = resolve));
    }
    return this.#said.shift() as T;
  }

  async ask<T>(command: string): Promise<T> {
    this.#child.send(command);
    return this.next<T>();
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill();
    await exited;
  }
}
