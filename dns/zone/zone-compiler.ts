import type {ImportView, View, ViewChange} from '../../src/clusterset/view.ts';
import {ByteWriter} from '../wire/byte-writer.ts';
import {prepend, prependAll} from '../wire/name.ts';
import type {WireName} from '../wire/name.ts';
import {apexNodes} from './apex.ts';
import {changedFacts, clusterFacts, dependsOn, staleAtMs} from './cluster-facts.ts';
import type {ClusterFact} from './cluster-facts.ts';
import {encodeGroup} from './encode-group.ts';
import {namesOfImport} from './names-of-import.ts';
import {emptyNode} from './node-tree.ts';
import type {SkippedName} from './node-tree.ts';

/** Big enough that slabs cost nothing by number, small enough that one that is mostly replaced holds back little. */
const SLAB_BYTES = 256 * 1024;

export interface CompiledChange {
  /** To be applied in this order; see encode-group.ts for the form. Empty: answers are as they were. */
  readonly slabs: readonly ArrayBuffer[];
  readonly skipped: readonly SkippedName[];
}

/**
 * Turns views into packed answers, recompiling only what a change names. No clock, no I/O: what it returns after any sequence
 * of views is, applied in order, what a new compiler returns for the last of them.
 */
export class ZoneCompiler {
  readonly #zone: WireName;
  readonly #svc: WireName;
  readonly #ttlSeconds: number;
  /** What is served now: keys of the view → the groups compiled for them. A namespace and an import differ in depth, so their groups never meet. */
  readonly #imports = new Map<string, WireName>();
  readonly #namespaces = new Map<string, WireName>();
  #facts: ReadonlyMap<string, ClusterFact> = new Map();
  #serial = 0;
  #started = false;
  readonly #writer = new ByteWriter(2 * SLAB_BYTES);
  #slabs: ArrayBuffer[] = [];
  #skipped: SkippedName[] = [];

  constructor(options: {zone: WireName; ttlSeconds: number}) {
    this.#zone = options.zone;
    this.#svc = prepend('svc', options.zone) ?? options.zone;
    this.#ttlSeconds = options.ttlSeconds;
  }

  /** @param view - a synced one; before that there is nothing to compile */
  compile(view: View, change: ViewChange): CompiledChange {
    const all = change.all || !this.#started;
    const dirty = this.#dirtyImports(view, change, all);
    this.#updateNamespaces(view, all ? undefined : change.namespaces, dirty);
    for (const key of dirty) this.#updateImport(view, key);
    if (all || this.#slabs.length > 0 || this.#writer.length > 0) this.#updateApex(view);
    this.#started = true;
    this.#flush();
    const result = {slabs: this.#slabs, skipped: this.#skipped};
    this.#slabs = [];
    this.#skipped = [];
    return result;
  }

  #dirtyImports(view: View, change: ViewChange, all: boolean): Set<string> {
    if (all) {
      this.#facts = clusterFacts(view);
      return new Set([...this.#imports.keys(), ...view.imports.keys()]);
    }
    const dirty = new Set(change.imports);
    if (!change.clusterset) return dirty;
    const facts = clusterFacts(view);
    const changed = changedFacts(this.#facts, facts);
    this.#facts = facts;
    if (changed.size === 0) return dirty;
    for (const [key, service] of view.imports) if (dependsOn(service, changed)) dirty.add(key);
    return dirty;
  }

  /** Rule D20: names resolve only below namespaces that exist here. One that came or went takes its imports with it. */
  #updateNamespaces(view: View, changed: ReadonlySet<string> | undefined, dirty: Set<string>): void {
    const flipped = new Set<string>();
    for (const name of changed ?? new Set([...this.#namespaces.keys(), ...view.namespaces.keys()])) {
      const exists = view.namespaces.has(name);
      const served = this.#namespaces.get(name);
      if (exists === (served !== undefined)) continue;
      flipped.add(name);
      const group = served ?? prepend(name, this.#svc);
      if (group === undefined) continue;
      if (exists) this.#namespaces.set(name, group);
      else this.#namespaces.delete(name);
      const nodes = exists ? new Map([[group, emptyNode()]]) : new Map();
      this.#encode({key: group, nodes, ttlSeconds: this.#ttlSeconds, staleAtMs: 0});
    }
    if (flipped.size === 0) return;
    for (const [key, service] of view.imports) if (flipped.has(service.namespace)) dirty.add(key);
  }

  #updateImport(view: View, key: string): void {
    const service = view.imports.get(key);
    const served = this.#imports.get(key);
    if (service && view.namespaces.has(service.namespace)) {
      this.#serve(key, service);
    } else if (served) {
      this.#imports.delete(key);
      this.#encode({key: served, nodes: new Map(), ttlSeconds: this.#ttlSeconds, staleAtMs: 0});
    }
  }

  #serve(key: string, service: ImportView): void {
    const base = prependAll([service.name, service.namespace], this.#svc);
    if (base === undefined || service.name.includes('.')) {
      this.#skipped.push({name: key, reason: 'the service is not one DNS label, or the name is over 255 octets'});
      return;
    }
    const {nodes, skipped} = namesOfImport(service, base, (cluster) => this.#facts.get(cluster)?.reaches === true);
    this.#skipped.push(...skipped);
    this.#imports.set(key, base);
    this.#encode({
      key: base,
      nodes,
      ttlSeconds: service.ttlSeconds ?? this.#ttlSeconds,
      staleAtMs: staleAtMs(service, this.#facts),
    });
  }

  /** The serial follows the clock but never stands still or goes back over a change (RFC 1982 needs it to grow). */
  #updateApex(view: View): void {
    this.#serial = Math.max(this.#serial + 1, Math.floor(view.atMs / 1000)) >>> 0;
    const nodes = apexNodes(this.#zone, this.#ttlSeconds, this.#serial);
    this.#encode({key: this.#zone, nodes, ttlSeconds: this.#ttlSeconds, staleAtMs: 0});
  }

  #encode(group: Parameters<typeof encodeGroup>[1]): void {
    encodeGroup(this.#writer, group);
    if (this.#writer.length >= SLAB_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#writer.length > 0) this.#slabs.push(this.#writer.take());
  }
}
