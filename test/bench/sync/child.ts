import {type ChildProcess, fork} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';

/** A process of ours that answers one question at a time. */
export class Child<Question extends object, Answer extends {readonly say: string}> {
  readonly #process: ChildProcess;

  constructor(file: string, args: readonly string[], execArgv: readonly string[] = []) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    this.#process = fork(path, [...args], {execArgv: [...execArgv]});
  }

  /** @throws Error where it ends before it answers */
  async heard<S extends Answer['say']>(kind: S): Promise<Extract<Answer, {say: S}>> {
    const ended = new AbortController();
    const gone = once(this.#process, 'exit', {signal: ended.signal}).then(([code, signal]) => {
      throw new Error(`the process ended (${code ?? signal}) before it said ${kind}`);
    });
    try {
      const [answer] = (await Promise.race([once(this.#process, 'message'), gone])) as [Answer];
      if (answer.say !== kind) throw new Error(`${answer.say} was said, not ${kind}`);
      return answer as Extract<Answer, {say: S}>;
    } finally {
      ended.abort();
      gone.catch(() => undefined);
    }
  }

  async ask<S extends Answer['say']>(question: Question, kind: S): Promise<Extract<Answer, {say: S}>> {
    const answer = this.heard(kind);
    this.#process.send(question);
    return answer;
  }

  async stop(question: Question): Promise<void> {
    if (!this.#process.connected) return;
    const exit = once(this.#process, 'exit');
    this.#process.send(question);
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 20_000);
    await exit;
    clearTimeout(timer);
  }
}
