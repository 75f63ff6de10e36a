import {Recent} from './recent.ts';

/** Texts that are looked for; twice as many may be kept. */
const MAX_TEXTS = 65_536;
/** Longer than any name with its namespace. Anybody may write them, and long ones are rarely the same. */
const MAX_LENGTH = 320;

const texts = new Recent<string>(MAX_TEXTS);

/**
 * The same string for texts that say the same. Fifty clusters have the same names, kinds and versions, and each answer that is read makes
 * strings of its own, where a part of a string holds all of it. For what is kept, not for what passes.
 */
export function sharedText(text: string): string {
  if (text.length > MAX_LENGTH) return text;
  const known = texts.get(text);
  if (known !== undefined) return known;
  texts.set(text, text);
  return text;
}
