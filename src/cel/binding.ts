import {CelList, CelMap, Duration, Fault, Opaque, OptionalValue, Timestamp, TypeValue, Uint} from './values.ts';
import type {CelValue, MapKey, Result} from './values.ts';
import type {CelType} from './types.ts';
import type {Outcome} from './compile.ts';
import {fromJson} from './json-data.ts';

/** A variable's value: JSON, a value of this room, or `lazy(…)`. */
export type Binding = unknown;

class Lazy {
  readonly read: () => unknown;

  constructor(read: () => unknown) {
    this.read = read;
  }
}

/** A binding that is asked for when the expression first reads the variable, and not at all where it doesn't. */
export function lazy(read: () => unknown): Binding {
  return new Lazy(read);
}

function isValue(value: unknown): value is Exclude<CelValue, boolean | bigint | number | string | null> {
  return (
    value instanceof CelList ||
    value instanceof CelMap ||
    value instanceof Opaque ||
    value instanceof Uint ||
    value instanceof Timestamp ||
    value instanceof Duration ||
    value instanceof OptionalValue ||
    value instanceof TypeValue ||
    value instanceof Uint8Array
  );
}

/** The value of a declared variable. */
export function readBinding(
  name: string,
  bindings: Readonly<Record<string, Binding>>,
  types: Readonly<Record<string, CelType>>,
): Result {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (type === undefined || !Object.hasOwn(bindings, name) || bindings[name] === undefined)
    return new Fault(`no such attribute(s): ${name}`);
  const bound = bindings[name];
  const value = bound instanceof Lazy ? bound.read() : bound;
  if (value instanceof Fault || isValue(value)) return value;
  return value === null ? null : fromJson(value, type);
}

/** An object whose fields are computed when they are read, each at most once: `variables` of a policy. */
class LazyObject extends CelMap {
  readonly #fields: Readonly<Record<string, () => Outcome>>;
  readonly #known = new Map<string, Result>();

  constructor(fields: Readonly<Record<string, () => Outcome>>) {
    super();
    this.#fields = fields;
  }

  get size(): number {
    return Object.keys(this.#fields).length;
  }

  get(key: CelValue): Result | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.#fields, key)) return undefined;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const outcome = this.#fields[key]?.();
    if (outcome === undefined) return undefined;
    const value = outcome.ok ? outcome.value : new Fault(outcome.error, outcome.costExceeded);
    this.#known.set(key, value);
    return value;
  }

  *keys(): Iterable<MapKey> {
    yield* Object.keys(this.#fields);
  }
}

/** An object whose fields are outcomes of other programs. A failed one is the error of whoever reads it. */
export function lazyObject(fields: Readonly<Record<string, () => Outcome>>): CelValue {
  return new LazyObject(fields);
}
