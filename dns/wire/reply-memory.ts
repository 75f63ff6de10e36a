import {EDNS_UDP_BYTES} from './codes.ts';

/**
 * Where answers over UDP are written: always the same octets, which stay in the nearest cache, with a view for each length that
 * is made once. Sending over UDP is done when `send` returns, unless the socket's buffer is full: then the socket still has the
 * octets, says so here, and until it has let them go each answer has memory of its own.
 */
export class ReplyMemory {
  readonly #octets = new ArrayBuffer(EDNS_UDP_BYTES);
  readonly #views = Array.from<Buffer | undefined>({length: EDNS_UDP_BYTES + 1});
  #holders = 0;

  /** @returns so many octets, good until the next call, or for longer once a socket holds them */
  take(size: number): Buffer {
    if (this.#holders > 0 || size > EDNS_UDP_BYTES) return Buffer.allocUnsafe(size);
    return (this.#views[size] ??= Buffer.from(this.#octets, 0, size));
  }

  /** A socket has answers that it has not sent. */
  hold(): void {
    this.#holders++;
  }

  /** That socket has sent all that it had. */
  release(): void {
    this.#holders--;
  }
}
