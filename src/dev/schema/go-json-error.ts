const VALUE = 'looking for beginning of value';
const KEY = 'looking for beginning of object key string';

/** What is expected next: the state of Go's scanner, as far as its messages tell states apart. */
type Expecting = 'value' | 'valueOrEnd' | 'keyOrEnd' | 'key' | 'colon' | 'comma';

/**
 * Why a text is no JSON, in the words of Go's `encoding/json`: they reach clients through bad bodies, tokens and webhook answers.
 *
 * @param text - known to be no JSON
 */
export function goJsonError(text: string): string {
  const scan = new Scan(Buffer.from(text));
  return scan.run() ?? 'unexpected end of JSON input';
}

/** One pass over the bytes, with a stack of its own: how deep a text nests is its sender's choice. */
class Scan {
  readonly #bytes: Buffer;
  readonly #open: ('{' | '[')[] = [];
  #at = 0;
  #expecting: Expecting = 'value';

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** @returns undefined where the text ends too early */
  run(): string | undefined {
    for (;;) {
      this.#skipSpace();
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return undefined;
      const error = this.#step(String.fromCharCode(byte));
      if (error !== undefined) return error === '' ? undefined : error;
    }
  }

  /** @returns an error, or '' at the end of the text in the middle of something */
  #step(char: string): string | undefined {
    switch (this.#expecting) {
      case 'value':
      case 'valueOrEnd':
        return this.#value(char);
      case 'keyOrEnd':
      case 'key':
        if (char === '}' && this.#expecting === 'keyOrEnd') return this.#close();
        if (char !== '"') return this.#invalid(KEY);
        return this.#text('colon');
      case 'colon':
        if (char !== ':') return this.#invalid('after object key');
        return this.#next('value');
      case 'comma':
        return this.#afterValue(char);
    }
  }

  #value(char: string): string | undefined {
    if (char === '{' || char === '[') {
      this.#open.push(char);
      return this.#next(char === '{' ? 'keyOrEnd' : 'valueOrEnd');
    }
    if (char === ']' && this.#expecting === 'valueOrEnd') return this.#close();
    if (char === '"') return this.#text('comma');
    if (char === 't') return this.#literal('true');
    if (char === 'f') return this.#literal('false');
    if (char === 'n') return this.#literal('null');
    return /[-\d]/.test(char) ? this.#number() : this.#invalid(VALUE);
  }

  #afterValue(char: string): string | undefined {
    const inside = this.#open.at(-1);
    if (inside === undefined) return this.#invalid('after top-level value');
    if (char === ',') return this.#next(inside === '{' ? 'key' : 'value');
    if (char === (inside === '{' ? '}' : ']')) return this.#close();
    return this.#invalid(inside === '{' ? 'after object key:value pair' : 'after array element');
  }

  #text(then: Expecting): string | undefined {
    for (this.#at++; ; this.#at++) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return '';
      if (byte === 0x22) return this.#next(then);
      if (byte < 0x20) return this.#invalid('in string literal');
      if (byte !== 0x5c) continue;
      const escape = this.#bytes[++this.#at];
      if (escape === undefined) return '';
      if (!'bfnrt\\/"u'.includes(String.fromCharCode(escape))) return this.#invalid('in string escape code');
    }
  }

  #literal(word: string): string | undefined {
    for (const expected of word.slice(1)) {
      const byte = this.#bytes[++this.#at];
      if (byte === undefined) return '';
      if (String.fromCharCode(byte) !== expected) {
        return this.#invalid(`in literal ${word} (expecting '${expected}')`);
      }
    }
    return this.#next('comma');
  }

  #number(): string | undefined {
    const text = this.#bytes.toString('latin1', this.#at);
    const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/.exec(text)?.[0] ?? '';
    this.#at += number === '' ? 1 : number.length;
    const byte = this.#bytes[this.#at];
    if (number === '') return byte === undefined ? '' : this.#invalid('in numeric literal');
    if (byte === 0x2e) return this.#broken('after decimal point in numeric literal');
    if (byte === 0x65 || byte === 0x45) return this.#broken('in exponent of numeric literal');
    this.#expecting = 'comma';
    return undefined;
  }

  #broken(context: string): string {
    this.#at++;
    return this.#bytes[this.#at] === undefined ? '' : this.#invalid(context);
  }

  #close(): undefined {
    this.#open.pop();
    return this.#next('comma');
  }

  #next(expecting: Expecting): undefined {
    this.#at++;
    this.#expecting = expecting;
  }

  #skipSpace(): void {
    while (' \t\r\n'.includes(String.fromCharCode(this.#bytes[this.#at] ?? 0x2a))) this.#at++;
  }

  /** Go's scanner goes byte by byte, so a character of several bytes is told by its first one. */
  #invalid(context: string): string {
    const char = String.fromCharCode(this.#bytes[this.#at] ?? 0);
    const shown = char === "'" ? "\\'" : char === '"' ? '"' : JSON.stringify(char).slice(1, -1);
    return `invalid character '${shown}' ${context}`;
  }
}
