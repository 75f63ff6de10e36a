import {describeError} from '../errors.ts';

/**
 * How loud a failure is logged that may come again for weeks, as those of an API server that is away: other words are told at
 * once, the same ones the first, second, fourth, eighth time and so on.
 */
export class RepeatedFailure {
  #words: string | undefined;
  #times = 0;

  levelOf(failure: unknown): 'warn' | 'debug' {
    const words = describeError(failure);
    this.#times = words === this.#words ? this.#times + 1 : 1;
    this.#words = words;
    return (this.#times & (this.#times - 1)) === 0 ? 'warn' : 'debug';
  }

  /** It went well: the next failure is the first one again. */
  end(): void {
    this.#words = undefined;
  }
}
