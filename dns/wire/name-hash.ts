/**
 * Hash of a lower-cased wire name: FNV-1a, mixed at the end so that every bit counts in a small table.
 *
 * @param seed - random for each table: who may create Services must not be able to choose names that all collide
 * @returns 32 bits, unsigned
 */
export function nameHash(bytes: Uint8Array, at: number, length: number, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  const end = at + length;
  for (let i = at; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
