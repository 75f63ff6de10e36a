/** Beyond these the oldest is shared no more with what comes; what has it keeps it. */
const MAX_TEXTS = 200_000;
/** Longer ones are rarely the same, and anybody may write them. */
const MAX_LENGTH = 600;

const texts = new Map<string, string>();

/**
 * The same string for texts that say the same. Fifty clusters have the same names, kinds and versions, and each answer that is read makes
 * strings of its own, where a part of a string holds all of it. For what is kept, not for what passes.
 */
export function sharedText(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (text.length > MAX_LENGTH) return text;
  if (texts.size >= MAX_TEXTS)
    for (const oldest of texts.keys()) {
      texts.delete(oldest);
      break;
    }
  texts.set(text, text);
  return text;
}
