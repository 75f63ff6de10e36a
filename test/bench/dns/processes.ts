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

export class BenchProcess {
  readonly #child: ChildProcess;

  constructor(script: string, args: readonly (string | number)[], core: number | undefined) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const [command = '', ...rest] = pinned(core, [process.execPath, path, ...args.map(String)]);
    this.#child = spawn(command, rest, {stdio: ['ignore', 'inherit', 'inherit', 'ipc']});
  }

  /** The next thing that the process says. */
  async next<T>(): Promise<T> {
    const ended = once(this.#child, 'exit').then(() => {
      throw new Error('a process of the measurement ended');
    });
    ended.catch(() => undefined);
    const [message] = await Promise.race([once(this.#child, 'message'), ended]);
    return message as T;
  }

  async ask<T>(command: string): Promise<T> {
    const answer = this.next<T>();
    this.#child.send(command);
    return answer;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill();
    await exited;
  }
}
