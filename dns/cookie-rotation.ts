import {randomBytes} from 'node:crypto';
import {SIP_KEY_BYTES} from './wire/sip-hash.ts';

const DAY_MS = 24 * 3600 * 1000;

/** Renews the secret of one process's cookies every day; the one before is known for a day more (RFC 9018 §5). */
export class CookieRotation {
  readonly #timer: NodeJS.Timeout;
  #current: Uint8Array;

  constructor(first: Uint8Array, onSecrets: (secrets: readonly Uint8Array[]) => void) {
    this.#current = first;
    this.#timer = setInterval(() => {
      const before = this.#current;
      this.#current = randomBytes(SIP_KEY_BYTES);
      onSecrets([this.#current, before]);
    }, DAY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
