import ipaddr from 'ipaddr.js';

const MAX_BYTES = 16;
const MAPPED_PREFIX = '::ffff:';

/**
 * The octets of the address that a query came from. Read anew for each query without allocating: that of IPv4 in place, that of
 * IPv6 only when it is not the one before.
 */
export class ClientAddress {
  readonly bytes = new Uint8Array(MAX_BYTES);
  /** 4 or 16; 0: not an address. */
  length = 0;
  #text = '';

  /** @param text - as Node gives it; an IPv4 client of a dual-stack socket is an IPv4 client */
  read(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    const start = text.startsWith(MAPPED_PREFIX) ? MAPPED_PREFIX.length : 0;
    this.length = this.#readQuad(text, start) || this.#readIPv6(text);
  }

  #readQuad(text: string, start: number): number {
    let [value, count, digits] = [0, 0, 0];
    for (let i = start; i <= text.length; i++) {
      const digit = i < text.length ? text.charCodeAt(i) - 0x30 : -1;
      if (digit >= 0 && digit <= 9) {
        value = value * 10 + digit;
        digits++;
      } else if (digits === 0 || value > 255 || count === 4 || (i < text.length && text[i] !== '.')) {
        return 0;
      } else {
        this.bytes[count++] = value;
        value = 0;
        digits = 0;
      }
    }
    return count === 4 ? count : 0;
  }

  #readIPv6(text: string): number {
    const zoneAt = text.indexOf('%');
    const plain = zoneAt < 0 ? text : text.slice(0, zoneAt);
    if (!ipaddr.IPv6.isValid(plain)) return 0;
    this.bytes.set(ipaddr.IPv6.parse(plain).toByteArray());
    return MAX_BYTES;
  }
}
