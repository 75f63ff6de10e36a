/** One word of a Corefile. Offsets are of the text, quotes included. */
export interface Token {
  /** Without quotes and escapes. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The words of a Corefile as CoreDNS reads them: separated by white space; `#` outside of quotes is a comment up to the end of its
 * line, even in the middle of a word; between double quotes everything counts, and only `\"` is an escape.
 */
export function corefileTokens(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === '\n') line++;
    if (/\s/.test(char)) at++;
    else if (char === '#') at = endOfLine(text, at);
    else {
      const token = char === '"' ? quoted(text, at, line) : bare(text, at, line);
      tokens.push(token);
      line += text.slice(token.start, token.end).split('\n').length - 1;
      at = token.end;
    }
  }
  return tokens;
}

function bare(text: string, start: number, line: number): Token {
  let end = start;
  while (end < text.length && !/[\s#]/.test(text.charAt(end))) end++;
  return {text: text.slice(start, end), line, start, end};
}

/** A quote that is never closed goes up to the end of the text. */
function quoted(text: string, start: number, line: number): Token {
  let end = start + 1;
  while (end < text.length && text.charAt(end) !== '"') end += text.startsWith('\\"', end) ? 2 : 1;
  const inner = text.slice(start + 1, end).replaceAll('\\"', '"');
  return {text: inner, line, start, end: Math.min(end + 1, text.length)};
}

function endOfLine(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  return newline < 0 ? text.length : newline;
}
