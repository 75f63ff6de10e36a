import {createHash} from 'node:crypto';

/** 127.128.0.0/9: the upper half of loopback, which nothing else uses. */
const OFFSET_BITS = 23;
const SIZE = 2 ** OFFSET_BITS;
/** 127.255.255.255 is the broadcast address of lo: a listener can bind it, but no client can connect. */
const BROADCAST = SIZE - 1;

/**
 * The loopback addresses on which a pod's sidecar listens for imported names: 127.128.0.0 plus the first 23 bits of
 * sha256(`namespace/name`), the next free one where two meet (design §8). Depends on the set of names alone, not on their
 * order, so that the same review gives the same answer twice.
 *
 * @param keys - `namespace/name`; far fewer than 2^23 (a pod has at most 256)
 */
export function loopbackVips(keys: readonly string[]): ReadonlyMap<string, string> {
  const vips = new Map<string, string>();
  const taken = new Set([BROADCAST]);
  for (const key of [...new Set(keys)].sort()) {
    let offset = preferredOffset(key);
    while (taken.has(offset)) offset = (offset + 1) % SIZE;
    taken.add(offset);
    vips.set(key, toAddress(offset));
  }
  return vips;
}

function preferredOffset(key: string): number {
  return createHash('sha256').update(key).digest().readUIntBE(0, 3) >>> (24 - OFFSET_BITS);
}

function toAddress(offset: number): string {
  return `127.${128 + (offset >>> 16)}.${(offset >>> 8) & 255}.${offset & 255}`;
}
