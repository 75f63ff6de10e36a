import type {ImportView, View, ViewChange} from '../../src/clusterset/view.ts';
import {ByteWriter} from '../wire/byte-writer.ts';
import {prepend, prependAll} from '../wire/name.ts';
import type {WireName} from '../wire/name.ts';
import {apexNodes, nameServerAddresses} from './apex.ts';
import {clusterFacts, staleAtMs} from './cluster-facts.ts';
import type {ClusterFact} from './cluster-facts.ts';
import {ClustersetSender} from './clusterset-update.ts';
import type {ClustersetUpdate} from './clusterset-update.ts';
import {dirtyImports, dottedIds} from './dirty-imports.ts';
import {encodeGroup} from './encode-group.ts';
import type {Group} from './encode-group.ts';
import {encodeImportFacts} from './import-facts.ts';
import {namesOfImport} from './names-of-import.ts';
import {emptyNode} from './node-tree.ts';
import type {SkippedName} from './node-tree.ts';
import {gatewayAnswer, headlessLeftOut, refusedClusters, sourcesOf} from './routing.ts';

/** Big enough that slabs cost nothing by number, small enough that one that is mostly replaced holds back little. */
const SLAB_BYTES = 256 * 1024;

export interface ZoneOptions {
  readonly zone: WireName;
  /** Where an import does not say otherwise. */
  readonly ttlSeconds: number;
  /** What a ClusterSetIP import is answered with. Default: its `ips`. */
  readonly answer?: DnsAnswer;
  /** `namespace/name` of the Service in front of the server. Undefined: the name server has no address. */
  readonly nameServer?: string;
}

export type DnsAnswer = 'vips' | 'gateways';

export interface CompiledChange {
  /** To be applied in this order; see encode-group.ts for the form. Empty: answers are as they were. */
  readonly slabs: readonly ArrayBuffer[];
  /** Imports of which names were skipped, or are no longer, by key. An empty list: all of its names are served. */
  readonly skipped: ReadonlyMap<string, readonly SkippedName[]>;
  /** For explanations; to be learnt before the slabs are applied. */
  readonly clusterset?: ClustersetUpdate;
}

/** What a zone that was compiled by somebody else holds. */
export interface AdoptedZone {
  readonly groups: Iterable<WireName>;
  readonly serial: number;
  /** Cluster ids in the order of their numbers. */
  readonly ids: readonly string[];
  readonly policies: ClustersetUpdate['policies'];
}

/**
 * Turns views into packed answers, recompiling only what a change names. No clock, no I/O: what it returns after any sequence
 * of views is, applied in order, what a new compiler returns for the last of them.
 */
export class ZoneCompiler {
  readonly #options: ZoneOptions;
  readonly #svc: WireName;
  /** What is served now: keys of the view → the groups compiled for them. A namespace and an import differ in depth, so their groups never meet. */
  readonly #imports = new Map<string, WireName>();
  readonly #namespaces = new Map<string, WireName>();
  /** Imports with names that are skipped. */
  readonly #incomplete = new Set<string>();
  readonly #sender = new ClustersetSender();
  #adopted: ReadonlySet<WireName> = new Set();
  #facts: ReadonlyMap<string, ClusterFact> = new Map();
  #dottedIds: ReadonlySet<string> = new Set();
  #view: View | undefined;
  #glue = '';
  #serial = 0;
  readonly #writer = new ByteWriter(2 * SLAB_BYTES);
  #slabs: ArrayBuffer[] = [];
  #skipped = new Map<string, readonly SkippedName[]>();

  constructor(options: ZoneOptions) {
    this.#options = options;
    this.#svc = prepend('svc', options.zone) ?? options.zone;
  }

  get serial(): number {
    return this.#serial;
  }

  /** Cluster ids in the order of their numbers. */
  get clusterIds(): readonly string[] {
    return this.#sender.ids;
  }

  /** What the tables hold before the first compile, so that it takes away what is not in its view. */
  adopt({groups, serial, ids, policies}: AdoptedZone): void {
    this.#adopted = new Set(groups);
    this.#serial = serial;
    this.#sender.adopt(ids, policies);
  }

  /** @param view - a synced one; before that there is nothing to compile */
  compile(view: View, change: ViewChange): CompiledChange {
    const before = this.#view;
    const slabs =
      before === undefined || change.all ? [...this.#compileAll(view)] : this.#compileChange(before, view, change);
    const skipped = this.#skipped;
    this.#skipped = new Map();
    const clusterset = this.#sender.update(view);
    return {slabs, skipped, ...(clusterset ? {clusterset} : {})};
  }

  /** The whole zone, a slab at a time, for whoever wants to breathe in between. The view is a new compiler's first. */
  *compileInParts(view: View): Generator<ArrayBuffer, ClustersetUpdate | undefined> {
    yield* this.#compileAll(view);
    return this.#sender.update(view);
  }

  #compileChange(before: View, view: View, change: ViewChange): ArrayBuffer[] {
    const gateways = this.#options.answer === 'gateways';
    const {imports, facts} = dirtyImports({view: before, facts: this.#facts}, {view, change, gateways});
    this.#look(view, facts);
    this.#updateNamespaces(view, change.namespaces, imports);
    for (const key of imports) this.#updateImport(view, key);
    if (this.#slabs.length > 0 || this.#writer.length > 0 || this.#glue !== this.#glueOf(view)) this.#updateApex(view);
    this.#flush();
    return this.#takeSlabs();
  }

  *#compileAll(view: View): Generator<ArrayBuffer, void> {
    const routed = this.#options.answer === 'gateways' || view.importPolicies.size > 0;
    this.#look(view, clusterFacts(view, routed));
    this.#updateNamespaces(view, new Set([...this.#namespaces.keys(), ...view.namespaces.keys()]));
    for (const key of this.#imports.keys()) if (!view.imports.has(key)) this.#updateImport(view, key);
    for (const key of view.imports.keys()) {
      this.#updateImport(view, key);
      if (this.#slabs.length > 0) yield* this.#takeSlabs();
    }
    this.#dropAdopted();
    this.#updateApex(view);
    this.#flush();
    yield* this.#takeSlabs();
  }

  #look(view: View, facts: ReadonlyMap<string, ClusterFact>): void {
    this.#view = view;
    this.#facts = facts;
    this.#dottedIds = new Set(dottedIds(view));
  }

  /**
   * Rule D20: names resolve only below namespaces that exist here. One that came or went takes its imports with it.
   *
   * @param dirty - takes the keys of these imports; left out where all are compiled anyhow
   */
  #updateNamespaces(view: View, changed: ReadonlySet<string>, dirty?: Set<string>): void {
    const flipped = new Set<string>();
    for (const name of changed) {
      const exists = view.namespaces.has(name);
      const served = this.#namespaces.get(name);
      if (exists === (served !== undefined)) continue;
      flipped.add(name);
      const group = served ?? prepend(name, this.#svc);
      if (group === undefined) continue;
      if (exists) this.#namespaces.set(name, group);
      else this.#namespaces.delete(name);
      this.#encode({key: group, nodes: exists ? new Map([[group, emptyNode()]]) : new Map()});
    }
    if (flipped.size === 0 || dirty === undefined) return;
    for (const [key, service] of view.imports) if (flipped.has(service.namespace)) dirty.add(key);
  }

  #updateImport(view: View, key: string): void {
    const service = view.imports.get(key);
    const served = this.#imports.get(key);
    if (service && view.namespaces.has(service.namespace)) {
      this.#serve(key, service, view);
      return;
    }
    this.#noteSkipped(key, []);
    if (!served) return;
    this.#imports.delete(key);
    this.#encode({key: served, nodes: new Map()});
  }

  #serve(key: string, service: ImportView, view: View): void {
    const base = prependAll([service.name, service.namespace], this.#svc);
    if (base === undefined || service.name.includes('.')) {
      this.#noteSkipped(key, [{name: key, reason: 'the service is not one DNS label, or the name is over 255 octets'}]);
      return;
    }
    const refused = refusedClusters(service, view);
    const answered = this.#answered(service, view, refused);
    const names = namesOfImport(service, {
      base,
      answers: (cluster) => answered.includes(cluster),
      isRefused: service.clusters.length > 0 && service.clusters.every((id) => refused.has(id)),
      gateways: this.#options.answer === 'gateways' ? gatewayAnswer(service, view) : 'vips',
      dottedIds: this.#dottedIds,
    });
    this.#noteSkipped(key, names.skipped);
    this.#imports.set(key, base);
    this.#encode({
      key: base,
      nodes: names.nodes,
      facts: encodeImportFacts({outcome: names.outcome, refused}, service, (id) => this.#sender.numberOf(id)),
      ttlSeconds: service.ttlSeconds ?? this.#options.ttlSeconds,
      staleAtMs: staleAtMs(service.type, answered, this.#facts),
    });
  }

  /** Headless: whose endpoints are answered. ClusterSetIP: who may carry it. */
  #answered(service: ImportView, view: View, refused: ReadonlySet<string>): readonly string[] {
    if (service.type !== 'Headless') {
      return refused.size === 0 ? service.clusters : service.clusters.filter((id) => !refused.has(id));
    }
    const leftOut = headlessLeftOut(service, view, refused);
    const withSlices = new Set(service.slices.map((slice) => slice.sourceCluster));
    return sourcesOf(service).filter((id) => withSlices.has(id) && !leftOut.has(id));
  }

  #noteSkipped(key: string, skipped: readonly SkippedName[]): void {
    if (skipped.length === 0 && !this.#incomplete.delete(key)) return;
    if (skipped.length > 0) this.#incomplete.add(key);
    this.#skipped.set(key, skipped);
  }

  #dropAdopted(): void {
    const served = new Set([...this.#imports.values(), ...this.#namespaces.values(), this.#options.zone]);
    for (const key of this.#adopted) if (!served.has(key)) this.#encode({key, nodes: new Map()});
    this.#adopted = new Set();
  }

  /** The serial follows the clock but never stands still or goes back over a change (RFC 1982 needs it to grow). */
  #updateApex(view: View): void {
    const {zone, ttlSeconds, nameServer} = this.#options;
    this.#serial = Math.max(this.#serial + 1, Math.floor(view.atMs / 1000)) >>> 0;
    this.#glue = this.#glueOf(view);
    const glue = nameServer === undefined ? [] : nameServerAddresses(view, nameServer);
    this.#encode({key: zone, nodes: apexNodes(zone, {ttlSeconds, serial: this.#serial, glue})});
  }

  #glueOf(view: View): string {
    const {nameServer} = this.#options;
    return nameServer === undefined ? '' : (view.services.get(nameServer)?.clusterIPs ?? []).join(' ');
  }

  #encode(group: Omit<Group, 'ttlSeconds' | 'staleAtMs'> & Partial<Group>): void {
    encodeGroup(this.#writer, {ttlSeconds: this.#options.ttlSeconds, staleAtMs: 0, ...group});
    if (this.#writer.length >= SLAB_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#writer.length > 0) this.#slabs.push(this.#writer.take());
  }

  #takeSlabs(): ArrayBuffer[] {
    const slabs = this.#slabs;
    this.#slabs = [];
    return slabs;
  }
}
