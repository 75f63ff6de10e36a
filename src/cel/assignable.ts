import {DYN, ERROR, isDynOrError, isOptional} from './types.ts';
import type {CelType} from './types.ts';

/**
 * What type variables stand for, while one expression is checked. A failed attempt is taken back entry by entry: copying all bindings
 * for each attempt would be quadratic in the source.
 */
export class Bindings {
  readonly #types = new Map<string, CelType>();
  readonly #trail: {readonly name: string; readonly before: CelType | undefined}[] = [];

  get(name: string): CelType | undefined {
    return this.#types.get(name);
  }

  set(name: string, type: CelType): void {
    this.#trail.push({name, before: this.#types.get(name)});
    this.#types.set(name, type);
  }

  /** Runs an attempt; where it answers false nothing stays bound. */
  attempt(run: () => boolean): boolean {
    const mark = this.#trail.length;
    if (run()) return true;
    for (const {name, before} of this.#trail.splice(mark).toReversed()) {
      if (before === undefined) this.#types.delete(name);
      else this.#types.set(name, before);
    }
    return false;
  }
}

/** The type with its variables replaced; free ones become dyn, or stay (to be printed or bound later). */
export function substitute(type: CelType, bindings: Bindings, freeToDyn: boolean): CelType {
  switch (type.kind) {
    case 'param': {
      const bound = bindings.get(type.name);
      if (bound !== undefined) return substitute(bound, bindings, freeToDyn);
      return freeToDyn ? DYN : type;
    }
    case 'list':
      return mapped(type, [type.element], bindings, freeToDyn);
    case 'map':
      return mapped(type, [type.key, type.value], bindings, freeToDyn);
    case 'opaque':
      return type.parameters.length === 0 ? type : mapped(type, type.parameters, bindings, freeToDyn);
    case 'type':
      return type.of === undefined ? type : mapped(type, [type.of], bindings, freeToDyn);
    case 'dyn':
    case 'error':
    case 'object':
    case 'primitive':
    default:
      return type;
  }
}

type Container = Extract<CelType, {kind: 'list' | 'map' | 'opaque' | 'type'}>;

/** The container itself where nothing changed: it may carry a schema, which a copy would lose. */
function mapped(type: Container, parts: readonly CelType[], bindings: Bindings, freeToDyn: boolean): CelType {
  const replaced = parts.map((part) => substitute(part, bindings, freeToDyn));
  if (replaced.every((part, index) => part === parts[index])) return type;
  const [first = DYN, second = DYN] = replaced;
  switch (type.kind) {
    case 'list':
      return {kind: 'list', element: first};
    case 'map':
      return {kind: 'map', key: first, value: second};
    case 'opaque':
      return {...type, parameters: replaced};
    case 'type':
      return {kind: 'type', of: first};
  }
}

function refersTo(type: CelType, name: string, bindings: Bindings): boolean {
  switch (type.kind) {
    case 'param': {
      if (type.name === name) return true;
      const bound = bindings.get(type.name);
      return bound !== undefined && refersTo(bound, name, bindings);
    }
    case 'list':
      return refersTo(type.element, name, bindings);
    case 'map':
      return refersTo(type.key, name, bindings) || refersTo(type.value, name, bindings);
    case 'opaque':
      return type.parameters.some((each) => refersTo(each, name, bindings));
    case 'type':
      return type.of !== undefined && refersTo(type.of, name, bindings);
    case 'dyn':
    case 'error':
    case 'object':
    case 'primitive':
    default:
      return false;
  }
}

/** Whether `name` may stand for `type`; binds it. A variable that is bound widens to dyn if the new type is wider. */
function bindVariable(name: string, type: CelType, bindings: Bindings): boolean {
  if (type.kind === 'param' && type.name === name) return true;
  const bound = bindings.get(name);
  if (bound !== undefined) {
    if (!assign(bound, type, bindings)) return false;
    bindings.set(name, mostGeneral(bound, type));
    return true;
  }
  if (refersTo(type, name, bindings)) return false;
  bindings.set(name, type);
  return true;
}

/** The wider of two assignable types; null beside a nullable type is that type. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  if (isNull(b)) return a;
  if (isNull(a) && isNullable(b)) return b;
  return isEqualOrLessSpecific(a, b) ? a : b;
}

/** Whether `a` covers `b` structurally: dyn covers everything. */
function isEqualOrLessSpecific(a: CelType, b: CelType): boolean {
  if (isDynOrError(a) || a.kind === 'param') return true;
  if (isDynOrError(b) || b.kind === 'param') return false;
  switch (a.kind) {
    case 'list':
      return b.kind === 'list' && isEqualOrLessSpecific(a.element, b.element);
    case 'map':
      return b.kind === 'map' && isEqualOrLessSpecific(a.key, b.key) && isEqualOrLessSpecific(a.value, b.value);
    case 'opaque':
      return (
        b.kind === 'opaque' &&
        a.name === b.name &&
        a.parameters.every((each, index) => isEqualOrLessSpecific(each, b.parameters[index] ?? DYN))
      );
    case 'primitive':
    case 'object':
      return b.kind === a.kind && a.name === b.name;
    case 'type':
      return b.kind === 'type';
    case 'dyn':
    case 'error':
    default:
      return true;
  }
}

function isNull(type: CelType): boolean {
  return type.kind === 'primitive' && type.name === 'null_type';
}

/** Types null may stand for. */
function isNullable(type: CelType): boolean {
  return (
    type.kind === 'object' ||
    type.kind === 'opaque' ||
    (type.kind === 'primitive' &&
      (type.name === 'google.protobuf.Timestamp' || type.name === 'google.protobuf.Duration'))
  );
}

/** Two-way: dyn is assignable to and from everything, null to and from objects. */
function assign(a: CelType, b: CelType, bindings: Bindings): boolean {
  if (b.kind === 'param') return bindVariable(b.name, a, bindings);
  if (a.kind === 'param') return bindVariable(a.name, b, bindings);
  if (isDynOrError(a) || isDynOrError(b)) return true;
  if (isNull(a) || isNull(b)) return (isNull(a) && isNull(b)) || isNullable(a) || isNullable(b);
  switch (a.kind) {
    case 'primitive':
    case 'object':
      return b.kind === a.kind && a.name === b.name;
    case 'list':
      return b.kind === 'list' && assign(a.element, b.element, bindings);
    case 'map':
      return b.kind === 'map' && assign(a.key, b.key, bindings) && assign(a.value, b.value, bindings);
    case 'opaque':
      return (
        b.kind === 'opaque' &&
        a.name === b.name &&
        a.parameters.every((each, index) => assign(each, b.parameters[index] ?? DYN, bindings))
      );
    case 'type':
      return b.kind === 'type';
    case 'dyn':
    case 'error':
    default:
      return false;
  }
}

/** Whether values of each `from` may be used as the `to` beside it. Binds type variables; on false nothing is bound. */
export function areAssignable(from: readonly CelType[], to: readonly CelType[], bindings: Bindings): boolean {
  if (from.length !== to.length) return false;
  return bindings.attempt(() => from.every((type, index) => assign(type, to[index] ?? ERROR, bindings)));
}

/** The type of an optional's content; the type itself otherwise. */
export function unwrapOptional(type: CelType): CelType {
  return isOptional(type) ? (type.parameters[0] ?? DYN) : type;
}
