import type {InternalApi, ObjectChange, TypeRef} from '../apiserver/internal-api.ts';
import type {ResourceType} from '../apiserver/resource-type.ts';
import {metadataOf, nameOf, namespaceOf, objectsIn, textIn, uidOf} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';
import {resourcesOf} from './known-types.ts';

export interface Located {
  readonly ref: TypeRef;
  readonly storageKey: string;
  readonly namespace: string;
  readonly name: string;
}

/** Which objects exist, by uid, and who names whom as owner. Kept in step with every change, so a question is a lookup. */
export class OwnerIndex {
  readonly #byUid = new Map<string, Located>();
  readonly #dependents = new Map<string, Set<string>>();

  constructor(api: InternalApi) {
    for (const type of resourcesOf(api)) for (const object of api.list(type)) this.#add(type, object);
  }

  get(uid: string): Located | undefined {
    return this.#byUid.get(uid);
  }

  uids(): Iterable<string> {
    return this.#byUid.keys();
  }

  /** The uids of the objects that name this one as an owner. */
  dependentsOf(uid: string): readonly string[] {
    return [...(this.#dependents.get(uid) ?? [])];
  }

  apply({type, kind, object, old}: ObjectChange): void {
    if (old !== undefined) this.#remove(old);
    if (kind === 'DELETED') this.#remove(object);
    else this.#add(type, object);
  }

  /** The objects of a resource that is no longer served went without events of their own. */
  dropResource(storageKey: string): readonly string[] {
    const gone = [...this.#byUid].filter(([, at]) => at.storageKey === storageKey).map(([uid]) => uid);
    for (const uid of gone) this.#byUid.delete(uid);
    return gone;
  }

  #add(type: ResourceType, object: JsonObject): void {
    // Events are not collected: they age out.
    if (type.strategy.ownsNothing === true) return;
    const uid = uidOf(object);
    const {group, plural, storageKey} = type;
    this.#byUid.set(uid, {ref: {group, plural}, storageKey, namespace: namespaceOf(object), name: nameOf(object)});
    for (const owner of ownerUids(object)) {
      const dependents = this.#dependents.get(owner) ?? new Set();
      this.#dependents.set(owner, dependents.add(uid));
    }
  }

  #remove(object: JsonObject): void {
    const uid = uidOf(object);
    this.#byUid.delete(uid);
    for (const owner of ownerUids(object)) {
      const dependents = this.#dependents.get(owner);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner);
    }
  }
}

export function ownersOf(object: JsonObject): readonly JsonObject[] {
  return objectsIn(metadataOf(object), 'ownerReferences');
}

export function ownerUids(object: JsonObject): readonly string[] {
  return ownersOf(object).map((owner) => textIn(owner, 'uid'));
}
