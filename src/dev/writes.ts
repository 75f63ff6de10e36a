/** One kind of write to one object, and how often it happened. */
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

/** The write requests of clients, as far as every kind of cluster can count them: a real one does not say what they changed. */
export interface RequestCounts {
  /** What clients asked for, most frequent first: refused, without effect, or not. */
  requests(): readonly WriteRow[];
  reset(): void;
}

type Write = Omit<WriteRow, 'count'>;
type Rows = Map<string, WriteRow>;

/**
 * Counts the writes that changed something, and the write requests of clients, whatever became of them: a no-op apply is a request and
 * no change. It is how tests show that a quiet clusterset is quiet (design §14: no API write where nothing changed but the heartbeats).
 */
export class WriteCounter implements RequestCounts {
  readonly #changes: Rows = new Map();
  readonly #requests: Rows = new Map();

  /** A write that changed something, a controller's as well. */
  record(write: Write): void {
    count(this.#changes, write);
  }

  /** A client's write request that is done: refused, without effect, or not. The name of a refused create is empty. */
  recordRequest(write: Write): void {
    count(this.#requests, write);
  }

  reset(): void {
    this.#changes.clear();
    this.#requests.clear();
  }

  /** What changed something, most frequent first. */
  rows(): readonly WriteRow[] {
    return sorted(this.#changes);
  }

  /** What clients asked for, most frequent first. */
  requests(): readonly WriteRow[] {
    return sorted(this.#requests);
  }

  /** @param ignore - rows that are not counted, a heartbeat for example */
  total(ignore: (row: WriteRow) => boolean = () => false): number {
    return this.rows().reduce((sum, row) => (ignore(row) ? sum : sum + row.count), 0);
  }
}

function count(rows: Rows, write: Write): void {
  const key = JSON.stringify([write.resource, write.verb, write.manager, write.name]);
  rows.set(key, {...write, count: (rows.get(key)?.count ?? 0) + 1});
}

function sorted(rows: Rows): readonly WriteRow[] {
  return [...rows.values()].sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}
