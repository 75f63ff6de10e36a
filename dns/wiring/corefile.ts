import {corefileTokens} from './corefile-tokens.ts';
import type {Token} from './corefile-tokens.ts';

/** A plugin with its settings, such as `forward . 192.0.2.1 { force_tcp }`. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** What stands between its braces, line by line; undefined: it has none. */
  readonly options: readonly (readonly string[])[] | undefined;
  readonly line: number;
  /** Of the words after the name up to the brace, and of what is between the braces, in the text. */
  readonly argsSpan: Span;
  readonly optionsSpan: Span | undefined;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface ServerBlock extends Span {
  /** As they are written: `.:53`, `dns://example.org`, `(name)` of a snippet. */
  readonly labels: readonly string[];
  readonly directives: readonly Directive[];
  readonly line: number;
}

export interface Corefile {
  readonly servers: readonly ServerBlock[];
  readonly snippets: readonly ServerBlock[];
  /** What is imported outside of server blocks: file patterns, or names of snippets. */
  readonly imports: readonly string[];
}

export type ParsedCorefile =
  | {readonly ok: true; readonly corefile: Corefile}
  /** `because`: with the line. */
  | {readonly ok: false; readonly because: string};

/** The server blocks of a Corefile. What CoreDNS would not load is refused, with the line that it is in. */
export function parseCorefile(text: string): ParsedCorefile {
  const reader = new Reader(corefileTokens(text), text.length);
  const servers: ServerBlock[] = [];
  const snippets: ServerBlock[] = [];
  const imports: string[] = [];
  try {
    for (let token = reader.next(); token !== undefined; token = reader.next()) {
      if (token.text === 'import') {
        imports.push(...reader.restOfLine(token).map((word) => word.text));
        continue;
      }
      const block = readBlock(reader, token);
      (isSnippet(block) ? snippets : servers).push(block);
    }
  } catch (error) {
    if (error instanceof Unreadable) return {ok: false, because: error.message};
    throw error;
  }
  return {ok: true, corefile: {servers, snippets, imports}};
}

/** Thrown and caught in this file alone. */
class Unreadable extends Error {}

class Reader {
  readonly #tokens: readonly Token[];
  readonly end: number;
  #at = 0;

  constructor(tokens: readonly Token[], end: number) {
    this.#tokens = tokens;
    this.end = end;
  }

  next(): Token | undefined {
    return this.#tokens[this.#at++];
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  /** The words behind `first` on its line, up to a brace. */
  restOfLine(first: Token): readonly Token[] {
    const words: Token[] = [];
    for (let token = this.peek(); token !== undefined && token.line === first.line; token = this.peek()) {
      if (token.text === '{' || token.text === '}') break;
      words.push(token);
      this.#at++;
    }
    return words;
  }
}

function isSnippet({labels}: ServerBlock): boolean {
  return labels.length === 1 && /^\(.+\)$/.test(labels[0] ?? '');
}

function readBlock(reader: Reader, first: Token): ServerBlock {
  if (first.text === '{' || first.text === '}') throw new Unreadable(`line ${first.line}: unexpected ${first.text}`);
  const labels = [first, ...reader.restOfLine(first)];
  // A comma at the end of a line goes on with labels on the next.
  for (let last = labels.at(-1); last?.text.endsWith(',') === true; last = labels.at(-1)) {
    const more = reader.next();
    if (more === undefined) throw new Unreadable(`line ${last.line}: a name has to follow the comma`);
    labels.push(more, ...reader.restOfLine(more));
  }
  const open = reader.next();
  if (open?.text !== '{') {
    throw new Unreadable(`line ${first.line}: the server block of ${first.text} has no braces; put it between { and }`);
  }
  const directives: Directive[] = [];
  for (let token = reader.next(); ; token = reader.next()) {
    if (token === undefined) throw new Unreadable(`line ${first.line}: the block of ${first.text} is not closed`);
    if (token.text === '}') {
      const names = labels.map((label) => label.text.replace(/,$/, '')).filter((label) => label !== '');
      return {labels: names, directives, line: first.line, start: first.start, end: token.end};
    }
    if (token.text === '{') throw new Unreadable(`line ${token.line}: unexpected {`);
    directives.push(readDirective(reader, token));
  }
}

function readDirective(reader: Reader, name: Token): Directive {
  const args = reader.restOfLine(name);
  const argsSpan = {start: args[0]?.start ?? name.end, end: args.at(-1)?.end ?? name.end};
  const rest = {name: name.text, args: args.map(({text}) => text), line: name.line, argsSpan};
  const open = reader.peek();
  if (open?.text !== '{' || open.line !== name.line) return {...rest, options: undefined, optionsSpan: undefined};
  reader.next();
  const lines = new Map<number, string[]>();
  for (let depth = 1; ;) {
    const token = reader.next();
    if (token === undefined) throw new Unreadable(`line ${name.line}: the block of ${name.text} is not closed`);
    if (token.text === '{') depth++;
    if (token.text === '}') depth--;
    if (depth === 0) {
      return {...rest, options: [...lines.values()], optionsSpan: {start: open.end, end: token.start}};
    }
    lines.set(token.line, [...(lines.get(token.line) ?? []), token.text]);
  }
}
