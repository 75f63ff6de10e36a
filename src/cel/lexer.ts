import type {Problem} from './problem.ts';

export type TokenKind =
  'ident' | 'escaped' | 'keyword' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'punct' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written; `<EOF>` at the end. */
  readonly text: string;
  readonly at: number;
}

const KEYWORDS = new Set(['true', 'false', 'null', 'in']);

const ESCAPE = String.raw`\\(?:[abfnrtv"'\\?${'`'}]|x[0-9a-fA-F]{2}|X[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})`;

/** The string literals of the grammar; each alternative reads every character one way only, so matching is linear. */
const STRINGS = [
  String.raw`[rR]"""[^]*?"""`,
  String.raw`[rR]'''[^]*?'''`,
  String.raw`[rR]"[^"\n\r]*"`,
  String.raw`[rR]'[^'\n\r]*'`,
  String.raw`"""(?:${ESCAPE}|[^\\])*?"""`,
  String.raw`'''(?:${ESCAPE}|[^\\])*?'''`,
  String.raw`"(?:${ESCAPE}|[^\\"\n\r])*"`,
  String.raw`'(?:${ESCAPE}|[^\\'\n\r])*'`,
].join('|');

const TOKEN = new RegExp(
  [
    String.raw`(?<space>[\t \r\n\f]+|//[^\n]*)`,
    String.raw`(?<bytes>[bB](?:${STRINGS}))`,
    String.raw`(?<string>${STRINGS})`,
    String.raw`(?<double>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)`,
    String.raw`(?<uint>(?:0x[0-9a-fA-F]+|\d+)[uU])`,
    String.raw`(?<int>0x[0-9a-fA-F]+|\d+)`,
    String.raw`(?<ident>[a-zA-Z_][a-zA-Z0-9_]*)`,
    '(?<escaped>`[a-zA-Z0-9_.\\-/ ]+`)',
    String.raw`(?<punct>==|!=|<=|>=|&&|\|\||[<>+\-*/%!?:.,()\[\]{}])`,
  ].join('|'),
  'y',
);

const KINDS = [
  'bytes',
  'string',
  'double',
  'uint',
  'int',
  'ident',
  'escaped',
  'punct',
] as const satisfies readonly TokenKind[];

/** How much of an unreadable text ANTLR names: a quote takes what could have been a string, `&`, `|` and `=` take the character behind them. */
function unreadable(source: string, at: number): string {
  const rest = source.slice(at);
  if (/^["']/.test(rest)) {
    const quote = rest[0] ?? '"';
    const match = new RegExp(`^${quote}(?:${ESCAPE}|[^\\\\${quote}\\n\\r])*`).exec(rest);
    const read = match?.[0].length ?? 1;
    const next = /^(?:\\.?[0-9a-fA-F]?.?|.)/su.exec(rest.slice(read));
    return rest.slice(0, read + (next?.[0].length ?? 0));
  }
  if (/^[&|=]./su.test(rest)) return /^[&|=]./su.exec(rest)?.[0] ?? rest.slice(0, 1);
  return /^./su.exec(rest)?.[0] ?? '';
}

/** cel-go's limit: a source of 100,000 dollar signs has no 100,000 messages. */
const MAX_PROBLEMS = 100;

/** Splits a source into tokens. Characters no token has are problems and are skipped, as ANTLR does. Linear in the source. */
export function tokenize(source: string): {readonly tokens: readonly Token[]; readonly problems: readonly Problem[]} {
  const tokens: Token[] = [];
  const problems: Problem[] = [];
  let at = 0;
  while (at < source.length && problems.length < MAX_PROBLEMS) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) {
      const text = unreadable(source, at);
      problems.push({at, message: `Syntax error: token recognition error at: '${text}'`});
      at += text.length;
      continue;
    }
    const kind = KINDS.find((each) => match.groups?.[each] !== undefined);
    const text = match[0];
    if (kind !== undefined) tokens.push({kind: kind === 'ident' && KEYWORDS.has(text) ? 'keyword' : kind, text, at});
    at += text.length;
  }
  tokens.push({kind: 'end', text: '<EOF>', at: source.length});
  return {tokens, problems};
}
