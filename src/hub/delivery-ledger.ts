/** What came of the last attempt to make one member hold the import of one name. */
export type DeliveryResult =
  | {readonly state: 'Applied'}
  /** There is nothing to hold: nobody exports it to this member, or it has no such namespace. */
  | {
      readonly state: 'NotNeeded';
      /** The member forbids what it would take. Nothing tells when it doesn't any more, so it is looked at again. */
      readonly forbidden?: {readonly why: string; readonly againAfterMs: number};
    }
  /** Another controller's import is in the way. */
  | {readonly state: 'LeftAlone'}
  | {readonly state: 'Failed'; readonly message: string};

/** The results of one member by `namespace/name`, for the `Ready` condition of exports and for `Synced` of the Cluster. */
export class DeliveryLedger {
  readonly #results = new Map<string, DeliveryResult>();
  readonly #onChange: (key: string) => void;

  constructor(onChange: (key: string) => void) {
    this.#onChange = onChange;
  }

  get(key: string): DeliveryResult | undefined {
    return this.#results.get(key);
  }

  set(key: string, result: DeliveryResult | undefined): void {
    const before = this.#results.get(key);
    if (before?.state === result?.state && messageOf(before) === messageOf(result)) return;
    if (result === undefined) this.#results.delete(key);
    else this.#results.set(key, result);
    this.#onChange(key);
  }

  count(state: DeliveryResult['state']): number {
    let count = 0;
    for (const result of this.#results.values()) if (result.state === state) count++;
    return count;
  }

  clear(): void {
    this.#results.clear();
  }
}

function messageOf(result: DeliveryResult | undefined): string | undefined {
  return result?.state === 'Failed' ? result.message : undefined;
}
