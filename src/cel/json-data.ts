import {CelList, CelMap, Duration, Fault, Timestamp} from './values.ts';
import type {CelValue, ListOrder, MapKey, Result} from './values.ts';
import {parseDuration, parseTimestamp} from './time.ts';
import {DYN} from './types.ts';
import type {CelType, ObjectType} from './types.ts';
import {schemaOf} from './schema-type.ts';
import type {TypedSchema} from './schema-type.ts';

/** Reads a JSON value as a value of this type. Only the top is read; lists and objects read their members when asked. */
export function fromJson(json: unknown, type: CelType): Result {
  if (json === null || json === undefined) return nullOf(type);
  switch (type.kind) {
    case 'primitive':
      return primitiveOf(json, type.name);
    case 'list':
      return Array.isArray(json) ? new JsonList(json, type) : misfit('an array', type);
    case 'map':
      return isObject(json) ? new JsonMap(json, type.value, undefined) : misfit('a map', type);
    case 'object':
      return isObject(json) ? new JsonMap(json, DYN, type) : misfit('a map', type);
    case 'dyn':
    case 'error':
    case 'opaque':
    case 'param':
    case 'type':
    default:
      return dynamic(json);
  }
}

function nullOf(type: CelType): Result {
  const schema = schemaOf(type);
  return schema === undefined || schema.nullable === true
    ? null
    : new Fault('invalid data, got null for schema with nullable=false');
}

function misfit(expected: string, type: CelType): Fault {
  return new Fault(
    `invalid data, expected ${expected} to match the provided schema with type=${type.kind === 'list' ? 'array' : 'object'}`,
  );
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** Data without a schema: an integral number is an int, as it is for a JSON decoder that keeps integers. */
function dynamic(json: unknown): Result {
  switch (typeof json) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return json;
    case 'number':
      return Number.isSafeInteger(json) ? BigInt(json) : json;
    case 'function':
    case 'object':
    case 'symbol':
    case 'undefined':
    default:
      if (Array.isArray(json)) return new JsonList(json, {kind: 'list', element: DYN});
      return isObject(json) ? new JsonMap(json, DYN, undefined) : new Fault('invalid data, not a JSON value');
  }
}

function primitiveOf(json: unknown, name: string): Result {
  switch (name) {
    case 'bool':
      return typeof json === 'boolean' ? json : new Fault(`invalid data, got ${typeof json}, expected bool`);
    case 'int':
      if (typeof json === 'bigint') return json;
      return typeof json === 'number' && Number.isInteger(json)
        ? BigInt(json)
        : new Fault(`invalid data, expected integer value`);
    case 'double':
      if (typeof json === 'bigint') return Number(json);
      return typeof json === 'number' ? json : new Fault('invalid data, expected number value');
    default:
      return typeof json === 'string'
        ? textOf(json, name)
        : new Fault(`invalid data, got ${typeof json}, expected string`);
  }
}

function textOf(text: string, name: string): Result {
  switch (name) {
    case 'bytes':
      return bytesOf(text);
    case 'google.protobuf.Timestamp': {
      const nanos = parseTimestamp(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
      return nanos === undefined ? new Fault(`Invalid date formatted string ${text}`) : new Timestamp(nanos);
    }
    case 'google.protobuf.Duration': {
      const nanos = parseDuration(text);
      return nanos === undefined ? new Fault(`Invalid duration formatted string ${text}`) : new Duration(nanos);
    }
    default:
      return text;
  }
}

function bytesOf(text: string): Result {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    return new Fault(`Invalid byte formatted string ${text}: illegal base64 data`);
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function orderOf(schema: TypedSchema | undefined): ListOrder {
  switch (schema?.['x-kubernetes-list-type']) {
    case 'set':
      return 'set';
    case 'map':
      return {keys: (schema?.['x-kubernetes-list-map-keys'] ?? []).map((key) => key)};
    case undefined:
    case 'atomic':
    default:
      return 'atomic';
  }
}

class JsonList extends CelList {
  readonly #items: readonly unknown[];
  readonly #element: CelType;
  override readonly order: ListOrder;

  constructor(items: readonly unknown[], type: Extract<CelType, {kind: 'list'}>) {
    super();
    this.#items = items;
    this.#element = type.element;
    this.order = orderOf(schemaOf(type));
  }

  get size(): number {
    return this.#items.length;
  }

  at(index: number): Result {
    return fromJson(this.#items[index], this.#element);
  }
}

/** A JSON object: a map of one value type, or an object with declared fields (then others are not there). */
class JsonMap extends CelMap {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #value: CelType;
  readonly #object: ObjectType | undefined;
  #size: number | undefined;

  constructor(members: Readonly<Record<string, unknown>>, value: CelType, object: ObjectType | undefined) {
    super();
    this.#members = members;
    this.#value = value;
    this.#object = object;
  }

  override get objectName(): string | undefined {
    return this.#object?.name;
  }

  get size(): number {
    // Counting walks all members, and an expression may ask for every element of a list.
    this.#size ??= this.#object === undefined ? Object.keys(this.#members).length : [...this.keys()].length;
    return this.#size;
  }

  get(key: CelValue): Result | undefined {
    if (typeof key !== 'string') return undefined;
    const field = this.#object === undefined ? {member: key, type: this.#value} : this.#object.fields.get(key);
    if (field === undefined || !Object.hasOwn(this.#members, field.member)) return undefined;
    const json = this.#members[field.member];
    return this.#isAbsent(json) ? undefined : fromJson(json, field.type);
  }

  /** Of an object's declared fields a null is an absent one (CustomResourceDefinition API, `x-kubernetes-validations`). */
  #isAbsent(json: unknown): boolean {
    return json === undefined || (json === null && this.#object !== undefined);
  }

  *keys(): Iterable<MapKey> {
    if (this.#object === undefined) {
      yield* Object.keys(this.#members);
      return;
    }
    for (const [name, {member}] of this.#object.fields) {
      if (Object.hasOwn(this.#members, member) && !this.#isAbsent(this.#members[member])) yield name;
    }
  }
}
