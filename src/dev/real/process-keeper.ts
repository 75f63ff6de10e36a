import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {closeSync, openSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

import {IsthmusError} from '../../errors.ts';
import {killById} from './kill-by-id.ts';

const LOG_TAIL = 2_000;

/** One process of a testbed: it ends with the testbed, whatever happens to the process that started it. */
export class KeptProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves once it has ended, never rejects. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess & {readonly pid: number}, o: {name: string; logFile: string; ended: () => void}) {
    this.name = o.name;
    this.pid = child.pid;
    this.logFile = o.logFile;
    this.#child = child;
    this.exited = once(child, 'exit').then(o.ended);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** SIGKILL: nothing here has data worth saving, and a graceful end of a kube-apiserver takes seconds. */
  async kill(): Promise<void> {
    if (this.running) killById(this.pid, 'SIGKILL');
    await this.exited;
  }

  /** Such as SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void {
    if (this.running) killById(this.pid, signal);
  }

  /** For the message of a failure. */
  logTail(): string {
    return readFileSync(this.logFile, 'utf8').slice(-LOG_TAIL);
  }
}

/** Starts processes in groups of their own and tells a watchdog of them, so that none outlives this process. */
export class ProcessKeeper {
  readonly #dir: string;
  readonly #watchdog: ChildProcess;
  readonly #running = new Set<KeptProcess>();
  #closed = false;

  /** @param o.removeDir - the watchdog removes `dir` at the end, too */
  constructor(dir: string, o: {readonly removeDir: boolean}) {
    this.#dir = dir;
    this.#watchdog = spawn(
      process.execPath,
      [join(import.meta.dirname, 'watchdog.ts'), ...(o.removeDir ? [dir] : [])],
      {stdio: ['pipe', 'ignore', 'inherit'], detached: true},
    );
    this.#watchdog.unref();
  }

  /** Output goes to `NAME.log` in the testbed's folder. */
  start(name: string, file: string, args: readonly string[]): KeptProcess {
    // Something that was still starting: nobody would end it.
    if (this.#closed) throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `${name} is not started: the rest has ended`);
    const logFile = join(this.#dir, `${name}.log`);
    const log = openSync(logFile, 'a');
    // Detached: Ctrl-C in a terminal goes to the whole group, and the order of the end is ours to choose.
    const child = spawn(file, args, {cwd: this.#dir, stdio: ['ignore', log, log], detached: true});
    closeSync(log);
    if (child.pid === undefined) throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `${name} could not be started: ${file}`);
    const {pid} = child;
    this.#tell(`+${pid}`);
    const kept = new KeptProcess(Object.assign(child, {pid}), {
      name,
      logFile,
      ended: () => {
        this.#running.delete(kept);
        this.#tell(`-${pid}`);
      },
    });
    this.#running.add(kept);
    return kept;
  }

  get running(): readonly KeptProcess[] {
    return [...this.#running];
  }

  /** Kills what still runs and ends the watchdog. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.running.map((one) => one.kill()));
    const ended = once(this.#watchdog, 'exit');
    this.#watchdog.ref();
    this.#watchdog.stdin?.end();
    await ended;
  }

  #tell(line: string): void {
    this.#watchdog.stdin?.write(`${line}\n`);
  }
}
