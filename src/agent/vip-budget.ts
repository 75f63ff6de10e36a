import {keyOf} from '../api/meta.ts';
import {HUB_MANAGED_BY, MANAGED_BY_LABEL, isManagedByHub, isProtectedNamespace} from '../api/names.ts';
import type {ServiceImport} from '../api/kinds.ts';
import type {ImportView, View} from '../clusterset/view.ts';
import type {AddressRefused} from './import-status.ts';

export interface VipBudgetOptions {
  readonly maxVips: number;
  /** How many Services this cluster has addresses for; undefined: it doesn't say. */
  readonly serviceRangeSize: () => number | undefined;
  readonly ownNamespace: string;
  readonly view: () => View;
  /** Derived Services that exist, whatever import they stand for. */
  readonly derivedCount: () => number;
  readonly hasDerived: (importKey: string) => boolean;
}

/**
 * Which imports may have an address. A full service range would stop users from creating their own Services (design §9), so there
 * is a budget. Who has an address keeps it; of the others those in namespaces that are older than Isthmus come first, for
 * somebody used them before anything was imported.
 */
export class VipBudget {
  readonly #options: VipBudgetOptions;
  /** Let in, and the derived Service was not seen yet: several are being made at a time. */
  readonly #given = new Set<string>();
  readonly #waiting = new Set<string>();
  /** Imports of older namespaces that have no address, for one view. */
  #older: {readonly view: View; readonly keys: readonly string[]} | undefined;

  constructor(options: VipBudgetOptions) {
    this.#options = options;
  }

  /** @returns why it gets no address; undefined: there is one for it, until {@link release} or for as long as it is there */
  take(object: ServiceImport): AddressRefused | undefined {
    const {ownNamespace} = this.#options;
    const {namespace = ''} = object.metadata;
    const key = keyOf(object.metadata);
    if (!isManagedByHub(object)) {
      return {reason: 'NotImported', message: 'no hub of Isthmus wrote this import: nobody exports it'};
    }
    if (isProtectedNamespace(namespace, ownNamespace)) {
      return {
        reason: 'ProtectedNamespace',
        message: `namespace ${namespace} is protected: nothing is imported into it`,
      };
    }
    const message = this.#given.has(key) ? undefined : this.#exhausted(namespace);
    if (message !== undefined) {
      this.#waiting.add(key);
      return {reason: 'VIPBudgetExhausted', message};
    }
    this.#waiting.delete(key);
    this.#given.add(key);
    return undefined;
  }

  /** It was not made after all, or the import is gone. */
  release(key: string): void {
    this.#given.delete(key);
    this.#waiting.delete(key);
  }

  /** Another replica writes from now on. */
  forget(): void {
    this.#given.clear();
    this.#waiting.clear();
  }

  /** Those that were refused and may be let in now, older namespaces first; no more than there are addresses for. */
  ready(): readonly string[] {
    if (this.#waiting.size === 0) return [];
    const free = this.#limit - this.#used();
    if (free <= 0) return [];
    const isOlder = (key: string): boolean => this.#isOlder(key.slice(0, key.indexOf('/')));
    return [...this.#waiting]
      .sort((a, b) => Number(isOlder(b)) - Number(isOlder(a)) || (a < b ? -1 : 1))
      .slice(0, free);
  }

  #exhausted(namespace: string): string | undefined {
    const limit = this.#limit;
    const {maxVips} = this.#options;
    const remedy =
      limit < maxVips
        ? 'half of the addresses for Services is the most; add a ServiceCIDR, or import fewer services'
        : 'raise --max-vips, or import fewer services';
    const used = this.#used();
    if (used >= limit) return `${used} of ${limit} gateway VIPs are in use; ${remedy}`;
    if (this.#isOlder(namespace) || used + this.#countOlder(limit - used) < limit) return undefined;
    return `what is left of ${limit} gateway VIPs is for namespaces older than Isthmus; ${remedy}`;
  }

  get #limit(): number {
    const {maxVips, serviceRangeSize} = this.#options;
    return Math.min(maxVips, Math.floor((serviceRangeSize() ?? Infinity) / 2));
  }

  #used(): number {
    const {derivedCount, hasDerived} = this.#options;
    for (const key of this.#given) if (hasDerived(key)) this.#given.delete(key);
    return derivedCount() + this.#given.size;
  }

  #isOlder(namespace: string): boolean {
    const {view, ownNamespace} = this.#options;
    const {namespaces} = view();
    const since = namespaces.get(ownNamespace)?.createdAtMs;
    const createdAtMs = namespaces.get(namespace)?.createdAtMs;
    return since !== undefined && createdAtMs !== undefined && createdAtMs < since;
  }

  /** Imports that come first and wait. Not counted where there is enough for all. */
  #countOlder(free: number): number {
    const {view, hasDerived} = this.#options;
    const now = view();
    if (now.imports.size <= free) return 0;
    if (this.#older?.view !== now) {
      const keys = [...now.imports].filter(([, imported]) => this.#comesFirst(imported)).map(([key]) => key);
      this.#older = {view: now, keys};
    }
    return this.#older.keys.filter((key) => !this.#given.has(key) && !hasDerived(key)).length;
  }

  #comesFirst({type, labels = {}, namespace, clusters, refused = []}: ImportView): boolean {
    if (type === 'Headless' || labels[MANAGED_BY_LABEL] !== HUB_MANAGED_BY) return false;
    if (isProtectedNamespace(namespace, this.#options.ownNamespace)) return false;
    return this.#isOlder(namespace) && (clusters.length > 0 || refused.length === 0);
  }
}
