/** One kind of write to one object, and how often it changed something. */
export interface WriteRow {
  /** `plural.group`, the plural alone for the core group, with `/status` for that subresource. */
  readonly resource: string;
  /** create, update, patch, apply or delete. */
  readonly verb: string;
  /** The field manager, else the client's name out of its User-Agent. */
  readonly manager: string;
  /** `namespace/name`, or the name of a cluster-scoped object. */
  readonly name: string;
  readonly count: number;
}

/**
 * Counts the writes that changed something: a no-op apply is not one. It is how tests show that a quiet clusterset is quiet
 * (design §14: no API write where nothing changed but the heartbeats).
 */
export class WriteCounter {
  readonly #rows = new Map<string, WriteRow>();

  record(write: Omit<WriteRow, 'count'>): void {
    const key = JSON.stringify([write.resource, write.verb, write.manager, write.name]);
    this.#rows.set(key, {...write, count: (this.#rows.get(key)?.count ?? 0) + 1});
  }

  reset(): void {
    this.#rows.clear();
  }

  /** Most frequent first. */
  rows(): readonly WriteRow[] {
    return [...this.#rows.values()].sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  }

  /** @param ignore - rows that are not counted, a heartbeat for example */
  total(ignore: (row: WriteRow) => boolean = () => false): number {
    return this.rows().reduce((sum, row) => (ignore(row) ? sum : sum + row.count), 0);
  }
}
