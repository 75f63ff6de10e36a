import {createHash} from 'node:crypto';
import type {KubeObject} from '../api/meta.ts';

/**
 * What this process applied last, by object. Reflectors drop `managedFields`, so a field that is to be given up can't be
 * seen in the store: an object whose last apply was not this very content is applied again, and the server removes what
 * is no longer in it (KEP-555).
 */
export class AppliedRecords {
  readonly #records = new Map<string, {readonly uid: string | undefined; readonly digest: string}>();

  /** True where exactly this was applied last, and to this very object. */
  isLast(id: string, uid: string | undefined, desired: KubeObject): boolean {
    const record = this.#records.get(id);
    return record !== undefined && record.uid === uid && record.digest === digestOf(desired);
  }

  /** True where anything was applied to this very object by this process. */
  knows(id: string, uid: string | undefined): boolean {
    const record = this.#records.get(id);
    return record !== undefined && record.uid === uid;
  }

  set(id: string, uid: string | undefined, desired: KubeObject): void {
    this.#records.set(id, {uid, digest: digestOf(desired)});
  }

  delete(id: string): void {
    this.#records.delete(id);
  }

  clear(): void {
    this.#records.clear();
  }
}

/** The uid is left out: the first apply of an object that is created has none. */
function digestOf(desired: KubeObject): string {
  const content = {...desired, metadata: {...desired.metadata, uid: undefined}};
  return createHash('sha1').update(JSON.stringify(content)).digest('base64');
}
