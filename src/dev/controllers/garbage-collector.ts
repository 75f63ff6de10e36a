import type {Logger} from 'pino';
import type {InternalApi, ObjectChange} from '../apiserver/internal-api.ts';
import {apiVersionOfType} from '../apiserver/resource-type.ts';
import {isTerminating, metadataOf, nameOf, namespaceOf, textIn, textsIn, uidOf} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';
import {OwnerIndex, ownersOf, ownerUids} from './owner-index.ts';
import {startReconciler} from './reconciler.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

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
    const {type, kind, object} = change;
    const uid = uidOf(object);
    if (kind === 'DELETED') {
      const resource = type.plural === 'customresourcedefinitions' ? nameOf(object) : undefined;
      const gone = resource === undefined ? [uid] : [uid, ...this.index.dropResource(resource)];
      // An owner in foreground deletion may have waited for this one.
      return [...gone.flatMap((one) => this.index.dependentsOf(one)), ...ownerUids(object)];
    }
    const dependents = isTerminating(object) ? this.index.dependentsOf(uid) : [];
    return ownersOf(object).length > 0 || isTerminating(object) ? [uid, ...dependents] : [];
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

  /** An object lives as long as one of its owners does; references to owners that are gone are taken out. */
  #judge(object: JsonObject): void {
    const owners = ownersOf(object);
    if (owners.length === 0) return;
    const gone = owners.filter((owner) => this.#isGone(owner, object));
    const living = owners.filter((owner) => !gone.includes(owner));
    if (living.every((owner) => this.#isDeletedInForeground(owner))) this.#delete(object);
    else if (gone.length > 0) this.#write(object, {ownerReferences: living});
  }

  /** Of a kind that is not served nothing can be known, so its objects count as there. */
  #isGone(owner: JsonObject, object: JsonObject): boolean {
    const at = this.index.get(textIn(owner, 'uid'));
    if (at !== undefined) return at.namespace !== '' && at.namespace !== namespaceOf(object);
    const {apiVersion, kind} = owner;
    return this.#api.types().some((type) => apiVersionOfType(type) === apiVersion && type.kind === kind);
  }

  #isDeletedInForeground(owner: JsonObject): boolean {
    const object = this.#read(textIn(owner, 'uid'));
    return object !== undefined && isTerminating(object) && finalizersOf(object).includes(FOREGROUND);
  }

  #finish(object: JsonObject): void {
    const finalizers = finalizersOf(object);
    const uid = uidOf(object);
    const dependents = this.index
      .dependentsOf(uid)
      .map((one) => this.#read(one))
      .filter((one) => one !== undefined);
    if (finalizers.includes(ORPHAN)) {
      for (const one of dependents) {
        this.#write(one, {ownerReferences: ownersOf(one).filter((owner) => owner['uid'] !== uid)});
      }
      this.#write(object, {finalizers: finalizers.filter((finalizer) => finalizer !== ORPHAN)});
    } else if (finalizers.includes(FOREGROUND) && !dependents.some((one) => blocks(one, uid))) {
      this.#write(object, {finalizers: finalizers.filter((finalizer) => finalizer !== FOREGROUND)});
    }
  }

  #delete(object: JsonObject): void {
    const at = this.index.get(uidOf(object));
    if (at !== undefined) this.#api.delete(at.ref, at.namespace === '' ? undefined : at.namespace, at.name);
  }

  #write(object: JsonObject, fields: Record<string, readonly unknown[]>): void {
    const at = this.index.get(uidOf(object));
    if (at === undefined) return;
    const metadata: JsonObject = {...metadataOf(object), ...fields};
    for (const [key, list] of Object.entries(fields)) if (list.length === 0) delete metadata[key];
    this.#api.update(at.ref, {...object, metadata});
  }
}

function finalizersOf(object: JsonObject): readonly string[] {
  return textsIn(metadataOf(object), 'finalizers');
}

function blocks(dependent: JsonObject, owner: string): boolean {
  return ownersOf(dependent).some((one) => one['uid'] === owner && one['blockOwnerDeletion'] === true);
}
