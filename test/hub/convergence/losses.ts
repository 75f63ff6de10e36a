import type {ServiceImport} from '../../../src/api/kinds.ts';
import {keyOf} from '../../../src/api/meta.ts';
import {serviceImports} from '../../../src/api/resources.ts';
import type {StoredEvent} from '../../tools/light/light-storage.ts';
import {truthOf} from './truth.ts';
import {MEMBERS} from './playground.ts';
import type {World} from './world.ts';

/**
 * Watches all imports for what must never happen: that the hub takes away an import, or one of its clusters, although that
 * cluster's export was there all the time.
 */
export class Losses {
  readonly found: string[] = [];
  /** Writes of the hub that were looked at: none would mean that nobody looks. */
  judged = 0;
  readonly #world: World;
  /** `key cluster` whose export was not there, or didn't count, at some time since the last rest. */
  readonly #mayGo = new Set<string>();

  constructor(world: World) {
    this.#world = world;
    for (const name of MEMBERS) {
      const api = world.member(name);
      api.storage.table(serviceImports).watchers.add((event) => {
        // The rest of the agent names the replica.
        if (api.actor?.startsWith('isthmus-hub') === true) this.#judge(name, event);
      });
    }
  }

  /** After each change by a user: what doesn't count now may go. */
  note(keys: Iterable<string>): void {
    const {valid} = truthOf(this.#world);
    for (const key of keys) {
      for (const name of MEMBERS) if (!valid.has(`${key} ${name}`)) this.#mayGo.add(`${key} ${name}`);
    }
  }

  /** These are about to be deleted, a moment from now. */
  noteGoing(keys: Iterable<string>, cluster: string): void {
    for (const key of keys) this.#mayGo.add(`${key} ${cluster}`);
  }

  /** All members have converged: what was exported a while ago is forgotten. */
  rest(keys: Iterable<string>): void {
    this.#mayGo.clear();
    this.note(keys);
  }

  #judge(consumer: string, {type, object, previous}: StoredEvent): void {
    this.judged++;
    const before = type === 'DELETED' ? object : previous;
    const after = type === 'DELETED' ? [] : clustersOf(object);
    const lost = clustersOf(before).filter((cluster) => !after.includes(cluster));
    const key = keyOf(object.metadata);
    for (const cluster of lost) {
      if (this.#mayGo.has(`${key} ${cluster}`)) continue;
      this.found.push(`${consumer} lost ${key} of ${cluster} (${type}) at ${new Date(Date.now()).toISOString()}`);
    }
  }
}

function clustersOf(object: ServiceImport | undefined): readonly string[] {
  return object?.status?.clusters?.map(({cluster}) => cluster) ?? [];
}
