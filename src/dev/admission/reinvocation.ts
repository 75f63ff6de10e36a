import type {CompiledWebhook} from './compiled-webhook.ts';

/**
 * Which mutating webhooks of one request are asked a second time (`reinvocationPolicy: IfNeeded`): those that were asked before a
 * later one changed the object. There is one second round and no third, so a webhook is asked twice at most; one that its
 * selectors kept out of the first round is not asked for the first time in the second (apiserver.md §5.3).
 */
export class Reinvocation {
  readonly #again = new Set<CompiledWebhook>();
  #asked = new Set<CompiledWebhook>();

  /** A webhook has been asked. */
  asked(hook: CompiledWebhook, changed: boolean): void {
    if (changed) {
      for (const earlier of this.#asked) this.#again.add(earlier);
      this.#asked = new Set();
    }
    // Its own change is no reason to ask it again.
    if (hook.reinvoke) this.#asked.add(hook);
  }

  get isNeeded(): boolean {
    return this.#again.size > 0;
  }

  concerns(hook: CompiledWebhook): boolean {
    return this.#again.has(hook);
  }
}
