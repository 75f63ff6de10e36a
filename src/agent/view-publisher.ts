import {isDeepStrictEqual} from 'node:util';

import type {EndpointSlice} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {keyOf, parseKey} from '../api/meta.ts';
import {
  HUB_VALIDATOR_CONFIGURATION,
  MCS_SERVICE_NAME_LABEL,
  SERVICE_NAME_LABEL,
  derivedServiceName,
} from '../api/names.ts';
import type {GatewaysState} from '../clusterset/gateway-suspicion.ts';
import {effectiveTrafficPolicies} from '../clusterset/effective-policy.ts';
import type {ServiceRanges} from '../clusterset/service-ranges.ts';
import {isStalenessDue} from '../clusterset/staleness.ts';
import type {HubSignal, ImportView, View, ViewChange} from '../clusterset/view.ts';
import {LabelIndex} from '../kube/label-index.ts';
import {AcceptedImports} from './accepted-imports.ts';
import {API_SERVER_SERVICE, AddressRules} from './address-rules.ts';
import {importKeyOf} from './derived-service.ts';
import {HubHeartbeat} from './hub-heartbeat.ts';
import {toImportView} from './import-view.ts';
import {
  toClusterView,
  toDefaultRouting,
  toLocalExportView,
  toLocalServiceView,
  toNamespaceView,
} from './object-views.ts';
import type {SourceName, Sources} from './sources.ts';
import {areSourcesSynced} from './sources.ts';

export type ViewListener = (view: View, change: ViewChange) => void;

/** Local objects that changed with a view, by key: of concern to the writers alone. */
export interface LocalChange {
  /** Of which anything is different, also what no view says. */
  readonly imports: ReadonlySet<string>;
  readonly exports: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
}

export interface ViewPublisherOptions {
  readonly sources: () => Sources;
  readonly clusterId: string;
  readonly namespace: string;
  readonly development: boolean;
  readonly nowMs: () => number;
  /** As they are probed from here. */
  readonly gateways: () => GatewaysState;
  readonly onPublish: (view: View, change: ViewChange, local: LocalChange) => void;
}

interface Pending {
  readonly imports: Set<string>;
  readonly namespaces: Set<string>;
  readonly exports: Set<string>;
  readonly services: Set<string>;
  clusterset: boolean;
  /** What addresses are judged by may be different. */
  rules: boolean;
}

const nothingPending = (): Pending => ({
  imports: new Set(),
  namespaces: new Set(),
  exports: new Set(),
  services: new Set(),
  clusterset: false,
  rules: false,
});

/**
 * Makes the views. Changes of one turn of the event loop become one view; only what changed is converted again, the rest
 * is shared with the view before. Nothing is published before every source is synced: a half-read world would make
 * NXDOMAIN of names that exist.
 */
export class ViewPublisher {
  readonly #options: ViewPublisherOptions;
  readonly #heartbeat = new HubHeartbeat();
  readonly #derivedSlices = new LabelIndex<EndpointSlice>(SERVICE_NAME_LABEL);
  readonly #importedSlices = new LabelIndex<EndpointSlice>(MCS_SERVICE_NAME_LABEL);
  /** Which import a derived Service stands for, kept to know what a deleted one stood for. */
  readonly #derivedFor = new Map<string, string>();
  /** Imports as the hub wrote them. */
  #written: ReadonlyMap<string, ImportView> = new Map();
  readonly #accepted = new AcceptedImports();
  readonly #rules: AddressRules;
  /** Of the last view that was published because of clusters, gateways or the hub: what was Stale then was told. */
  #clustersetAtMs = 0;
  #pending = nothingPending();
  #scheduled = false;
  #view: View;

  constructor(options: ViewPublisherOptions) {
    this.#options = options;
    this.#rules = new AddressRules(options);
    this.#view = emptyView(options);
  }

  get view(): View {
    return this.#view;
  }

  /** Derived Services that exist now, for the VIP budget. */
  get derivedCount(): number {
    return this.#derivedFor.size;
  }

  /** As far as this cluster says. */
  get serviceRanges(): ServiceRanges {
    return this.#rules.ranges;
  }

  /** To be called by the reflectors, after their store has changed. */
  noteChange(source: SourceName, keys: readonly string[]): void {
    const sources = this.#options.sources();
    for (const key of keys) this.#note(source, key, sources);
    this.#schedule();
  }

  /** Time passes too: to be called now and then, so that an expired heartbeat and a stale source show without any event. */
  noteTime(): void {
    const nowMs = this.#options.nowMs();
    if (!this.#isHubNews(nowMs) && !isStalenessDue({...this.#view, atMs: this.#clustersetAtMs}, nowMs)) return;
    this.#pending.clusterset = true;
    this.#schedule();
  }

  /** What is told of gateways is different now. */
  noteGateways(): void {
    this.#pending.clusterset = true;
    this.#schedule();
  }

  /** Publishes at the first moment at which everything is synced; false: not yet. */
  publishWhenSynced(): boolean {
    if (!this.#view.synced) this.#publish();
    return this.#view.synced;
  }

  #note(source: SourceName, key: string, sources: Sources): void {
    const pending = this.#pending;
    switch (source) {
      case 'imports':
        pending.imports.add(key);
        break;
      case 'exports':
      case 'flomeshExports':
      case 'flomeshMcsExports':
        pending.exports.add(key);
        break;
      case 'services':
        pending.services.add(key);
        if (key === API_SERVER_SERVICE) pending.rules = true;
        this.#noteDerived(key, sources);
        break;
      case 'slices':
        this.#noteSlice(key, sources);
        break;
      case 'namespaces':
        pending.namespaces.add(key);
        break;
      case 'hubLease':
        this.#heartbeat.observe(sources.hubLease.store.get(key), this.#options.nowMs());
        pending.clusterset ||= this.#isHubNews(this.#options.nowMs());
        break;
      case 'serviceCIDRs':
        pending.rules = true;
        break;
      case 'clusters':
        pending.clusterset = true;
        pending.rules = true;
        break;
      case 'exportPolicies':
      case 'importPolicies':
      case 'trafficPolicies':
      case 'hubValidator':
        pending.clusterset = true;
        break;
      default:
        source satisfies never;
    }
  }

  /** Each heartbeat by itself is none. */
  #isHubNews(nowMs: number): boolean {
    const [now, told] = [this.#heartbeat.signal(nowMs), this.#view.hub];
    return now.state !== told.state || isUnconfirmed(now) !== isUnconfirmed(told);
  }

  #noteDerived(key: string, sources: Sources): void {
    if (parseKey(key).namespace !== this.#options.namespace) return;
    const service = sources.services.store.get(key);
    // One whose labels somebody took away still stands for its import: it has to be mended, not forgotten.
    const importKey = (service && importKeyOf(service)) ?? this.#derivedFor.get(key);
    if (importKey === undefined) return;
    if (service === undefined) this.#derivedFor.delete(key);
    else this.#derivedFor.set(key, importKey);
    this.#pending.imports.add(importKey);
  }

  #noteSlice(key: string, sources: Sources): void {
    const slice = sources.slices.store.get(key);
    for (const service of this.#derivedSlices.set(key, slice)) {
      // One whose Service is not there, or not yet, speaks for itself.
      const isOurs = parseKey(service).namespace === this.#options.namespace;
      const importKey = this.#derivedFor.get(service) ?? (slice && isOurs ? importKeyOf(slice) : undefined);
      if (importKey !== undefined) this.#pending.imports.add(importKey);
    }
    for (const importKey of this.#importedSlices.set(key, slice)) this.#pending.imports.add(importKey);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the I/O of this turn: one watch chunk with a hundred events makes one view.
    setImmediate(() => {
      this.#scheduled = false;
      this.#publish();
    });
  }

  #publish(): void {
    const sources = this.#options.sources();
    if (!this.#view.synced && !areSourcesSynced(sources)) return;
    const pending = this.#view.synced ? this.#pending : everything(sources);
    if (pending.rules) this.#judgeAnew(sources, pending);
    if (!isWorthPublishing(pending)) return;
    this.#pending = nothingPending();
    if (pending.clusterset) this.#clustersetAtMs = this.#options.nowMs();
    const {view, changed} = this.#next(sources, pending);
    const change: ViewChange = {
      all: !this.#view.synced,
      imports: changed,
      namespaces: pending.namespaces,
      clusterset: pending.clusterset,
    };
    this.#view = view;
    this.#options.onPublish(this.#view, change, {
      imports: pending.imports,
      exports: pending.exports,
      services: pending.services,
    });
  }

  #judgeAnew(sources: Sources, pending: Pending): void {
    if (!this.#rules.update(sources)) return;
    for (const key of sources.imports.store.keys()) pending.imports.add(key);
    // Gateways are judged too.
    pending.clusterset = true;
  }

  /** @returns also the keys of the imports that are others than before, for whatever reason */
  #next(sources: Sources, pending: Pending): {readonly view: View; readonly changed: ReadonlySet<string>} {
    const {nowMs} = this.#options;
    const before = this.#view;
    const view: View = {
      ...before,
      revision: before.revision + 1,
      atMs: nowMs(),
      synced: true,
      namespaces: updated(before.namespaces, pending.namespaces, (key) =>
        convert(sources.namespaces.store.get(key), toNamespaceView),
      ),
      exports: updated(before.exports, pending.exports, (key) =>
        toLocalExportView(
          present<KubeObject>([
            sources.exports.store.get(key),
            sources.flomeshExports.store.get(key),
            sources.flomeshMcsExports.store.get(key),
          ]),
        ),
      ),
      services: updated(before.services, pending.services, (key) =>
        convert(sources.services.store.get(key), toLocalServiceView),
      ),
      ...(pending.clusterset ? this.#clusterset(sources) : {}),
    };
    const written = updated(this.#written, pending.imports, (key) =>
      convert(sources.imports.store.get(key), (object) => {
        const derived = this.#derivedKey(key);
        return toImportView(object, {
          derived: sources.services.store.get(derived),
          derivedSlices: this.#derivedSlices.of(derived),
          importedSlices: this.#importedSlices.of(key),
          refuse: (address, cluster) => this.#rules.refuse(address, cluster),
        });
      }),
    );
    // Most events of an import, its conditions above all, are none for who serves it: DNS would compile the same again.
    const news = [...pending.imports].filter((key) => !isDeepStrictEqual(written.get(key), this.#written.get(key)));
    this.#written = written;
    const {imports, changed} = this.#accepted.update(written, new Set(news), view);
    return {view: {...view, imports}, changed};
  }

  #clusterset(sources: Sources): Partial<View> {
    const {nowMs} = this.#options;
    const {health, suspectsItself} = this.#options.gateways();
    return {
      clusters: new Map(
        [...sources.clusters.store.entries()].map(([id, raw]) => [
          id,
          toClusterView(raw, (address) => this.#rules.refuse(address), health.get(id)),
        ]),
      ),
      exportPolicies: new Map(sources.exportPolicies.store.entries()),
      importPolicies: new Map(sources.importPolicies.store.entries()),
      trafficPolicies: new Map(
        [...effectiveTrafficPolicies(sources.trafficPolicies.store.values())].map(([key, {policy}]) => [key, policy]),
      ),
      ...toDefaultRouting(sources.clusters.store.get(this.#options.clusterId)),
      hub: this.#heartbeat.signal(nowMs()),
      suspectsItself,
      hubIsHere: (sources.hubValidator.store.get(HUB_VALIDATOR_CONFIGURATION)?.webhooks ?? []).length > 0,
    };
  }

  #derivedKey(importKey: string): string {
    const {namespace = '', name} = parseKey(importKey);
    return keyOf({namespace: this.#options.namespace, name: derivedServiceName(namespace, name)});
  }
}

function isUnconfirmed(hub: HubSignal): boolean {
  return hub.state === 'Alive' && hub.unconfirmed === true;
}

function emptyView(options: {clusterId: string; nowMs: () => number}): View {
  return {
    revision: 0,
    atMs: options.nowMs(),
    clusterId: options.clusterId,
    synced: false,
    namespaces: new Map(),
    imports: new Map(),
    clusters: new Map(),
    exports: new Map(),
    services: new Map(),
    exportPolicies: new Map(),
    importPolicies: new Map(),
    trafficPolicies: new Map(),
    hub: {state: 'Never'},
    hubIsHere: false,
  };
}

function everything(sources: Sources): Pending {
  return {
    imports: new Set(sources.imports.store.keys()),
    namespaces: new Set(sources.namespaces.store.keys()),
    exports: new Set([
      ...sources.exports.store.keys(),
      ...sources.flomeshExports.store.keys(),
      ...sources.flomeshMcsExports.store.keys(),
    ]),
    services: new Set(sources.services.store.keys()),
    clusterset: true,
    rules: true,
  };
}

function isWorthPublishing(pending: Pending): boolean {
  const {imports, namespaces, exports, services, clusterset} = pending;
  return clusterset || imports.size + namespaces.size + exports.size + services.size > 0;
}

/** A copy with these keys taken anew; the very same map where no key changed, so that consumers can compare by identity. */
function updated<T>(
  before: ReadonlyMap<string, T>,
  keys: ReadonlySet<string>,
  read: (key: string) => T | undefined,
): ReadonlyMap<string, T> {
  if (keys.size === 0) return before;
  const after = new Map(before);
  for (const key of keys) {
    const value = read(key);
    if (value === undefined) after.delete(key);
    else after.set(key, value);
  }
  return after;
}

function convert<A, B>(value: A | undefined, to: (value: A) => B): B | undefined {
  return value === undefined ? undefined : to(value);
}

function present<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined);
}
