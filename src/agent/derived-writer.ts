import type {EndpointSlice, IPFamily, Service, ServiceImport} from '../api/kinds.ts';
import {keyOf, parseKey} from '../api/meta.ts';
import {
  AGENT_MANAGED_BY,
  AGENT_MANAGER,
  SERVICE_NAME_LABEL,
  SLICE_MANAGED_BY_LABEL,
  derivedServiceName,
} from '../api/names.ts';
import * as resources from '../api/resources.ts';
import {isUpToDate} from '../kube/apply-if-different.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import {
  buildDerivedService,
  buildDerivedSlices,
  derivedSliceName,
  isDerivedIntact,
  repairedDerived,
} from './derived-service.ts';
import type {Sources} from './sources.ts';

export interface DerivedWriterOptions {
  readonly client: KubeClient;
  readonly sources: Pick<Sources, 'services' | 'slices'>;
  readonly namespace: string;
  /** There is no derived Service of this import after all. */
  readonly onNotMade: (importKey: string) => void;
}

const FAMILIES: readonly IPFamily[] = ['IPv4', 'IPv6'];

/**
 * Makes, mends and removes derived Services with their slices (design §9). A Service and its slices are written at the same
 * time, since names wait for both (docs/decisions/0010): which families there will be is what the Service before had.
 */
export class DerivedWriter {
  readonly #options: DerivedWriterOptions;
  /** Of the newest derived Service: a guess, corrected when the next one is answered. */
  #families: readonly IPFamily[] = [];
  /** Names of derived Services that were mended, whose foreign slices have not been seen to go. */
  readonly #unswept = new Set<string>();
  /** Undefined: what a writer before this one left has not been looked for. */
  #survey: Promise<void> | undefined;

  constructor(options: DerivedWriterOptions) {
    this.#options = options;
  }

  /** Another replica may have written since. */
  forget(): void {
    this.#survey = undefined;
  }

  /** @returns the derived Service of an import as last seen */
  find(importKey: string): Service | undefined {
    return this.#options.sources.services.store.get(this.#key(importKey));
  }

  /** Service and slices, both there when it returns; nothing goes on behind an error. */
  async create(object: ServiceImport, signal: AbortSignal): Promise<Service> {
    const desired = buildDerivedService(object, this.#options.namespace);
    const ahead = this.#families;
    const [made, written] = await Promise.allSettled([
      this.#createService(desired, signal),
      this.#applySlices(buildDerivedSlices(desired, ahead), signal),
    ]);
    if (made.status === 'rejected') {
      this.#options.onNotMade(keyOf(object.metadata));
      throw made.reason;
    }
    if (written.status === 'rejected') throw written.reason;
    const derived = made.value;
    const families = derived.spec?.ipFamilies ?? [];
    this.#families = families;
    const late = families.filter((family) => !ahead.includes(family));
    await this.#applySlices(buildDerivedSlices(derived, late), signal);
    return derived;
  }

  /** The same for one that is there: with the addresses it has, whatever has to be mended. */
  async mend(object: ServiceImport, existing: Service, signal: AbortSignal): Promise<Service> {
    const desired = buildDerivedService(object, this.#options.namespace);
    const derived = await this.#mendService(existing, desired, signal);
    const families = derived.spec?.ipFamilies ?? [];
    if (this.#families.length === 0) this.#families = families;
    await this.#applySlices(buildDerivedSlices(derived, families), signal);
    await this.#removeSlices(
      derived.metadata.name,
      FAMILIES.filter((family) => !families.includes(family)),
      signal,
    );
    return derived;
  }

  /** Slices first: as long as the Service is there somebody sees that something is left. */
  async remove(derived: Service, signal: AbortSignal): Promise<void> {
    const {uid, name} = derived.metadata;
    this.#unswept.delete(name);
    await this.#removeSlices(name, FAMILIES, signal);
    await this.#options.client.delete(resources.services, derived.metadata, {
      ...(uid === undefined ? {} : {uid}),
      propagationPolicy: 'Background',
      signal,
    });
  }

  /** Of an import that has no derived Service: those of one that was refused, or that somebody else deleted. */
  async removeLeftSlices(importKey: string, signal: AbortSignal): Promise<void> {
    await this.#removeSlices(parseKey(this.#key(importKey)).name, FAMILIES, signal);
  }

  /**
   * Not an apply: nothing is there yet, and a kube-apiserver reads nothing and owns no fields for a create. Where the store lags and it is
   * there all the same, it is taken as it is; a list of one name, because agents may not `get` Services.
   */
  async #createService(desired: Service, signal: AbortSignal): Promise<Service> {
    const {client} = this.#options;
    try {
      return await client.create(resources.services, desired, {fieldManager: AGENT_MANAGER, signal});
    } catch (error) {
      if (!(error instanceof KubeError && error.isAlreadyExists)) throw error;
      const {namespace = '', name} = desired.metadata;
      const fieldSelector = `metadata.name=${name}`;
      const {items} = await client.list<Service>(resources.services, {namespace, fieldSelector, signal});
      const [existing] = items;
      if (existing === undefined) throw error;
      return this.#mendService(existing, desired, signal);
    }
  }

  async #mendService(existing: Service, desired: Service, signal: AbortSignal): Promise<Service> {
    await this.#surveyed(signal);
    if (isDerivedIntact(existing, desired)) {
      // A sweep that failed must not be forgotten because the Service itself is well again.
      if (this.#unswept.has(existing.metadata.name)) await this.#removeForeignSlices(existing, signal);
      return existing;
    }
    // Replaced whole: an apply can't take out what somebody else put in, such as a selector that leads to other pods.
    const repaired = repairedDerived(existing, desired);
    this.#unswept.add(existing.metadata.name);
    const {client} = this.#options;
    const written = await client.replace<Service>(resources.services, repaired, {fieldManager: AGENT_MANAGER, signal});
    await this.#removeForeignSlices(written, signal);
    return written;
  }

  /** One that ended between mending a Service and sweeping left nothing but the slices themselves to tell of it. */
  async #surveyed(signal: AbortSignal): Promise<void> {
    this.#survey ??= this.#findUnswept(signal).catch((error: unknown) => {
      this.#survey = undefined;
      throw error;
    });
    await this.#survey;
  }

  async #findUnswept(signal: AbortSignal): Promise<void> {
    const {client, namespace} = this.#options;
    const labelSelector = `${SERVICE_NAME_LABEL},${SLICE_MANAGED_BY_LABEL}!=${AGENT_MANAGED_BY}`;
    const {items} = await client.list(resources.endpointSlices, {namespace, labelSelector, signal});
    for (const {metadata} of items) this.#unswept.add(metadata.labels?.[SERVICE_NAME_LABEL] ?? '');
  }

  /** Those that the cluster made while there was a selector stay when it goes (as upstream does), and lead to its pods. */
  async #removeForeignSlices(derived: Service, signal: AbortSignal): Promise<void> {
    const {namespace = '', name} = derived.metadata;
    const labelSelector = `${SERVICE_NAME_LABEL}=${name},${SLICE_MANAGED_BY_LABEL}!=${AGENT_MANAGED_BY}`;
    const {items} = await this.#options.client.list(resources.endpointSlices, {namespace, labelSelector, signal});
    for (const {metadata} of items) await this.#options.client.delete(resources.endpointSlices, metadata, {signal});
    this.#unswept.delete(name);
  }

  async #applySlices(slices: readonly EndpointSlice[], signal: AbortSignal): Promise<void> {
    const {client, sources} = this.#options;
    const missing = slices.filter((slice) => {
      const existing: EndpointSlice | undefined = sources.slices.store.get(keyOf(slice.metadata));
      return existing === undefined || !isUpToDate(existing, slice);
    });
    // Of both families at once: names wait for them.
    await Promise.all(
      missing.map(async (slice) =>
        client.apply(resources.endpointSlices, slice, {fieldManager: AGENT_MANAGER, force: true, signal}),
      ),
    );
  }

  async #removeSlices(service: string, families: readonly IPFamily[], signal: AbortSignal): Promise<void> {
    const {client, sources, namespace} = this.#options;
    for (const family of families) {
      const slice = sources.slices.store.get(keyOf({namespace, name: derivedSliceName(service, family)}));
      if (slice === undefined) continue;
      const {uid} = slice.metadata;
      await client.delete(resources.endpointSlices, slice.metadata, {...(uid === undefined ? {} : {uid}), signal});
    }
  }

  #key(importKey: string): string {
    const {namespace = '', name} = parseKey(importKey);
    return keyOf({namespace: this.#options.namespace, name: derivedServiceName(namespace, name)});
  }
}
