import type {ImportType} from '../api/kinds.ts';
import {isTargeted} from '../clusterset/target-clusters.ts';
import type {AcceptedExports} from './accepted-exports.ts';
import type {Consumer} from './clusterset-exports.ts';
import type {SliceUse} from './plan-slices.ts';

/** A member as exporter and as consumer. */
export interface BudgetedMember {
  readonly consumer: Consumer;
  readonly accepted: Pick<AcceptedExports, 'sliceCount' | 'slicesOf' | 'get' | 'keys'>;
}

export interface SliceBudgetOptions {
  /** `headless`: slices of ClusterSetIP imports are never imported. */
  readonly importSlices: 'all' | 'headless';
  /** So many slices a member, then only those of headless imports (design §3). */
  readonly limit: number;
  readonly members: ReadonlyMap<string, BudgetedMember>;
  /** False while the hub starts: it can't know how many there will be. */
  readonly isGathered: () => boolean;
  /** Members whose answer is another one now. */
  readonly onChange: (ids: readonly string[]) => void;
}

const REVIEW_EVERY_MS = 1_000;
/** Once over the limit, it is given up only clearly below it: at the limit it would go to and fro. */
const BACK_BELOW = 0.9;

/**
 * Decides for which imports endpoints are copied into a member: imported slices grow with exporters times members, and only
 * headless services can't do without.
 */
export class SliceBudget {
  readonly #options: SliceBudgetOptions;
  readonly #over = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #isDirty = false;

  constructor(options: SliceBudgetOptions) {
    this.#options = options;
  }

  use(consumer: Consumer, type: ImportType): SliceUse {
    if (type === 'Headless') return 'Imported';
    if (this.#options.importSlices === 'headless' || this.#over.has(consumer.id)) return 'NotImported';
    return this.#options.isGathered() ? 'Imported' : 'Undecided';
  }

  /** True where slices are left out because there would be too many. */
  isOver(id: string): boolean {
    return this.#over.has(id);
  }

  get limit(): number {
    return this.#options.limit;
  }

  /** Source slices or members changed. Counted at once, then at most once a second. */
  note(): void {
    this.#isDirty = true;
    if (this.#timer !== undefined) return;
    this.#review();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isDirty) this.note();
    }, REVIEW_EVERY_MS);
    this.#timer.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #review(): void {
    this.#isDirty = false;
    const {members, limit, importSlices, onChange} = this.#options;
    if (importSlices === 'headless') return;
    let total = 0;
    for (const {accepted} of members.values()) total += accepted.sliceCount;
    if (total <= limit * BACK_BELOW && this.#over.size === 0) return;
    const changed: string[] = [];
    const count = this.#counter(total);
    for (const [id, {consumer}] of members) {
      const wasOver = this.#over.has(id);
      const isOver = count(consumer) > limit * (wasOver ? BACK_BELOW : 1);
      if (isOver) this.#over.add(id);
      else this.#over.delete(id);
      if (isOver !== wasOver) changed.push(id);
    }
    for (const id of this.#over) if (!members.has(id)) this.#over.delete(id);
    if (changed.length > 0) onChange(changed);
  }

  /** Most exports are for everybody; only the others are looked at for each consumer. */
  #counter(total: number): (consumer: Consumer) => number {
    const targeted = [...this.#options.members.values()].flatMap(({accepted}) =>
      [...accepted.keys()].flatMap((key) => {
        const exported = accepted.get(key);
        const slices = accepted.slicesOf(key)?.length ?? 0;
        return exported?.flomesh?.targetClusters.length && slices > 0 ? [{exported, slices}] : [];
      }),
    );
    return (consumer) =>
      targeted.reduce((sum, {exported, slices}) => (isTargeted(exported, consumer) ? sum : sum - slices), total);
  }
}
