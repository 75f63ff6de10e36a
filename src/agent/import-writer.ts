import type {EndpointSlice, Service, ServiceImport} from '../api/kinds.ts';
import {hasConditions, keyOf, parseKey} from '../api/meta.ts';
import {
  AGENT_MANAGED_BY,
  AGENT_MANAGER,
  SERVICE_NAME_LABEL,
  SLICE_MANAGED_BY_LABEL,
  derivedServiceName,
} from '../api/names.ts';
import * as resources from '../api/resources.ts';
import type {View} from '../clusterset/view.ts';
import {isUpToDate} from '../kube/apply-if-different.ts';
import type {KubeClient} from '../kube/client.ts';
import {buildDerivedService, buildDerivedSlices, isDerivedIntact, repairedDerived} from './derived-service.ts';
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
  /** Names of derived Services that were mended, whose foreign slices have not been seen to go. */
  readonly #unswept = new Set<string>();

  constructor(options: ImportWriterOptions) {
    this.#options = options;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<void | {requeueAfterMs: number}> {
    const {sources} = this.#options;
    const object = sources.imports.store.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return this.#retire(key, signal);
    if (object.spec === undefined) return undefined;
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
    return this.#derived(key) !== undefined;
  }

  /** Lingers begin anew: while another replica wrote, an import may have come and gone unseen. */
  forget(): void {
    this.#missedSinceMs.clear();
    this.#options.budget.forget();
  }

  /** Derived Service, slices, addresses, conditions, in this order. */
  async #serve(key: string, object: ServiceImport, signal: AbortSignal): Promise<void> {
    const existing = this.#derived(key);
    const refusal = existing === undefined ? this.#options.budget.take(object) : undefined;
    if (refusal !== undefined) {
      // What somebody else imports keeps the addresses that it has.
      const isOurs = refusal.reason === 'VIPBudgetExhausted';
      const withoutAddresses = isOurs ? await this.#applyAddresses(object, [], signal) : object;
      await this.#applyConditions(withoutAddresses, undefined, signal, refusal);
      return;
    }
    const derived = await this.#applyDerived(object, existing, signal);
    await this.#applySlices(derived, signal);
    const announced = await this.#applyAddresses(object, derived.spec?.clusterIPs ?? [], signal);
    await this.#applyConditions(announced, derived, signal);
  }

  /** Policies of this cluster keep all of its sources out: then nothing here may stand for it (design §10). */
  #notAccepted(key: string): AddressRefused | undefined {
    const {clusters, refused = []} = this.#options.view().imports.get(key) ?? {clusters: []};
    const [first] = refused;
    return clusters.length === 0 && first !== undefined ? {reason: 'NotAccepted', message: first.message} : undefined;
  }

  #derived(key: string): Service | undefined {
    const {namespace: importNamespace = '', name} = parseKey(key);
    const derivedName = derivedServiceName(importNamespace, name);
    return this.#options.sources.services.store.get(keyOf({namespace: this.#options.namespace, name: derivedName}));
  }

  async #applyDerived(object: ServiceImport, existing: Service | undefined, signal: AbortSignal): Promise<Service> {
    const {client, namespace} = this.#options;
    const desired = buildDerivedService(object, namespace);
    if (existing === undefined) return this.#create(keyOf(object.metadata), desired, signal);
    if (isDerivedIntact(existing, desired)) {
      // A sweep that failed must not be forgotten because the Service itself is well again.
      if (this.#unswept.has(existing.metadata.name)) await this.#removeForeignSlices(existing, signal);
      return existing;
    }
    // Replaced whole: an apply can't take out what somebody else put in, such as a selector that leads to other pods.
    const repaired = repairedDerived(existing, desired);
    this.#unswept.add(existing.metadata.name);
    const written = await client.replace<Service>(resources.services, repaired, {fieldManager: AGENT_MANAGER, signal});
    await this.#removeForeignSlices(written, signal);
    return written;
  }

  async #create(importKey: string, desired: Service, signal: AbortSignal): Promise<Service> {
    const {client, budget} = this.#options;
    try {
      return await client.apply<Service>(resources.services, desired, {
        fieldManager: AGENT_MANAGER,
        force: true,
        signal,
      });
    } catch (error) {
      budget.release(importKey);
      throw error;
    }
  }

  /** Those that the cluster made while there was a selector stay when it goes (as upstream does), and lead to its pods. */
  async #removeForeignSlices(derived: Service, signal: AbortSignal): Promise<void> {
    const {namespace = '', name} = derived.metadata;
    const labelSelector = `${SERVICE_NAME_LABEL}=${name},${SLICE_MANAGED_BY_LABEL}!=${AGENT_MANAGED_BY}`;
    const {items} = await this.#options.client.list(resources.endpointSlices, {namespace, labelSelector, signal});
    for (const {metadata} of items) await this.#options.client.delete(resources.endpointSlices, metadata, {signal});
    this.#unswept.delete(name);
  }

  async #applySlices(derived: Service, signal: AbortSignal): Promise<void> {
    const missing = buildDerivedSlices(derived).filter((slice) => {
      const existing: EndpointSlice | undefined = this.#options.sources.slices.store.get(keyOf(slice.metadata));
      return existing === undefined || !isUpToDate(existing, slice);
    });
    // Of both families at once: names wait for them.
    await Promise.all(
      missing.map(async (slice) =>
        this.#options.client.apply(resources.endpointSlices, slice, {fieldManager: AGENT_MANAGER, force: true, signal}),
      ),
    );
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
    const derived = this.#derived(key);
    this.#options.budget.release(key);
    if (derived === undefined) {
      this.#missedSinceMs.delete(key);
      return undefined;
    }
    const nowMs = this.#options.nowMs();
    const since = this.#missedSinceMs.get(key) ?? nowMs;
    this.#missedSinceMs.set(key, since);
    const leftMs = since + this.#options.lingerMs(key) - nowMs;
    if (leftMs > 0) return {requeueAfterMs: leftMs};
    const {uid, name} = derived.metadata;
    this.#unswept.delete(name);
    await this.#options.client.delete(resources.services, derived.metadata, {
      ...(uid === undefined ? {} : {uid}),
      propagationPolicy: 'Background',
      signal,
    });
    return undefined;
  }
}
