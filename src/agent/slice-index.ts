import type {EndpointSlice} from '../api/kinds.ts';
import {keyOf} from '../api/meta.ts';

/** EndpointSlices by the thing that one of their labels names, `namespace/<label value>`. */
export class SliceIndex {
  readonly #label: string;
  readonly #ownerOf = new Map<string, string>();
  readonly #byOwner = new Map<string, Map<string, EndpointSlice>>();

  constructor(label: string) {
    this.#label = label;
  }

  /**
   * Takes the present state of one slice, undefined for a deleted one.
   * @returns the owners whose slices are different now: none, one, or two where a label moved
   */
  set(key: string, slice: EndpointSlice | undefined): readonly string[] {
    const before = this.#ownerOf.get(key);
    const after = slice === undefined ? undefined : this.#owner(slice);
    if (before !== undefined && before !== after) this.#remove(before, key);
    if (after !== undefined && slice !== undefined) {
      this.#ownerOf.set(key, after);
      const slices = this.#byOwner.get(after) ?? new Map<string, EndpointSlice>();
      this.#byOwner.set(after, slices.set(key, slice));
    }
    return [...new Set([before, after])].filter((owner) => owner !== undefined);
  }

  of(owner: string): readonly EndpointSlice[] {
    return [...(this.#byOwner.get(owner)?.values() ?? [])];
  }

  #owner(slice: EndpointSlice): string | undefined {
    const name = slice.metadata.labels?.[this.#label];
    return name === undefined ? undefined : keyOf({namespace: slice.metadata.namespace ?? '', name});
  }

  #remove(owner: string, key: string): void {
    this.#ownerOf.delete(key);
    const slices = this.#byOwner.get(owner);
    slices?.delete(key);
    if (slices?.size === 0) this.#byOwner.delete(owner);
  }
}
