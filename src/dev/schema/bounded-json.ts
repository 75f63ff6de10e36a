import {goJsonError} from './go-json-error.ts';
import {isObject} from './json.ts';

/**
 * How deep anything may nest that comes from outside. A kube-apiserver takes 10,000 levels; here every step of a write walks objects by
 * recursion, on a stack that a sender must not be able to overflow. Real objects stay below 100.
 */
export const MAX_DEPTH = 256;

/**
 * Parses JSON of bounded depth.
 *
 * @throws SyntaxError with the words of Go's `encoding/json`
 */
export function parseBoundedJson(text: string): unknown {
  const opener = tooDeepAt(text);
  if (opener !== undefined) throw new SyntaxError(`invalid character '${opener}' exceeded max depth of ${MAX_DEPTH}`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new SyntaxError(goJsonError(text), {cause: error});
  }
}

/** Before parsing: three million brackets would be three million objects. */
function tooDeepAt(text: string): '{' | '[' | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at = endOfString(text, at);
    else if (char === '}' || char === ']') depth--;
    else if ((char === '{' || char === '[') && ++depth > MAX_DEPTH) return char;
  }
  return undefined;
}

/** @returns the index of the quote that ends the string which begins at `start` */
export function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}

/** Whether a value nests deeper than `levels`, lists and objects alike. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  if (Array.isArray(value)) return levels === 0 || value.some((item) => isDeeperThan(levels - 1, item));
  if (!isObject(value)) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(levels - 1, item));
}
