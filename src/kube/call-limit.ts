import {KubeError} from './kube-error.ts';
import {abortedError, timeoutError, transportError} from './status-error.ts';

/**
 * One call's end: the caller's signal, or a time that ran out, whichever is first. It tells the two apart from a broken
 * connection afterwards, which `AbortSignal.any` would not.
 */
export class CallLimit {
  readonly #controller = new AbortController();
  readonly #request: string;
  readonly #outer: AbortSignal | undefined;
  readonly #onOuterAbort = (): void => this.#controller.abort();
  #timer: NodeJS.Timeout | undefined;
  #ranOut: string | undefined;

  /** @param request - method and path, for messages */
  constructor(request: string, outer: AbortSignal | undefined) {
    this.#request = request;
    this.#outer = outer;
    if (outer?.aborted === true) this.#controller.abort();
    outer?.addEventListener('abort', this.#onOuterAbort, {once: true});
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the call in `ms`; does nothing while an earlier limit is still running. */
  arm(ms: number, what: string): void {
    this.#timer ??= setTimeout(() => {
      this.#ranOut ??= what;
      this.#controller.abort();
    }, ms);
  }

  disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** After the call: lets go of the timer and of the caller's signal. */
  release(): void {
    this.disarm();
    this.#outer?.removeEventListener('abort', this.#onOuterAbort);
  }

  /** Ends the call where it is. */
  end(): void {
    this.release();
    this.#controller.abort();
  }

  /** What a failure of the call really was. */
  translate(error: unknown): KubeError {
    if (error instanceof KubeError) return error;
    if (this.#ranOut !== undefined) return timeoutError(this.#request, this.#ranOut);
    if (this.#outer?.aborted === true) return abortedError(this.#request);
    return transportError(error, this.#request);
  }
}
