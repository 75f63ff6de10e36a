import {createHash} from 'node:crypto';
import type {KubeObject} from '../api/meta.ts';

/** An object has two applies of its own: that of its main part, and that of its status. */
export type AppliedPart = 'object' | 'status';

interface AppliedRecord {
  /** Of the object that it was applied to; undefined: it isn't known. */
  readonly uid: string | undefined;
  object: number | undefined;
  status: number | undefined;
}

/**
 * What this process applied last, by object. Reflectors drop `managedFields`, so a field that is to be given up can't be
 * seen in the store: an object whose last apply was not this very content is applied again, and the server removes what
 * is no longer in it (KEP-555).
 */
export class AppliedRecords {
  readonly #records = new Map<string, AppliedRecord>();

  /** True where exactly this was applied last, and to this very object. */
  isLast(key: string, part: AppliedPart, {uid, desired}: {uid: string | undefined; desired: KubeObject}): boolean {
    const record = this.#records.get(key);
    return record !== undefined && record.uid === uid && record[part] === digestOf(desired);
  }

  /** True where this part of this very object was applied by this process. */
  knows(key: string, part: AppliedPart, uid: string | undefined): boolean {
    const record = this.#records.get(key);
    return record?.[part] !== undefined && record.uid === uid;
  }

  set(key: string, part: AppliedPart, {uid, desired}: {uid: string | undefined; desired: KubeObject}): void {
    const known = this.#records.get(key);
    const record = known !== undefined && known.uid === uid ? known : {uid, object: undefined, status: undefined};
    record[part] = digestOf(desired);
    this.#records.set(key, record);
  }

  /** Forgets both parts of one object. */
  delete(key: string): void {
    this.#records.delete(key);
  }

  clear(): void {
    this.#records.clear();
  }
}

/**
 * The first 48 bits of a hash, as a number: there is one for each part of each object of each member. The uid is left out: the first
 * apply of an object that is created has none.
 */
function digestOf(desired: KubeObject): number {
  const content = {...desired, metadata: {...desired.metadata, uid: undefined}};
  return createHash('sha1').update(JSON.stringify(content)).digest().readUIntBE(0, 6);
}
