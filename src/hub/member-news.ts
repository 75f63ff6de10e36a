import type {DeliveryNews} from './delivery-news.ts';
import type {Member} from './member.ts';
import {refusalOf} from './member-refusal.ts';
import {copyKeyOf, type PolicyKind} from './policy-kinds.ts';
import {wordOf} from './said-elsewhere.ts';

export interface MemberNewsOptions {
  readonly members: ReadonlyMap<string, Member>;
  readonly delivery: Pick<DeliveryNews, 'tell'>;
  /** How many slices members have may be different. */
  readonly onSlices: () => void;
}

/**
 * What all members are told to look at again, because something changed in one of them or in the hub. Level-triggered: they get
 * keys, never contents.
 */
export class MemberNews {
  readonly #options: MemberNewsOptions;
  /** What others were last told to look at again because of one. */
  readonly #told = new Map<string, string>();
  /** Of those that answer and let nobody write: each export that they have not got says so. */
  readonly #refusals = new Map<string, string>();
  /** Names whose source slices changed in this turn of the event loop. */
  #changedSlices = new Set<string>();

  constructor(options: MemberNewsOptions) {
    this.#options = options;
  }

  policies(kind: PolicyKind, keys: readonly string[]): void {
    for (const {session} of this.#members()) session?.enqueue(kind, keys.map(copyKeyOf));
  }

  exports(keys: ReadonlySet<string>): void {
    for (const {session} of this.#members()) session?.enqueueNames(keys);
  }

  /** Source slices of a name changed. */
  slices(key: string): void {
    if (this.#changedSlices.size === 0) setImmediate(() => this.#tellSlices());
    this.#changedSlices.add(key);
  }

  /** The gateway of one has other addresses, or is another one's. */
  gateway({id, accepted}: Member): void {
    const keys = [...accepted.keys()];
    for (const {session} of this.#members()) {
      session?.enqueue('remote-cluster', [id]);
      session?.enqueue('flomesh-import', keys);
    }
  }

  /** Its state may be different; others are told only of what they show or wait for. */
  member({id, cluster, api, connection, session, hasJoined}: Member): void {
    this.#noteRefusal(id, session?.isWriting === true ? undefined : refusalOf(cluster));
    const isElsewhere = session?.isWrittenElsewhere === true;
    // Who waits for it is told why, where another replica says so.
    const isWritten = [session?.isWriting, isElsewhere, isElsewhere ? wordOf(cluster) : ''].join();
    const news = [api?.state, connection?.version, hasJoined, isWritten, connection?.refusal?.reason].join();
    if (this.#told.get(id) === news) return;
    this.#told.set(id, news);
    for (const other of this.#members()) {
      other.session?.enqueue('remote-cluster', [id]);
      other.session?.enqueueUndelivered();
    }
  }

  /** It is no member any more. */
  left(id: string): void {
    this.#told.delete(id);
    this.#noteRefusal(id, undefined);
    for (const {session} of this.#members()) session?.enqueue('remote-cluster', [id]);
  }

  #noteRefusal(id: string, refusal: string | undefined): void {
    if (this.#refusals.get(id) === refusal) return;
    if (refusal === undefined) this.#refusals.delete(id);
    else this.#refusals.set(id, refusal);
    for (const {session, accepted} of this.#members()) session?.enqueue('export', accepted.keys());
  }

  #tellSlices(): void {
    const changed = this.#changedSlices;
    this.#changedSlices = new Set();
    this.#options.onSlices();
    for (const {session} of this.#members()) {
      session?.enqueue('slices', changed);
      // It says whether there are any.
      session?.enqueue('import', changed);
    }
    // Endpoints that a member can't use are told on the export.
    for (const key of changed) this.#options.delivery.tell(key);
  }

  #members(): Iterable<Member> {
    return this.#options.members.values();
  }
}
