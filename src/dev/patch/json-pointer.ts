import {isObject} from '../schema/json.ts';

/**
 * Splits a JSON pointer (RFC 6901 §3-4).
 *
 * @returns undefined where it is none: not empty and not starting with a slash, or with a stray `~`
 */
export function parsePointer(pointer: string): string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/u.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** An index without leading zeros, below `length` (RFC 6901 §4). */
export function listIndex(token: string, length: number): number | undefined {
  if (!/^(?:0|[1-9]\d*)$/u.test(token)) return undefined;
  const index = Number(token);
  return index < length ? index : undefined;
}

/** The value a pointer leads to. Absent is not the same as a null that is there. */
export function resolvePointer(root: unknown, path: readonly string[]): {readonly value: unknown} | undefined {
  let at = root;
  for (const token of path) {
    if (Array.isArray(at)) {
      const index = listIndex(token, at.length);
      if (index === undefined) return undefined;
      at = at[index];
    } else if (isObject(at) && Object.hasOwn(at, token)) {
      at = at[token];
    } else {
      return undefined;
    }
  }
  return {value: at};
}
