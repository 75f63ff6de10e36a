import {isObject, jsonEquals} from './json.ts';
import type {JsonObject} from './json.ts';
import {memberSchema} from './schema.ts';
import type {Schema} from './schema.ts';

/**
 * A value of an update beside the one that it takes the place of, and the way down from there: what did not change is not held
 * against the update (KEP-4008, validation ratcheting). Members correlate by name and items of a list of type `map` by their keys; items of
 * other lists correlate with nothing.
 */
export class Correlation {
  readonly value: unknown;
  readonly old: unknown;
  readonly #schema: Schema;
  readonly #children = new Map<string | number, Correlation | undefined>();
  #isUnchanged: boolean | undefined;

  constructor(value: unknown, old: unknown, schema: Schema) {
    this.value = value;
    this.old = old;
    this.#schema = schema;
  }

  /** Undefined: there is no such member, there was none, or the schema does not know it. */
  member(name: string): Correlation | undefined {
    return this.#child(name, () => {
      const {value, old} = this;
      if (!isObject(value) || !isObject(old) || !Object.hasOwn(value, name) || !Object.hasOwn(old, name))
        return undefined;
      const schema = declaredMember(this.#schema, name);
      return schema === undefined ? undefined : new Correlation(value[name], old[name], schema);
    });
  }

  /** Undefined: the list is of another type than `map`, or had no item with these keys. */
  item(index: number): Correlation | undefined {
    return this.#child(index, () => {
      const {items} = this.#schema;
      if (items === undefined || !Array.isArray(this.value) || index >= this.value.length) return undefined;
      const old = oldItem(this.#schema, this.old, this.value[index]);
      return old === undefined || old === null ? undefined : new Correlation(this.value[index], old, items);
    });
  }

  /** Equal to what it was; lists of type `map` have no order here. */
  get isUnchanged(): boolean {
    this.#isUnchanged ??= this.#compare();
    return this.#isUnchanged;
  }

  #child(key: string | number, find: () => Correlation | undefined): Correlation | undefined {
    if (!this.#children.has(key)) this.#children.set(key, find());
    return this.#children.get(key);
  }

  #compare(): boolean {
    const {value, old} = this;
    if (Array.isArray(value) && Array.isArray(old)) {
      if (value.length !== old.length) return false;
      if (this.#schema['x-kubernetes-list-type'] !== 'map') return jsonEquals(value, old);
      return value.every((_, index) => this.item(index)?.isUnchanged === true);
    }
    if (isObject(value) && isObject(old)) {
      const names = Object.keys(value);
      if (names.length !== Object.keys(old).length) return false;
      return names.every((name) => this.member(name)?.isUnchanged === true);
    }
    return jsonEquals(value, old);
  }
}

/** A member that the schema describes; where anything goes, nothing correlates. */
function declaredMember(schema: Schema, name: string): Schema | undefined {
  return schema.additionalProperties === true && !Object.hasOwn(schema.properties ?? {}, name)
    ? undefined
    : memberSchema(schema, name);
}

/** The item of the list as it was that has the keys of this one. Undefined: none, or the list is not of type `map`. */
export function oldItem(schema: Schema, old: unknown, item: unknown): JsonObject | undefined {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (schema['x-kubernetes-list-type'] !== 'map' || keys.length === 0 || !Array.isArray(old)) return undefined;
  const wanted = identity(keys, item);
  return wanted === undefined ? undefined : old.filter(isObject).find((one) => identity(keys, one) === wanted);
}

/** Undefined: a key is missing or no scalar. */
function identity(keys: readonly string[], item: unknown): string | undefined {
  if (!isObject(item)) return undefined;
  const values = keys.map((key) => (Object.hasOwn(item, key) ? item[key] : undefined));
  return values.every((value) => ['string', 'number', 'boolean'].includes(typeof value))
    ? JSON.stringify(values)
    : undefined;
}
