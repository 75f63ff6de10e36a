import {areAssignable, Bindings, mostGeneral, substitute, unwrapOptional} from './assignable.ts';
import {
  BOOL,
  DYN,
  ERROR,
  INT,
  isDynOrError,
  isOptional,
  listType,
  mapType,
  NULL,
  optionalType,
  typeName,
} from './types.ts';
import type {CallExpr, Expr, FoldExpr, ListExpr, MapExpr, SelectExpr} from './ast.ts';
import type {CelType} from './types.ts';
import type {Library, Overload} from './signature.ts';
import type {Problem} from './problem.ts';
import {valueTypeName} from './values.ts';
import {DENOTED_TYPES, PRIMITIVES} from './denoted-types.ts';

/** What an expression may name. */
export interface Scope {
  readonly variables: ReadonlyMap<string, CelType>;
  readonly library: Library;
  /** Whether list elements, map keys and map values must be of one type each, as Kubernetes demands it. */
  readonly homogeneous: boolean;
}

/** What the interpreter takes from the check, by node. */
export interface Checked {
  readonly type: CelType;
  readonly overloads: ReadonlyMap<CallExpr, readonly Overload[]>;
  /** Names that stand for a variable or a type: `a.b` may be one of a dotted name. */
  readonly names: ReadonlyMap<Expr, string>;
  readonly problems: readonly Problem[];
}

interface Frame {
  readonly name: string;
  readonly type: CelType;
  readonly outer: Frame | undefined;
}

function qualifiedName(expr: Expr): string | undefined {
  const names: string[] = [];
  let rest = expr;
  while (rest.kind === 'select' && !rest.testOnly) {
    names.unshift(rest.field);
    rest = rest.operand;
  }
  return rest.kind === 'ident' ? [rest.name, ...names].join('.') : undefined;
}

/** Map keys that no map can have are dyn: as types they could nest, and a type of shared types is exponentially large. */
function keyType(type: CelType): CelType {
  return type.kind === 'primitive' || type.kind === 'param' ? type : DYN;
}

class Checker {
  readonly problems: Problem[] = [];
  readonly overloads = new Map<CallExpr, readonly Overload[]>();
  readonly names = new Map<Expr, string>();
  readonly #scope: Scope;
  readonly #bindings = new Bindings();
  #locals: Frame | undefined;
  #fresh = 0;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  finish(expr: Expr): CelType {
    return substitute(this.check(expr), this.#bindings, true);
  }

  check(expr: Expr): CelType {
    switch (expr.kind) {
      case 'literal':
        return expr.value === null ? NULL : (PRIMITIVES.get(valueTypeName(expr.value)) ?? DYN);
      case 'ident':
        return this.#named(expr, expr.name) ?? this.#undeclared(expr.at, expr.name);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'struct':
        for (const field of expr.fields) this.check(field.value);
        return DENOTED_TYPES.has(expr.name)
          ? this.#problem(expr.at, `'${expr.name}' is not a message type`)
          : this.#undeclared(expr.at, expr.name);
      case 'fold':
        return this.#fold(expr);
    }
  }

  #problem(at: number, message: string): CelType {
    this.problems.push({at, message});
    return ERROR;
  }

  #undeclared(at: number, name: string): CelType {
    return this.#problem(at, `undeclared reference to '${name}' (in container '')`);
  }

  #variable(): CelType {
    this.#fresh += 1;
    return {kind: 'param', name: `_var${this.#fresh - 1}`};
  }

  #print(type: CelType): string {
    return typeName(substitute(type, this.#bindings, false));
  }

  #assignable(from: CelType, to: CelType): boolean {
    return areAssignable([from], [to], this.#bindings);
  }

  #mustBe(type: CelType, expected: CelType, at: number): void {
    if (!this.#assignable(expected, type)) {
      this.#problem(at, `expected type '${this.#print(expected)}' but found '${this.#print(type)}'`);
    }
  }

  /** The type of a name: a comprehension's variable, a declared variable, or a type. */
  #named(expr: Expr, name: string): CelType | undefined {
    for (let frame = this.#locals; frame !== undefined; frame = frame.outer) if (frame.name === name) return frame.type;
    const global = name.startsWith('.') ? name.slice(1) : name;
    const type = this.#scope.variables.get(global) ?? DENOTED_TYPES.get(global);
    if (type !== undefined) this.names.set(expr, global);
    return type;
  }

  #isLocal(name: string): boolean {
    for (let frame = this.#locals; frame !== undefined; frame = frame.outer) if (frame.name === name) return true;
    return false;
  }

  #select(expr: SelectExpr): CelType {
    const qualified = expr.testOnly ? undefined : qualifiedName(expr);
    if (qualified !== undefined && !this.#isLocal(qualified.split('.')[0] ?? '')) {
      const type = this.#named(expr, qualified);
      if (type !== undefined) return type;
    }
    const operand = substitute(this.check(expr.operand), this.#bindings, false);
    const type = this.#field(expr, operand);
    return expr.testOnly ? BOOL : type;
  }

  #field(expr: SelectExpr, operand: CelType): CelType {
    if (isOptional(operand)) return optionalType(unwrapOptional(this.#field(expr, unwrapOptional(operand))));
    switch (operand.kind) {
      case 'map':
        return operand.value;
      case 'object':
        return operand.fields.get(expr.field)?.type ?? this.#problem(expr.at, `undefined field '${expr.field}'`);
      case 'param':
        this.#assignable(DYN, operand);
        return DYN;
      case 'dyn':
      case 'error':
        return DYN;
      case 'list':
      case 'primitive':
      case 'type':
      default:
        return this.#problem(expr.at, `type '${this.#print(operand)}' does not support field selection`);
    }
  }

  #call(expr: CallExpr): CelType {
    const {name, target, args} = expr;
    if (name === '_?._') return this.#optionalSelect(expr);
    if (name === '_&&_' || name === '_||_') {
      for (const arg of args) this.#mustBe(this.check(arg), BOOL, arg.at);
      return BOOL;
    }
    const qualified = target === undefined ? undefined : qualifiedName(target);
    const spaced = qualified === undefined ? undefined : `${qualified}.${name}`;
    if (spaced !== undefined && this.#scope.library.has(spaced))
      return this.#resolve(expr, spaced, {args, member: false});
    const all = target === undefined ? args : [target, ...args];
    return this.#resolve(expr, name.startsWith('.') ? name.slice(1) : name, {args: all, member: target !== undefined});
  }

  #optionalSelect(expr: CallExpr): CelType {
    const [operand, field] = expr.args;
    if (operand === undefined || field?.kind !== 'literal' || typeof field.value !== 'string') return ERROR;
    const type = substitute(this.check(operand), this.#bindings, false);
    const found = this.#field(
      {kind: 'select', at: expr.at, operand, field: field.value, testOnly: false},
      unwrapOptional(type),
    );
    return optionalType(unwrapOptional(found));
  }

  #resolve(
    expr: CallExpr,
    name: string,
    {args, member}: {readonly args: readonly Expr[]; readonly member: boolean},
  ): CelType {
    const types = args.map((arg) => this.check(arg));
    const declared = this.#scope.library.get(name);
    if (declared === undefined) return this.#undeclared(expr.at, name);
    const fitting: Overload[] = [];
    let result: CelType | undefined;
    for (const each of declared) {
      if (each.member !== member) continue;
      const instance = this.#instantiate(each);
      if (!areAssignable(types, instance.args, this.#bindings)) continue;
      fitting.push(each);
      const own = substitute(instance.result, this.#bindings, false);
      if (result === undefined) result = own;
      else if (!isDynOrError(result) && this.#print(result) !== this.#print(own)) result = DYN;
    }
    if (result === undefined) return this.#noOverload(expr, name, types);
    this.overloads.set(expr, fitting);
    return result;
  }

  #noOverload(expr: CallExpr, name: string, types: readonly CelType[]): CelType {
    const printed = types.map((type) => typeName(substitute(type, this.#bindings, true)));
    const [receiver = '', ...rest] = printed;
    const applied =
      expr.target === undefined || printed.length === 0
        ? `(${printed.join(', ')})`
        : `${receiver}.(${rest.join(', ')})`;
    return this.#problem(expr.at, `found no matching overload for '${name}' applied to '${applied}'`);
  }

  /** An overload with type variables of its own in place of its parameters. */
  #instantiate({args, result}: Overload): {readonly args: readonly CelType[]; readonly result: CelType} {
    const fresh = new Bindings();
    const rename = (type: CelType): CelType => {
      for (const name of parametersOf(type)) if (fresh.get(name) === undefined) fresh.set(name, this.#variable());
      return substitute(type, fresh, false);
    };
    return {args: args.map(rename), result: rename(result)};
  }

  /** The type of both; where they differ, dyn or a problem. */
  #join(joined: CelType | undefined, type: CelType, at: number): CelType {
    if (joined === undefined) return type;
    if (this.#assignable(joined, type)) return mostGeneral(joined, type);
    if (!this.#scope.homogeneous) return DYN;
    return this.#problem(at, `expected type '${this.#print(joined)}' but found '${this.#print(type)}'`);
  }

  /** The content's type of an optional element or entry. */
  #optionalContent(type: CelType, at: number): CelType {
    const resolved = substitute(type, this.#bindings, false);
    if (isOptional(resolved)) return unwrapOptional(resolved);
    if (isDynOrError(resolved)) return DYN;
    return this.#problem(
      at,
      `expected type 'optional_type(${this.#print(resolved)})' but found '${this.#print(resolved)}'`,
    );
  }

  #list({elements, optional}: ListExpr): CelType {
    let joined: CelType | undefined;
    for (const [index, element] of elements.entries()) {
      const type = this.check(element);
      joined = this.#join(joined, optional.has(index) ? this.#optionalContent(type, element.at) : type, element.at);
    }
    return listType(joined ?? this.#variable());
  }

  #map({entries}: MapExpr): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of entries) {
      key = this.#join(key, keyType(substitute(this.check(entry.key), this.#bindings, false)), entry.key.at);
      const type = this.check(entry.value);
      value = this.#join(value, entry.optional ? this.#optionalContent(type, entry.value.at) : type, entry.value.at);
    }
    return mapType(key ?? this.#variable(), value ?? this.#variable());
  }

  #fold(expr: FoldExpr): CelType {
    const range = substitute(this.check(expr.range), this.#bindings, false);
    const accu = this.check(expr.init);
    const [first, second] = this.#iterated(expr, range);
    const outer = this.#locals;
    const withAccu: Frame = {name: expr.accu, type: accu, outer};
    const withFirst: Frame = {name: expr.iter, type: first, outer: withAccu};
    this.#locals = expr.iter2 === undefined ? withFirst : {name: expr.iter2, type: second, outer: withFirst};
    this.#mustBe(this.check(expr.condition), BOOL, expr.condition.at);
    const step = this.check(expr.step);
    if (!this.#assignable(accu, step)) this.#mustBe(step, accu, expr.step.at);
    this.#locals = withAccu;
    const result = this.check(expr.result);
    this.#locals = outer;
    return substitute(result, this.#bindings, false);
  }

  /** Types of the iteration variables: element, or index and element; key, or key and value. */
  #iterated(expr: FoldExpr, range: CelType): readonly [CelType, CelType] {
    const two = expr.iter2 !== undefined;
    switch (range.kind) {
      case 'list':
        return two ? [INT, range.element] : [range.element, DYN];
      case 'map':
        return [range.key, range.value];
      case 'param':
        this.#assignable(DYN, range);
        return [DYN, DYN];
      case 'dyn':
      case 'error':
        return [DYN, DYN];
      case 'object':
      case 'opaque':
      case 'primitive':
      case 'type':
      default:
        if (isOptional(range) && range.parameters[0]?.kind === 'dyn') return [DYN, DYN];
        this.#problem(
          expr.range.at,
          `expression of type '${this.#print(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
        return [ERROR, ERROR];
    }
  }
}

function parametersOf(type: CelType): string[] {
  switch (type.kind) {
    case 'param':
      return [type.name];
    case 'list':
      return parametersOf(type.element);
    case 'map':
      return [...parametersOf(type.key), ...parametersOf(type.value)];
    case 'opaque':
      return type.parameters.flatMap(parametersOf);
    case 'type':
      return type.of === undefined ? [] : parametersOf(type.of);
    case 'dyn':
    case 'error':
    case 'object':
    case 'primitive':
    default:
      return [];
  }
}

/** Gives every node a type and every call its overloads. Problems have cel-go's texts. */
export function check(expr: Expr, scope: Scope): Checked {
  const checker = new Checker(scope);
  const type = checker.finish(expr);
  const {overloads, names, problems} = checker;
  return {type, overloads, names, problems};
}
