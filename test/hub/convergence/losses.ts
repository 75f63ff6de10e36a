import type {ServiceImport} from '../../../src/api/kinds.ts';
import {keyOf} from '../../../src/api/meta.ts';
import {CONFIRM_DELETIONS_ANNOTATION} from '../../../src/api/names.ts';
import {serviceImports} from '../../../src/api/resources.ts';
import type {StoredEvent} from '../../tools/light/light-storage.ts';
import {registeredClusters, type Truth} from './truth.ts';
import {MEMBERS, type MemberName} from './playground.ts';
import type {World} from './world.ts';

/** A confirmation holds for what goes within a minute after it; and a hub may be late to see it. */
const BELIEVED_FOR_MS = 120_000;

/**
 * Watches all imports for what must never happen: that the hub takes away an import, or one of its clusters, although that
 * cluster's export was there all the time.
 */
export class Losses {
  readonly found: string[] = [];
  /** Writes of the hub that were looked at: none would mean that nobody looks. */
  judged = 0;
  readonly #world: World;
  readonly #keys: readonly string[];
  /** `consumer key exporter` whose export was not there, or didn't count, at some time since the last rest. */
  readonly #mayGo = new Set<string>();

  /** Members whose lists of exports are believed, short as they are: somebody said so. */
  readonly #believed = new Set<MemberName>();
  readonly #emptied = new Set<MemberName>();
  /** They have left since the last rest: everything goes there. */
  readonly #left = new Set<string>();

  constructor(world: World, keys: readonly string[]) {
    this.#world = world;
    this.#keys = keys;
    for (const name of MEMBERS) {
      const api = world.member(name);
      api.storage.table(serviceImports).watchers.add((event) => {
        // The rest of the agent names the replica.
        if (api.actor?.startsWith('isthmus-hub') === true) this.#judge(name, event);
      });
    }
  }

  /** After each change by a user: what doesn't count now may go. */
  note(truth: Truth): void {
    for (const key of this.#keys) {
      for (const consumer of MEMBERS) {
        for (const exporter of MEMBERS) {
          if (!truth.counts(key, {exporter, consumer})) this.#mayGo.add(`${consumer} ${key} ${exporter}`);
        }
      }
    }
  }

  /** These are about to be deleted, a moment from now. */
  noteGoing(keys: Iterable<string>, cluster: string): void {
    for (const key of keys) for (const consumer of MEMBERS) this.#mayGo.add(`${consumer} ${key} ${cluster}`);
  }

  /** What a member exports may be seen as deleted when its list comes back empty: it is drained, or somebody confirmed deletions. */
  noteBelief(name: MemberName): void {
    this.#believed.add(name);
    this.#judgeLists(name);
  }

  /** A list of its exports comes back empty. */
  noteEmptyList(name: MemberName): void {
    this.#emptied.add(name);
    this.#judgeLists(name);
  }

  /** The member leaves: what it exports goes everywhere, and there everything does. */
  noteLeaving(name: MemberName): void {
    this.#left.add(name);
    this.noteGoing(this.#keys, name);
  }

  /** All members have converged: what was exported a while ago is forgotten. */
  rest(truth: Truth): void {
    this.#mayGo.clear();
    this.#left.clear();
    this.#emptied.clear();
    this.#believed.clear();
    for (const {metadata, spec} of registeredClusters(this.#world)) {
      const confirmedMs = Date.parse(metadata.annotations?.[CONFIRM_DELETIONS_ANNOTATION] ?? '') || 0;
      if (spec?.drain === true || Date.now() - confirmedMs < BELIEVED_FOR_MS)
        this.#believed.add(metadata.name as MemberName);
    }
    this.note(truth);
  }

  #judgeLists(name: MemberName): void {
    if (this.#believed.has(name) && this.#emptied.has(name)) this.noteGoing(this.#keys, name);
  }

  #judge(consumer: string, {type, object, previous}: StoredEvent): void {
    this.judged++;
    if (this.#left.has(consumer)) return;
    const before = type === 'DELETED' ? object : previous;
    const after = type === 'DELETED' ? [] : clustersOf(object);
    const lost = clustersOf(before).filter((cluster) => !after.includes(cluster));
    const key = keyOf(object.metadata);
    for (const cluster of lost) {
      if (this.#mayGo.has(`${consumer} ${key} ${cluster}`)) continue;
      this.found.push(`${consumer} lost ${key} of ${cluster} (${type}) at ${new Date(Date.now()).toISOString()}`);
    }
  }
}

function clustersOf(object: ServiceImport | undefined): readonly string[] {
  return object?.status?.clusters?.map(({cluster}) => cluster) ?? [];
}
