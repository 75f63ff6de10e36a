import type {Logger} from 'pino';
import type {InternalApi, ObjectChange} from '../apiserver/internal-api.ts';
import {apiVersionOfType} from '../apiserver/resource-type.ts';
import type {PropagationPolicy} from '../apiserver/write/delete-options.ts';
import {FOREGROUND, ORPHAN} from '../apiserver/write/propagation.ts';
import {isTerminating, metadataOf, nameOf, namespaceOf, textIn, textsIn, uidOf} from '../builtin/read-json.ts';
import {jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {OwnerIndex, ownersOf, ownerUids} from './owner-index.ts';
import {startReconciler} from './reconciler.ts';

/**
 * Deletes what nobody owns any more, and answers the finalizers of the two other propagation policies (apiserver-errors.md §2.4):
 * `foregroundDeletion` holds an owner until its blocking dependents are gone, `orphan` until their references to it are removed.
 *
 * @returns stops it
 */
export function startGarbageCollector(api: InternalApi, options: {logger: Logger}): () => void {
  const collector = new Collector(api, new OwnerIndex(api));
  return startReconciler(api, {
    name: 'garbage-collector',
    logger: options.logger,
    seed: () => collector.index.uids(),
    keysOf: (change) => collector.concerned(change),
    reconcile: (uid) => collector.collect(uid),
  });
}

class Collector {
  readonly #api: InternalApi;
  readonly index: OwnerIndex;

  constructor(api: InternalApi, index: OwnerIndex) {
    this.#api = api;
    this.index = index;
  }

  /** The uids to look at after a change: most objects have no owner and are none, and cost a lookup. */
  concerned(change: ObjectChange): readonly string[] {
    this.index.apply(change);
    const {type, kind, object, old} = change;
    const uid = uidOf(object);
    if (kind === 'DELETED') {
      const resource = type.plural === 'customresourcedefinitions' ? nameOf(object) : undefined;
      const gone = resource === undefined ? [uid] : [uid, ...this.index.dropResource(resource)];
      // An owner in foreground deletion may have waited for this one.
      return [...gone.flatMap((one) => this.index.dependentsOf(one)), ...ownerUids(object)];
    }
    const dependents = isTerminating(object) ? this.index.dependentsOf(uid) : [];
    // A reference that went may be the last that a former owner waited for.
    const released = old === undefined || jsonEquals(ownersOf(old), ownersOf(object)) ? [] : ownerUids(old);
    const concerns = ownersOf(object).length > 0 || isTerminating(object) || released.length > 0;
    return concerns ? [uid, ...dependents, ...released] : [];
  }

  collect(uid: string): void {
    const object = this.#read(uid);
    if (object === undefined) return;
    if (isTerminating(object)) this.#finish(object);
    else this.#judge(object);
  }

  #read(uid: string): JsonObject | undefined {
    const at = this.index.get(uid);
    return at === undefined
      ? undefined
      : this.#api.get(at.ref, at.namespace === '' ? undefined : at.namespace, at.name);
  }

  /**
   * An object lives as long as one of its owners does, and lets go of those that are gone or wait for it. One that is to go in
   * the course of a foreground deletion and has dependents itself goes the same way, so that the order holds all the way down.
   */
  #judge(object: JsonObject): void {
    const states = ownersOf(object).map((owner) => ({owner, state: this.#stateOf(owner, object)}));
    // Of a kind that is not served nothing can be known, so its objects count as there; an owner that cannot be one is left alone.
    if (states.length === 0 || states.some(({state}) => state === 'Unknown')) return;
    const living = states.filter(({state}) => state === 'Solid').map(({owner}) => owner);
    if (living.length > 0) {
      if (living.length < states.length) this.#write(object, {ownerReferences: living});
      return;
    }
    const dependents = this.#dependentsOf(object);
    if (dependents.length === 0 || states.every(({state}) => state === 'Dangling')) return this.#delete(object);
    // A circle of owners would wait for itself: from here on it does not block any more.
    if (dependents.some(isDeletedInForeground)) {
      const ownerReferences = ownersOf(object).map((owner) =>
        owner['blockOwnerDeletion'] === true ? {...owner, blockOwnerDeletion: false} : owner,
      );
      this.#write(object, {ownerReferences});
    }
    this.#delete(object, 'Foreground');
  }

  /** By the reference alone, as a GET of it would answer: a name or a kind that does not fit the uid is nobody's. */
  #stateOf(owner: JsonObject, object: JsonObject): 'Solid' | 'Dangling' | 'Waiting' | 'Unknown' {
    const {apiVersion, kind} = owner;
    const type = this.#api.types().find((one) => apiVersionOfType(one) === apiVersion && one.kind === kind);
    if (type === undefined) return 'Unknown';
    const namespace = namespaceOf(object);
    if (type.namespaced && namespace === '') return 'Unknown';
    const found = this.#api.get(type, type.namespaced ? namespace : undefined, textIn(owner, 'name'));
    if (found === undefined || uidOf(found) !== textIn(owner, 'uid')) return 'Dangling';
    return isDeletedInForeground(found) ? 'Waiting' : 'Solid';
  }

  #dependentsOf(owner: JsonObject): readonly JsonObject[] {
    return this.index
      .dependentsOf(uidOf(owner))
      .map((one) => this.#read(one))
      .filter((one) => one !== undefined);
  }

  #finish(object: JsonObject): void {
    const finalizers = finalizersOf(object);
    const uid = uidOf(object);
    const dependents = this.#dependentsOf(object);
    if (finalizers.includes(ORPHAN)) {
      for (const one of dependents) {
        this.#write(one, {ownerReferences: ownersOf(one).filter((owner) => owner['uid'] !== uid)});
      }
      this.#write(object, {finalizers: finalizers.filter((finalizer) => finalizer !== ORPHAN)});
    } else if (finalizers.includes(FOREGROUND) && !dependents.some((one) => blocks(one, uid))) {
      this.#write(object, {finalizers: finalizers.filter((finalizer) => finalizer !== FOREGROUND)});
    }
  }

  #delete(object: JsonObject, policy?: PropagationPolicy): void {
    const at = this.index.get(uidOf(object));
    if (at !== undefined) this.#api.delete(at.ref, at.namespace === '' ? undefined : at.namespace, at.name, policy);
  }

  #write(object: JsonObject, fields: Record<string, readonly unknown[]>): void {
    const at = this.index.get(uidOf(object));
    if (at === undefined) return;
    const metadata: JsonObject = {...metadataOf(object), ...fields};
    for (const [key, list] of Object.entries(fields)) if (list.length === 0) delete metadata[key];
    this.#api.update(at.ref, {...object, metadata});
  }
}

function isDeletedInForeground(object: JsonObject): boolean {
  return isTerminating(object) && finalizersOf(object).includes(FOREGROUND);
}

function finalizersOf(object: JsonObject): readonly string[] {
  return textsIn(metadataOf(object), 'finalizers');
}

/** Only who asks to be waited for; a dependent that is being deleted itself is still there. */
function blocks(dependent: JsonObject, owner: string): boolean {
  return ownersOf(dependent).some((one) => one['uid'] === owner && one['blockOwnerDeletion'] === true);
}
