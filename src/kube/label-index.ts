import type {KubeObject} from '../api/meta.ts';
import {keyOf} from '../api/meta.ts';

/** Objects by the thing that one of their labels names, `namespace/<label value>`. */
export class LabelIndex<T extends KubeObject> {
  readonly #label: string;
  readonly #ownerOf = new Map<string, string>();
  readonly #byOwner = new Map<string, Map<string, T>>();

  constructor(label: string) {
    this.#label = label;
  }

  /**
   * Takes the present state of one object, undefined for a deleted one.
   * @returns the owners whose objects are different now: none, one, or two where a label moved
   */
  set(key: string, object: T | undefined): readonly string[] {
    const before = this.#ownerOf.get(key);
    const after = object === undefined ? undefined : this.#owner(object);
    if (before !== undefined && before !== after) this.#remove(before, key);
    if (after !== undefined && object !== undefined) {
      this.#ownerOf.set(key, after);
      const objects = this.#byOwner.get(after) ?? new Map<string, T>();
      this.#byOwner.set(after, objects.set(key, object));
    }
    return [...new Set([before, after])].filter((owner) => owner !== undefined);
  }

  of(owner: string): readonly T[] {
    return [...(this.#byOwner.get(owner)?.values() ?? [])];
  }

  owners(): IterableIterator<string> {
    return this.#byOwner.keys();
  }

  #owner(object: T): string | undefined {
    const name = object.metadata.labels?.[this.#label];
    return name === undefined ? undefined : keyOf({namespace: object.metadata.namespace ?? '', name});
  }

  #remove(owner: string, key: string): void {
    this.#ownerOf.delete(key);
    const objects = this.#byOwner.get(owner);
    objects?.delete(key);
    if (objects?.size === 0) this.#byOwner.delete(owner);
  }
}
