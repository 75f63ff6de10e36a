/**
 * What has been started so far, to be ended in reverse order: also where a later part could not be started, so that a
 * half-started process never goes on with what it has.
 */
export class Closers {
  readonly #closers: (() => Promise<unknown>)[] = [];
  #closing: Promise<void> | undefined;

  add(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  /** May be called from several places; the work is done once. */
  close(): Promise<void> {
    return (this.#closing ??= this.#closeAll());
  }

  /** Runs `start`; if it fails, what was added by then is closed before the error goes on. */
  async guard<T>(start: () => Promise<T>): Promise<T> {
    try {
      return await start();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #closeAll(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
  }
}
