import type {CelType} from './types.ts';

/** A value at run time. int is a bigint, double a number; the rest have classes, so every value names its type. */
export type CelValue =
  | boolean
  | bigint
  | number
  | string
  | null
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | CelList
  | CelMap
  | TypeValue
  | OptionalValue
  | Opaque;

/** What an evaluation answers where it has no value. Errors are values, since `false && error` is false. */
export class Fault {
  readonly message: string;
  /** A spent budget: no operator absorbs it. */
  readonly fatal: boolean;

  constructor(message: string, fatal = false) {
    this.message = message;
    this.fatal = fatal;
  }
}

export type Result = CelValue | Fault;

export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** Nanoseconds since 1970-01-01T00:00:00Z. */
export class Timestamp {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Duration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class TypeValue {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export class OptionalValue {
  static readonly none = new OptionalValue(undefined);
  readonly value: CelValue | undefined;

  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/** A value of an extension's own type. Values of one type are compared by `equals`. */
export abstract class Opaque {
  abstract readonly type: Extract<CelType, {kind: 'opaque'}>;
  abstract equals(other: Opaque): boolean;
  /** Its size for the cost of functions on it. */
  readonly size: number = 1;
}

/** How two lists compare: Kubernetes' set and map lists have no order. */
export type ListOrder = 'atomic' | 'set' | {readonly keys: readonly string[]};

export abstract class CelList {
  abstract readonly size: number;
  readonly order: ListOrder = 'atomic';
  /** The value at an index inside the list; data that doesn't fit its schema is a fault. */
  abstract at(index: number): Result;
}

export class ArrayList extends CelList {
  readonly #items: readonly CelValue[];
  override readonly order: ListOrder;

  constructor(items: readonly CelValue[], order: ListOrder = 'atomic') {
    super();
    this.#items = items;
    this.order = order;
  }

  get size(): number {
    return this.#items.length;
  }

  at(index: number): Result {
    return this.#items[index] ?? (index < this.#items.length ? null : new Fault(`index out of bounds: ${index}`));
  }
}

export type MapKey = string | boolean | bigint | Uint;

export abstract class CelMap {
  abstract readonly size: number;
  /** The object type's name, or undefined for a map. */
  get objectName(): string | undefined {
    return undefined;
  }
  /** Undefined: no such key. A key of a type no map has is absent. */
  abstract get(key: CelValue): Result | undefined;
  abstract keys(): Iterable<MapKey>;
}

/** One text per key: 1, 1u and 1.0 are one key. Undefined: not a key's type. */
export function keyText(key: CelValue): string | undefined {
  switch (typeof key) {
    case 'string':
      return `s${key}`;
    case 'boolean':
      return `b${key}`;
    case 'bigint':
      return `n${key}`;
    case 'number':
      return Number.isInteger(key) ? `n${BigInt(key)}` : undefined;
    case 'function':
    case 'object':
    case 'symbol':
    case 'undefined':
    default:
      return key instanceof Uint ? `n${key.value}` : undefined;
  }
}

export function isMapKey(value: CelValue): value is MapKey {
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint' || value instanceof Uint;
}

export class EntryMap extends CelMap {
  readonly #entries = new Map<string, {readonly key: MapKey; readonly value: CelValue}>();

  get size(): number {
    return this.#entries.size;
  }

  /** False: the key was there. Only for the one that builds the map. */
  add(key: MapKey, value: CelValue): boolean {
    const text = keyText(key) ?? '';
    if (this.#entries.has(text)) return false;
    this.#entries.set(text, {key, value});
    return true;
  }

  get(key: CelValue): CelValue | undefined {
    const text = keyText(key);
    return text === undefined ? undefined : this.#entries.get(text)?.value;
  }

  *keys(): Iterable<MapKey> {
    for (const {key} of this.#entries.values()) yield key;
  }
}

/** `type(value)`'s name. */
export function valueTypeName(value: CelValue): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    case 'function':
    case 'object':
    case 'symbol':
    case 'undefined':
    default:
      return objectTypeName(value);
  }
}

function objectTypeName(value: Exclude<CelValue, boolean | bigint | number | string>): string {
  if (value === null) return 'null_type';
  if (value instanceof CelList) return 'list';
  if (value instanceof CelMap) return value.objectName ?? 'map';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof OptionalValue) return 'optional_type';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof Uint8Array) return 'bytes';
  return value.type.name;
}
