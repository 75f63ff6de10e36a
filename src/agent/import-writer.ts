import type {Service, ServiceImport} from '../api/kinds.ts';
import {hasConditions, keyOf} from '../api/meta.ts';
import {AGENT_MANAGER, isManagedByHub} from '../api/names.ts';
import * as resources from '../api/resources.ts';
import type {View} from '../clusterset/view.ts';
import {isUpToDate} from '../kube/apply-if-different.ts';
import type {KubeClient} from '../kube/client.ts';
import {derivedAddresses} from './derived-service.ts';
import {DerivedWriter} from './derived-writer.ts';
import {headlessReach} from './headless-reach.ts';
import {buildImportAddresses, buildImportConditions} from './import-status.ts';
import {importNotes} from './import-notes.ts';
import type {SkippedName} from './import-notes.ts';
import type {AddressRefused} from './import-status.ts';
import type {Sources} from './sources.ts';
import type {VipBudget} from './vip-budget.ts';

export interface ImportWriterOptions {
  readonly client: KubeClient;
  readonly sources: Sources;
  readonly namespace: string;
  readonly view: () => View;
  /** How long a derived Service outlives its import, so that no cached answer ever points at somebody else's address. */
  readonly lingerMs: (key: string) => number;
  readonly budget: VipBudget;
  /** Names of an import that DNS leaves out. */
  readonly skippedNames: (key: string) => readonly SkippedName[];
  readonly nowMs: () => number;
}

/**
 * Keeps what the agent owns of each import: the derived Service and its slices, then the import's `ips`, then its
 * conditions. In this order, because an address is announced only when what it leads to exists (design §7).
 * Level-triggered: `reconcile` gets a key, compares the stores with what should be, and writes only a difference.
 */
export class ImportWriter {
  readonly #options: ImportWriterOptions;
  /** When each import was first missed. A restart starts the linger anew: longer is safe, shorter is not. */
  readonly #missedSinceMs = new Map<string, number>();
  readonly #derived: DerivedWriter;

  constructor(options: ImportWriterOptions) {
    this.#options = options;
    this.#derived = new DerivedWriter({...options, onNotMade: (key) => options.budget.release(key)});
  }

  async reconcile(key: string, signal: AbortSignal): Promise<void | {requeueAfterMs: number}> {
    const {sources} = this.#options;
    const object = sources.imports.store.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return this.#retire(key, signal);
    if (object.spec === undefined) return undefined;
    // Another controller's, under a name whose Service lingers on: its addresses are not ours to set.
    if (!isManagedByHub(object) && this.#derived.find(key) !== undefined) return this.#retire(key, signal);
    const notAccepted = this.#notAccepted(key);
    if (object.spec.type === 'Headless' || notAccepted !== undefined) {
      const later = await this.#retire(key, signal);
      const withoutAddresses = await this.#applyAddresses(object, [], signal);
      await this.#applyConditions(withoutAddresses, undefined, signal, notAccepted);
      return later;
    }
    this.#missedSinceMs.delete(key);
    return this.#serve(key, object, signal);
  }

  hasDerived(key: string): boolean {
    return this.#derived.find(key) !== undefined;
  }

  /** Lingers begin anew: while another replica wrote, an import may have come and gone unseen. */
  forget(): void {
    this.#missedSinceMs.clear();
    this.#derived.forget();
    this.#options.budget.forget();
  }

  /** Derived Service with its slices, addresses, conditions, in this order. */
  async #serve(key: string, object: ServiceImport, signal: AbortSignal): Promise<void> {
    const existing = this.#derived.find(key);
    const refusal = existing === undefined ? this.#options.budget.take(object) : undefined;
    if (refusal !== undefined) {
      // What somebody else imports keeps the addresses that it has.
      const isOurs = refusal.reason === 'VIPBudgetExhausted';
      const withoutAddresses = isOurs ? await this.#applyAddresses(object, [], signal) : object;
      await this.#applyConditions(withoutAddresses, undefined, signal, refusal);
      return;
    }
    const derived =
      existing === undefined
        ? await this.#derived.create(object, signal)
        : await this.#derived.mend(object, existing, signal);
    const announced = await this.#applyAddresses(object, derivedAddresses(derived), signal);
    await this.#applyConditions(announced, derived, signal);
  }

  /** Policies of this cluster keep all of its sources out: then nothing here may stand for it (design §10). */
  #notAccepted(key: string): AddressRefused | undefined {
    const {clusters, refused = []} = this.#options.view().imports.get(key) ?? {clusters: []};
    const [first] = refused;
    return clusters.length === 0 && first !== undefined ? {reason: 'NotAccepted', message: first.message} : undefined;
  }

  /** @returns the import as it is then: its generation is another one, and conditions say of which they speak */
  async #applyAddresses(object: ServiceImport, ips: readonly string[], signal: AbortSignal): Promise<ServiceImport> {
    const desired = buildImportAddresses(object, ips);
    // Addresses to give up don't show in what is desired: the claim goes by an apply that leaves them out.
    const hasOthers = ips.length === 0 && (object.spec?.ips ?? []).length > 0;
    if (!hasOthers && isUpToDate(object, desired)) return object;
    // Forced: whoever set other addresses took the field over, and a conflict would not heal by itself.
    return this.#options.client.apply<ServiceImport>(resources.serviceImports, desired, {
      fieldManager: AGENT_MANAGER,
      force: true,
      signal,
    });
  }

  async #applyConditions(
    object: ServiceImport,
    derived: Service | undefined,
    signal: AbortSignal,
    refusal?: AddressRefused,
  ): Promise<void> {
    const reach = object.spec?.type === 'Headless' ? this.#reach(object) : undefined;
    const notes = this.#notes(keyOf(object.metadata));
    const desired = buildImportConditions(object, {derived, refusal, reach, notes}, this.#options.nowMs());
    if (hasConditions(object.status?.conditions, desired.status.conditions)) return;
    await this.#options.client.apply(resources.serviceImports, desired, {
      fieldManager: AGENT_MANAGER,
      force: true,
      subresource: 'status',
      signal,
    });
  }

  #notes(key: string): readonly string[] {
    const {view, skippedNames} = this.#options;
    return importNotes(view().imports.get(key)?.refusedAddresses ?? [], skippedNames(key));
  }

  #reach({metadata}: ServiceImport): ReturnType<typeof headlessReach> | undefined {
    const view = this.#options.view();
    const imported = view.imports.get(keyOf(metadata));
    return imported && headlessReach(imported, view);
  }

  /** The import is gone (or headless now): the derived Service stays for its linger, then goes, slices with it. */
  async #retire(key: string, signal: AbortSignal): Promise<void | {requeueAfterMs: number}> {
    const derived = this.#derived.find(key);
    this.#options.budget.release(key);
    if (derived === undefined) {
      this.#missedSinceMs.delete(key);
      await this.#derived.removeLeftSlices(key, signal);
      return undefined;
    }
    const nowMs = this.#options.nowMs();
    const since = this.#missedSinceMs.get(key) ?? nowMs;
    this.#missedSinceMs.set(key, since);
    const leftMs = since + this.#options.lingerMs(key) - nowMs;
    if (leftMs > 0) return {requeueAfterMs: leftMs};
    await this.#derived.remove(derived, signal);
    return undefined;
  }
}
