const MAX_TOTAL = 4096;
const MAX_WHEN_CUT = 256;

/**
 * The values of `Warning` headers (RFC 7234 §5.5, code 299). Texts with control characters are dropped; where all of them together
 * exceed 4,096 characters, each is cut to 256 and what still does not fit is dropped (apiserver.md §2.1).
 */
export function warningHeaders(texts: readonly string[]): readonly string[] {
  const distinct = [...new Set(texts)].filter((text) => text !== '' && !hasControl(text));
  const total = distinct.reduce((sum, text) => sum + text.length, 0);
  const values: string[] = [];
  let used = 0;
  for (const text of distinct) {
    const shown = total > MAX_TOTAL ? text.slice(0, MAX_WHEN_CUT) : text;
    used += shown.length;
    if (used > MAX_TOTAL) break;
    values.push(`299 - "${shown.replaceAll(/["\\]/g, '\\$&')}"`);
  }
  // UTF-8 goes through as it is: Node writes headers byte by byte, so each byte must be a character.
  return values.map((value) => Buffer.from(value, 'utf8').toString('latin1'));
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
