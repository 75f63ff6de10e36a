import type {KubeObject, ObjectKey} from '../api/meta.ts';
import {keyOf} from '../api/meta.ts';
import {HUB_MANAGER} from '../api/names.ts';
import type {Resource} from '../api/resources.ts';
import type {ComparisonOptions} from '../kube/apply-if-different.ts';
import {isUpToDate} from '../kube/apply-if-different.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import type {Store} from '../kube/reflector.ts';
import {sharedText} from '../kube/shared-text.ts';
import {AppliedRecords} from './applied-records.ts';
import {WriteThrough} from './write-through.ts';

/** A kind that the hub writes, and how what is there is compared with what should be. */
export interface WrittenKind<T extends KubeObject> {
  readonly resource: Resource;
  readonly store: Store<T>;
  /** The same stripping as the store's own. */
  readonly keep: (raw: KubeObject) => T | undefined;
  readonly comparison: ComparisonOptions;
  /** Of its shared lists: items that nobody but a hub puts there (`ComparisonOptions.ownItems`). */
  readonly ownItems?: ComparisonOptions['ownItems'];
}

/**
 * Writes objects of one kind: server-side apply as `isthmus-hub`, by force, and only where something differs. An apply to
 * an object that exists carries its uid, or it would re-create one that was deleted meanwhile (apiserver.md §4.3).
 */
export class ObjectWriter<T extends KubeObject> {
  readonly #kind: WrittenKind<T>;
  readonly #client: KubeClient;
  readonly #records = new AppliedRecords();
  readonly #writeThrough = new WriteThrough<T>();
  /** Requests sent that could have changed something. */
  writes = 0;

  constructor(client: KubeClient, kind: WrittenKind<T>) {
    this.#client = client;
    this.#kind = kind;
  }

  /** The newest state known, also where it was written a moment ago. */
  actual(key: string): T | undefined {
    return this.#writeThrough.resolve(key, this.#kind.store.get(key));
  }

  /**
   * Asks for one that the store lacks; if it is there, it is the actual one from now on. For what must not be written over just because
   * a list came back short. By a list of one name: the hub may list in a member, and get only what it needs to.
   *
   * @throws KubeError
   */
  async askFor({namespace, name}: ObjectKey, signal: AbortSignal): Promise<void> {
    const only = {...(namespace === undefined ? {} : {namespace}), fieldSelector: `metadata.name=${name}`, signal};
    const [found] = (await this.#client.list(this.#kind.resource, only)).items;
    if (found === undefined) return;
    await this.#writeThrough.run(keyOf(found.metadata), () => Promise.resolve(this.#kind.keep(found)));
  }

  /** The store's watch reported changes. */
  noteChanges(keys: Iterable<string>): void {
    for (const key of keys) this.#writeThrough.noteChange(key);
  }

  /** The store was listed anew. @returns keys and last states of objects that were written and not seen since */
  noteList(): readonly (readonly [string, T | undefined])[] {
    return this.#writeThrough.noteList();
  }

  /** True where this process wrote the object that is there now, or found it as it should be. */
  hasWritten(key: string): boolean {
    return this.#records.knows(key, 'object', this.actual(key)?.metadata.uid);
  }

  /**
   * Another hub has written since: what this one applied last says nothing any more.
   *
   * @param key - undefined: all of them
   */
  forget(key?: string): void {
    if (key === undefined) this.#records.clear();
    else this.#records.delete(key);
  }

  /** True where all of this is there, whoever wrote it. */
  shows(desired: KubeObject): boolean {
    return isUpToDate(this.actual(keyOf(desired.metadata)), desired, this.#kind.comparison);
  }

  /** True where an apply of the object would send nothing. */
  isCurrent(desired: KubeObject): boolean {
    return this.#isCurrent(keyOf(desired.metadata), desired, undefined);
  }

  /** Applies the object and then its status, each where it differs. @throws KubeError */
  async apply(desired: KubeObject, status: KubeObject | undefined, signal: AbortSignal): Promise<void> {
    const key = sharedText(keyOf(desired.metadata));
    await this.#applyPart(key, desired, {subresource: undefined, signal});
    const uid = this.actual(key)?.metadata.uid;
    if (status === undefined || uid === undefined) return;
    await this.#applyPart(key, {...status, metadata: {...status.metadata, uid}}, {subresource: 'status', signal});
  }

  /** Applies the status alone; the object must be there. @throws KubeError */
  async applyStatus(desired: KubeObject, signal: AbortSignal): Promise<void> {
    await this.#applyPart(sharedText(keyOf(desired.metadata)), desired, {subresource: 'status', signal});
  }

  /** A merge patch of exactly this object. @throws KubeError */
  async merge(key: string, uid: string, change: {metadata?: object; spec?: null}, signal: AbortSignal): Promise<void> {
    const {resource, keep} = this.#kind;
    const at = this.actual(key)?.metadata;
    if (at === undefined) return;
    const body = {...change, metadata: {...change.metadata, uid}};
    this.writes++;
    await this.#writeThrough.run(key, async () =>
      keep(await this.#client.patch(resource, at, {type: 'merge', body}, {fieldManager: HUB_MANAGER, signal})),
    );
    this.#records.delete(key);
  }

  /** @throws KubeError */
  async delete(key: string, uid: string, signal: AbortSignal): Promise<void> {
    const at = this.actual(key)?.metadata;
    if (at === undefined) return;
    this.writes++;
    await this.#writeThrough.run(key, async () => {
      await this.#client.delete(this.#kind.resource, at, {uid, signal});
      return undefined;
    });
    this.forget(key);
  }

  async #applyPart(
    key: string,
    desired: KubeObject,
    {subresource, signal}: {subresource: 'status' | undefined; signal: AbortSignal},
  ): Promise<void> {
    if (this.#isCurrent(key, desired, subresource)) return;
    const {resource, keep} = this.#kind;
    this.writes++;
    const options = {fieldManager: HUB_MANAGER, force: true, subresource, signal};
    const written = await this.#writeThrough
      .run(key, async () => keep(await this.#client.apply(resource, desired, options)))
      .catch((error: unknown) => {
        // Another uid, or none: what was believed beyond the store is not so. No watch tells of the end of what a list lacked.
        if (error instanceof KubeError && error.isConflict) this.#writeThrough.noteChange(key);
        throw error;
      });
    this.#records.set(key, subresource ?? 'object', {uid: written?.metadata.uid, desired});
  }

  #isCurrent(key: string, desired: KubeObject, subresource: 'status' | undefined): boolean {
    const {comparison, ownItems} = this.#kind;
    const actual = this.actual(key);
    const part = subresource ?? 'object';
    const uid = actual?.metadata.uid;
    if (this.#records.knows(key, part, uid)) {
      return this.#records.isLast(key, part, {uid, desired}) && isUpToDate(actual, desired, comparison);
    }
    if (!isUpToDate(actual, desired, withoutExtras(comparison, ownItems))) return false;
    this.#records.set(key, part, {uid, desired});
    return true;
  }
}

/**
 * For an object that this process has not applied yet: whatever it has beyond what is desired may be of an earlier hub, so it
 * is applied once. Where nothing is left over, a restarted hub sends nothing at all. The order of a shared list says nothing: it is
 * that in which its items were first applied.
 */
function withoutExtras(
  {whole = [], foreign = [], sharedLists = {}}: ComparisonOptions,
  ownItems: ComparisonOptions['ownItems'] = {},
): ComparisonOptions {
  return {whole: [...whole, 'metadata.labels', 'metadata.annotations'], foreign, sharedLists, ownItems};
}
