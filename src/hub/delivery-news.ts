import type {Member} from './member.ts';
import type {Delivery} from './plan-export-status.ts';

export interface DeliveryNewsOptions {
  readonly members: ReadonlyMap<string, Pick<Member, 'session'>>;
  /** Ids of the clusters that export a name. */
  readonly exportersOf: (key: string) => readonly string[];
  /** How far the imports of a name have come. */
  readonly delivery: (key: string) => Delivery;
}

/**
 * Tells exporters how far the imports of their exports have come. Each of fifty members that gets one is a change; to the exporters
 * only few of them are news, and without this the start of a hub would tell each of them of each.
 */
export class DeliveryNews {
  readonly #options: DeliveryNewsOptions;
  readonly #told = new Map<string, string>();
  /** In this turn of the event loop: members that are compared at the same time have the same name at the same time. */
  #changed = new Set<string>();

  constructor(options: DeliveryNewsOptions) {
    this.#options = options;
  }

  /** The import of this name came, went or failed in some member. */
  note(key: string): void {
    if (this.#changed.size === 0) setImmediate(() => this.#tellChanged());
    this.#changed.add(key);
  }

  #tellChanged(): void {
    const changed = this.#changed;
    this.#changed = new Set();
    for (const key of changed) this.#tellNews(key);
  }

  #tellNews(key: string): void {
    const {members, exportersOf, delivery: deliveryOf} = this.#options;
    const exporters = exportersOf(key);
    if (exporters.length === 0) {
      this.#told.delete(key);
      return;
    }
    const delivery = deliveryOf(key);
    const text = JSON.stringify(delivery);
    const isNews = this.#told.get(key) !== text;
    this.#told.set(key, text);
    for (const cluster of exporters) {
      const session = members.get(cluster)?.session;
      // Who came later was told what was so then.
      const isWaiting = delivery.state !== 'Pending' && session?.isUndelivered(key) === true;
      if (isNews || isWaiting) session?.enqueue('export', [key]);
    }
  }

  /** What else their conditions say of the name may be different. */
  tell(key: string): void {
    const {members, exportersOf} = this.#options;
    for (const cluster of exportersOf(key)) members.get(cluster)?.session?.enqueue('export', [key]);
  }
}
