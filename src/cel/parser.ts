import {bytesLiteral, doubleLiteral, intLiteral, stringLiteral, uintLiteral} from './literal.ts';
import type {BadLiteral} from './literal.ts';
import type {CallExpr, Expr, MapEntry, StructExpr} from './ast.ts';
import {expandHas, expandMember, isProblem} from './macros.ts';
import {EXPRESSION, LIST_ELEMENT, MAP_ENTRY, PRODUCTS, RELATIONS, RESERVED, STRUCT_FIELD, SUMS} from './grammar.ts';
import {MAX_DEPTH, MAX_SOURCE_CODE_POINTS} from './limits.ts';
import type {Problem} from './problem.ts';
import type {Token} from './lexer.ts';
import {tokenize} from './lexer.ts';

export type Parsed =
  {readonly ok: true; readonly expr: Expr} | {readonly ok: false; readonly problems: readonly Problem[]};

/** A recursive descent over the tokens, one method a rule of the grammar. Its depth is counted, so no source overflows the stack. */
class Parser {
  readonly problems: Problem[] = [];
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  /** Set at the first syntax error: nothing after it is reported, and every loop ends. */
  #failed = false;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Expr {
    const expr = this.#expression();
    if (this.#token.kind !== 'end') this.#syntax('<EOF>', this.#tokens[this.#next + 1]?.kind === 'end');
    return expr;
  }

  get #token(): Token {
    return this.#tokens[this.#next] ?? {kind: 'end', text: '<EOF>', at: 0};
  }

  #take(): Token {
    const token = this.#token;
    if (token.kind !== 'end') this.#next += 1;
    return token;
  }

  #is(text: string): boolean {
    return (
      !this.#failed && this.#token.text === text && (this.#token.kind === 'punct' || this.#token.kind === 'keyword')
    );
  }

  #accept(text: string): Token | undefined {
    return this.#is(text) ? this.#take() : undefined;
  }

  #fail(problem: Problem): Expr {
    if (!this.#failed) this.problems.push(problem);
    this.#failed = true;
    return {kind: 'literal', at: problem.at ?? 0, value: null};
  }

  /** ANTLR calls a token extraneous if the one behind it would fit. */
  #syntax(expected: string, extraneous = false): Expr {
    const {text, at} = this.#token;
    return this.#fail({
      at,
      message: `Syntax error: ${extraneous ? 'extraneous' : 'mismatched'} input '${text}' expecting ${expected}`,
    });
  }

  #expect(text: string): void {
    if (this.#failed || this.#accept(text) !== undefined) return;
    if (this.#token.kind === 'end' && text !== ':')
      this.#fail({at: this.#token.at, message: `Syntax error: missing '${text}' at '<EOF>'`});
    else this.#syntax(`'${text}'`, this.#tokens[this.#next + 1]?.text === text);
  }

  #startsExpression(token: Token | undefined): boolean {
    if (token === undefined || token.kind === 'end' || token.kind === 'escaped') return false;
    return token.kind === 'punct' ? '[{(.-!'.includes(token.text) : token.text !== 'in';
  }

  #deeper<T>(read: () => T, failed: T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) {
      this.#fail({at: undefined, message: `expression recursion limit exceeded: ${MAX_DEPTH}`});
      return failed;
    }
    const read1 = read();
    this.#depth -= 1;
    return read1;
  }

  #expression(): Expr {
    const none: Expr = {kind: 'literal', at: 0, value: null};
    return this.#deeper(() => {
      const condition = this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#relation()));
      const question = this.#accept('?');
      if (question === undefined) return condition;
      const yes = this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#relation()));
      this.#expect(':');
      const no = this.#failed ? yes : this.#expression();
      return {kind: 'call', at: question.at, name: '_?_:_', target: undefined, args: [condition, yes, no]};
    }, none);
  }

  /** Chains of `&&` and `||` become balanced trees, as in cel-go, so a long chain is not deep. */
  #logical(operator: string, name: string, operand: () => Expr): Expr {
    const terms = [operand()];
    const places: number[] = [];
    for (let token = this.#accept(operator); token !== undefined; token = this.#accept(operator)) {
      places.push(token.at);
      terms.push(operand());
    }
    const build = (from: number, to: number): Expr => {
      const middle = Math.floor((from + to + 1) / 2);
      const left = middle === from ? terms[middle] : build(from, middle - 1);
      const right = middle === to ? terms[middle + 1] : build(middle + 1, to);
      const args = [left, right].filter((each) => each !== undefined);
      return {kind: 'call', at: places[middle] ?? 0, name, target: undefined, args};
    };
    return places.length === 0 ? (terms[0] ?? this.#syntax(EXPRESSION)) : build(0, places.length - 1);
  }

  #chain(operators: ReadonlyMap<string, string>, operand: () => Expr): Expr {
    let left = operand();
    let links = 0;
    while (!this.#failed && (this.#token.kind === 'punct' || this.#token.kind === 'keyword')) {
      const name = operators.get(this.#token.text);
      if (name === undefined) break;
      links += 1;
      if (links > MAX_DEPTH) return this.#fail({at: undefined, message: 'max recursion depth exceeded'});
      const {at} = this.#take();
      left = {kind: 'call', at, name, target: undefined, args: [left, operand()]};
    }
    return left;
  }

  #relation(): Expr {
    return this.#chain(RELATIONS, () => this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#unary())));
  }

  #unary(): Expr {
    const sign = this.#token;
    if (!this.#is('!') && !this.#is('-')) return this.#member();
    let count = 0;
    while (this.#is(sign.text)) {
      const next = this.#tokens[this.#next + 1];
      // The last minus before digits is part of the number, which alone can write the smallest int.
      if (sign.text === '-' && (next?.kind === 'int' || next?.kind === 'double')) break;
      this.#take();
      count += 1;
    }
    if (count === 0) return this.#member();
    if (!this.#startsExpression(this.#token)) {
      const {at, text} = this.#token;
      return this.#token.kind === 'end' && count > 1
        ? this.#fail({at, message: `Syntax error: no viable alternative at input '${sign.text}'`})
        : this.#syntax(EXPRESSION, text === '');
    }
    const operand = this.#is('-') && sign.text === '!' ? this.#syntax(EXPRESSION) : this.#member();
    if (count % 2 === 0) return operand;
    return {kind: 'call', at: sign.at, name: sign.text === '!' ? '!_' : '-_', target: undefined, args: [operand]};
  }

  #member(): Expr {
    let expr = this.#primary();
    let links = 0;
    while (!this.#failed && (this.#is('.') || this.#is('['))) {
      links += 1;
      if (links > MAX_DEPTH) return this.#fail({at: undefined, message: 'max recursion depth exceeded'});
      expr = this.#is('.') ? this.#select(expr) : this.#index(expr);
    }
    return expr;
  }

  #index(operand: Expr): Expr {
    const {at} = this.#take();
    const name = this.#accept('?') === undefined ? '_[_]' : '_[?_]';
    const key = this.#expression();
    this.#expect(']');
    return {kind: 'call', at, name, target: undefined, args: [operand, key]};
  }

  #select(operand: Expr): Expr {
    const dot = this.#take();
    const optional = this.#accept('?') !== undefined;
    const name = this.#token;
    if (name.kind !== 'ident') {
      if (name.kind === 'keyword') return this.#syntax('IDENTIFIER');
      if (name.kind === 'escaped') return this.#fail({at: name.at, message: "unsupported syntax: '`'"});
      return this.#fail({
        at: name.at,
        message: `Syntax error: no viable alternative at input '.${name.kind === 'end' ? '' : name.text}'`,
      });
    }
    this.#take();
    if (optional) {
      const field: Expr = {kind: 'literal', at: name.at, value: name.text};
      return {kind: 'call', at: dot.at, name: '_?._', target: undefined, args: [operand, field]};
    }
    const open = this.#accept('(');
    if (open !== undefined) return this.#memberCall(operand, name.text, open.at);
    if (this.#is('{')) {
      const message = this.#qualifiedName({kind: 'select', at: dot.at, operand, field: name.text, testOnly: false});
      if (message !== undefined) return this.#struct(message);
    }
    return {kind: 'select', at: dot.at, operand, field: name.text, testOnly: false};
  }

  #memberCall(target: Expr, name: string, at: number): Expr {
    const args = this.#arguments();
    const expansion = expandMember(name, {at, target, args});
    if (expansion === undefined) return {kind: 'call', at, name, target, args} satisfies CallExpr;
    return isProblem(expansion) ? this.#complain(expansion) : expansion;
  }

  /** A problem of meaning: reading goes on, as cel-go does. */
  #complain(problem: Problem): Expr {
    this.problems.push(problem);
    return {kind: 'literal', at: problem.at ?? 0, value: null};
  }

  #qualifiedName(expr: Expr): string | undefined {
    const names: string[] = [];
    let rest = expr;
    while (rest.kind === 'select' && !rest.testOnly) {
      names.unshift(rest.field);
      rest = rest.operand;
    }
    return rest.kind === 'ident' ? [rest.name, ...names].join('.') : undefined;
  }

  #arguments(): Expr[] {
    const args: Expr[] = [];
    if (this.#accept(')') !== undefined) return args;
    do args.push(this.#expression());
    while (this.#accept(',') !== undefined);
    this.#expect(')');
    return args;
  }

  #primary(): Expr {
    const token = this.#token;
    if (this.#is('(')) {
      this.#take();
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (this.#is('[')) return this.#list();
    if (this.#is('{')) return this.#map();
    if (this.#is('-')) return this.#negativeLiteral();
    if (this.#is('.') || token.kind === 'ident') return this.#named();
    return this.#literal(token);
  }

  #negativeLiteral(): Expr {
    const sign = this.#take();
    const token = this.#take();
    const value = token.kind === 'int' ? intLiteral(token.text, true) : doubleLiteral(token.text, true);
    return this.#value(sign.at, value);
  }

  #named(): Expr {
    const dot = this.#accept('.');
    const token = this.#token;
    if (token.kind !== 'ident') return this.#syntax('IDENTIFIER');
    this.#take();
    const name = dot === undefined ? token.text : `.${token.text}`;
    if (RESERVED.has(token.text)) this.problems.push({at: token.at, message: `reserved identifier: ${token.text}`});
    const open = this.#accept('(');
    if (open !== undefined) {
      const args = this.#arguments();
      const [only] = args;
      if (name === 'has' && args.length === 1 && only !== undefined) {
        const expansion = expandHas(open.at, only);
        return isProblem(expansion) ? this.#complain(expansion) : expansion;
      }
      return {kind: 'call', at: open.at, name, target: undefined, args};
    }
    return this.#is('{') ? this.#struct(name) : {kind: 'ident', at: dot?.at ?? token.at, name};
  }

  #literal(token: Token): Expr {
    if (!this.#startsExpression(token))
      return this.#syntax(EXPRESSION, this.#startsExpression(this.#tokens[this.#next + 1]));
    this.#take();
    switch (token.kind) {
      case 'int':
        return this.#value(token.at, intLiteral(token.text, false));
      case 'uint':
        return this.#value(token.at, uintLiteral(token.text));
      case 'double':
        return this.#value(token.at, doubleLiteral(token.text, false));
      case 'string':
        return this.#value(token.at, stringLiteral(token.text));
      case 'bytes':
        return this.#value(token.at, bytesLiteral(token.text));
      case 'end':
      case 'escaped':
      case 'ident':
      case 'keyword':
      case 'punct':
      default:
        return {kind: 'literal', at: token.at, value: token.text === 'null' ? null : token.text === 'true'};
    }
  }

  #value(at: number, value: Exclude<Extract<Expr, {kind: 'literal'}>['value'], null> | BadLiteral): Expr {
    return typeof value === 'object' && 'bad' in value
      ? this.#complain({at, message: value.bad})
      : {kind: 'literal', at, value};
  }

  #list(): Expr {
    const {at} = this.#take();
    const elements: Expr[] = [];
    const optional = new Set<number>();
    while (!this.#failed && !this.#is(']')) {
      if (this.#accept('?') !== undefined) optional.add(elements.length);
      elements.push(
        elements.length === 0 && !this.#startsExpression(this.#token) ? this.#syntax(LIST_ELEMENT) : this.#expression(),
      );
      if (this.#accept(',') === undefined) break;
    }
    this.#expect(']');
    return {kind: 'list', at, elements, optional};
  }

  #map(): Expr {
    const {at} = this.#take();
    const entries: MapEntry[] = [];
    while (!this.#failed && !this.#is('}')) {
      const optional = this.#accept('?') !== undefined;
      if (entries.length === 0 && !this.#startsExpression(this.#token)) {
        this.#syntax(MAP_ENTRY, this.#startsExpression(this.#tokens[this.#next + 1]));
        break;
      }
      const key = this.#expression();
      const colon = this.#token;
      this.#expect(':');
      if (this.#failed) break;
      entries.push({at: colon.at, key, value: this.#expression(), optional});
      if (this.#accept(',') === undefined) break;
    }
    this.#expect('}');
    return {kind: 'map', at, entries};
  }

  #struct(name: string): Expr {
    const {at} = this.#take();
    const fields: StructExpr['fields'][number][] = [];
    while (!this.#failed && !this.#is('}')) {
      const optional = this.#accept('?') !== undefined;
      const field = this.#token;
      if (field.kind !== 'ident') {
        this.#syntax(
          optional ? '{IDENTIFIER, ESC_IDENTIFIER}' : STRUCT_FIELD,
          this.#tokens[this.#next + 1]?.kind === 'ident',
        );
        break;
      }
      this.#take();
      const colon = this.#token;
      this.#expect(':');
      if (this.#failed) break;
      fields.push({at: colon.at, name: field.text, value: this.#expression(), optional});
      if (this.#accept(',') === undefined) break;
    }
    this.#expect('}');
    return {kind: 'struct', at, name, fields};
  }
}

/** Parses a source and expands its macros. Linear in the source; depth and length are bounded with cel-go's texts. */
export function parse(source: string): Parsed {
  const size = source.length > MAX_SOURCE_CODE_POINTS ? Array.from(source).length : source.length;
  if (size > MAX_SOURCE_CODE_POINTS) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${MAX_SOURCE_CODE_POINTS}`;
    return {ok: false, problems: [{at: undefined, message}]};
  }
  const {tokens, problems} = tokenize(source);
  const parser = new Parser(tokens);
  const expr = parser.parse();
  const all = [...problems, ...parser.problems];
  return all.length === 0 ? {ok: true, expr} : {ok: false, problems: all};
}
