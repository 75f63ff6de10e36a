import {ACCU} from './ast.ts';
import type {Expr} from './ast.ts';
import type {Problem} from './problem.ts';

/** What a macro call stands for, or the problem with it. Undefined: the call is not a macro, an ordinary function may have its name. */
export type Expansion = Expr | Problem | undefined;

interface MacroCall {
  readonly at: number;
  readonly target: Expr;
  readonly args: readonly Expr[];
}

export function isProblem(expansion: Expr | Problem): expansion is Problem {
  return 'message' in expansion;
}

function literal(at: number, value: boolean | bigint): Expr {
  return {kind: 'literal', at, value};
}

function call(at: number, name: string, ...args: readonly Expr[]): Expr {
  return {kind: 'call', at, name, target: undefined, args};
}

function method(at: number, target: Expr, name: string): Expr {
  return {kind: 'call', at, name, target, args: []};
}

function ident(at: number, name: string): Expr {
  return {kind: 'ident', at, name};
}

function list(at: number, elements: readonly Expr[]): Expr {
  return {kind: 'list', at, elements, optional: new Set()};
}

/** `has(a.b)`; its place is the macro's. */
export function expandHas(at: number, argument: Expr): Expr | Problem {
  if (argument.kind === 'select' && !argument.testOnly) return {...argument, at, testOnly: true};
  return {at: argument.at, message: 'invalid argument to has() macro'};
}

interface Names {
  readonly iter: string;
  readonly iter2: string | undefined;
}

const RESERVED_ACCU = 'iteration variable overwrites accumulator variable';

function namesOf(variables: readonly Expr[], complaint: string): Names | Problem {
  const names: string[] = [];
  for (const variable of variables) {
    if (variable.kind !== 'ident' || variable.name.startsWith('.')) return {at: variable.at, message: complaint};
    if (variable.name === ACCU || variable.name === '__result__') return {at: variable.at, message: RESERVED_ACCU};
    if (names.includes(variable.name)) return {at: variable.at, message: `duplicate variable name: ${variable.name}`};
    names.push(variable.name);
  }
  const [iter = '', iter2] = names;
  return {iter, iter2};
}

interface Loop {
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

function fold({at, target}: MacroCall, names: Names, loop: Loop): Expr {
  return {kind: 'fold', at, range: target, ...names, accu: ACCU, ...loop};
}

function quantifier(macro: MacroCall, variables: number, build: (at: number, predicate: Expr) => Loop): Expansion {
  const names = namesOf(macro.args.slice(0, variables), 'argument must be a simple name');
  if ('message' in names) return names;
  const predicate = macro.args[variables];
  return predicate === undefined ? undefined : fold(macro, names, build(macro.at, predicate));
}

function all(at: number, predicate: Expr): Loop {
  const accu = ident(at, ACCU);
  return {
    init: literal(at, true),
    condition: call(at, '@not_strictly_false', accu),
    step: call(at, '_&&_', accu, predicate),
    result: accu,
  };
}

function exists(at: number, predicate: Expr): Loop {
  const accu = ident(at, ACCU);
  return {
    init: literal(at, false),
    condition: call(at, '@not_strictly_false', call(at, '!_', accu)),
    step: call(at, '_||_', accu, predicate),
    result: accu,
  };
}

function existsOne(at: number, predicate: Expr): Loop {
  const accu = ident(at, ACCU);
  return {
    init: literal(at, 0n),
    condition: literal(at, true),
    step: call(at, '_?_:_', predicate, call(at, '_+_', accu, literal(at, 1n)), accu),
    result: call(at, '_==_', accu, literal(at, 1n)),
  };
}

/** map, filter and the transforms: the accumulator grows by `grow`, where `filter` (if there is one) holds. */
function collect(at: number, init: Expr, steps: {readonly grow: Expr; readonly filter: Expr | undefined}): Loop {
  const accu = ident(at, ACCU);
  const {grow, filter} = steps;
  return {
    init,
    condition: literal(at, true),
    step: filter === undefined ? grow : call(at, '_?_:_', filter, grow, accu),
    result: accu,
  };
}

function mapMacro(macro: MacroCall): Expansion {
  const {at, args} = macro;
  const names = namesOf(args.slice(0, 1), 'argument is not an identifier');
  if ('message' in names) return names;
  const transform = args.at(-1);
  if (transform === undefined) return undefined;
  const grow = call(at, '_+_', ident(at, ACCU), list(at, [transform]));
  return fold(macro, names, collect(at, list(at, []), {grow, filter: args.length === 3 ? args[1] : undefined}));
}

function filterMacro(macro: MacroCall): Expansion {
  const {at, args} = macro;
  const [variable, predicate] = args;
  const names = namesOf(args.slice(0, 1), 'argument is not an identifier');
  if ('message' in names) return names;
  if (variable === undefined || predicate === undefined) return undefined;
  const grow = call(at, '_+_', ident(at, ACCU), list(at, [variable]));
  return fold(macro, names, collect(at, list(at, []), {grow, filter: predicate}));
}

function transform(macro: MacroCall, name: string): Expansion {
  const {at, args} = macro;
  const names = namesOf(args.slice(0, 2), 'argument must be a simple name');
  if ('message' in names) return names;
  const value = args.at(-1);
  if (value === undefined) return undefined;
  const filter = args.length === 4 ? args[2] : undefined;
  const accu = ident(at, ACCU);
  if (name === 'transformList')
    return fold(macro, names, collect(at, list(at, []), {grow: call(at, '_+_', accu, list(at, [value])), filter}));
  const grow =
    name === 'transformMap'
      ? call(at, '@mapInsert', accu, ident(at, names.iter), value)
      : call(at, '@mapInsert', accu, value);
  return fold(macro, names, collect(at, {kind: 'map', at, entries: []}, {grow, filter}));
}

/** Binds a name to a value: a comprehension over nothing, as cel-go writes it. */
function bind(at: number, bound: {readonly name: string; readonly value: Expr}, result: Expr): Expr {
  const {name, value} = bound;
  const condition = literal(at, false);
  return {
    kind: 'fold',
    at,
    range: list(at, []),
    iter: '#unused',
    iter2: undefined,
    accu: name,
    init: value,
    condition,
    step: ident(at, name),
    result,
  };
}

/**
 * `optMap` and `optFlatMap`. The target is bound to a name first: written out twice, a chain of n of them would be a tree of 2^n nodes.
 */
function optionalMap({at, target, args}: MacroCall, name: string): Expansion {
  const names = namesOf(args.slice(0, 1), 'variable name must be a simple identifier');
  if ('message' in names) return {...names, message: `${name}() ${names.message}`};
  const body = args[1];
  if (body === undefined) return undefined;
  const bound = ident(at, '@optional');
  const inner = bind(at, {name: names.iter, value: method(at, bound, 'value')}, body);
  const some = name === 'optMap' ? call(at, 'optional.of', inner) : inner;
  const choice = call(at, '_?_:_', method(at, bound, 'hasValue'), some, call(at, 'optional.none'));
  return bind(at, {name: '@optional', value: target}, choice);
}

/** Expands `target.name(args)` if it is a macro: by name and number of arguments, as cel-go decides it. */
export function expandMember(name: string, macro: MacroCall): Expansion {
  const count = macro.args.length;
  switch (name) {
    case 'all':
      return count === 2 || count === 3 ? quantifier(macro, count - 1, all) : undefined;
    case 'exists':
      return count === 2 || count === 3 ? quantifier(macro, count - 1, exists) : undefined;
    case 'exists_one':
      return count === 2 ? quantifier(macro, 1, existsOne) : undefined;
    case 'existsOne':
      return count === 2 || count === 3 ? quantifier(macro, count - 1, existsOne) : undefined;
    case 'map':
      return count === 2 || count === 3 ? mapMacro(macro) : undefined;
    case 'filter':
      return count === 2 ? filterMacro(macro) : undefined;
    case 'transformList':
    case 'transformMap':
    case 'transformMapEntry':
      return count === 3 || count === 4 ? transform(macro, name) : undefined;
    case 'optMap':
    case 'optFlatMap':
      return count === 2 ? optionalMap(macro, name) : undefined;
    default:
      return undefined;
  }
}
