import {CLASS_IN, QUESTION_POINTER, Type} from './wire/codes.ts';
import {ANSWER_HEADER_BYTES, RECORD_FIXED_BYTES} from './zone/encode-group.ts';

/** The label and its length, as they begin a question. */
const LABEL = Buffer.from('\u0004_why', 'latin1');
export const WHY_BYTES = LABEL.length;

/**
 * An explanation costs as much as dozens of answers, and is for people: more than this many a second are no question but a
 * flood, which must not take the time of ordinary ones.
 */
const EXPLANATIONS_PER_SECOND = 100;

/** Whether a name is `_why.<something>`. */
export function isWhyName(name: Uint8Array, length: number): boolean {
  if (length <= WHY_BYTES + 1 || name[0] !== LABEL[0] || name[1] !== LABEL[1]) return false;
  return name[2] === LABEL[2] && name[3] === LABEL[3] && name[4] === LABEL[4];
}

/** The first two labels of the name behind `_why`, service and namespace; undefined: there are none. */
export function serviceOf(name: Buffer, length: number): {name: string; namespace: string} | undefined {
  const labels: string[] = [];
  for (let at = WHY_BYTES; at < length && labels.length < 2; at += 1 + name[at]!) {
    labels.push(name.toString('latin1', at + 1, at + 1 + name[at]!));
  }
  const [service, namespace] = labels;
  return service && namespace ? {name: service, namespace} : undefined;
}

/** What is asked to see whether a question comes to an Isthmus server: `_why.<nonce>.<zone>` TXT, with a nonce of one label. */
export function proofName(nonce: string, zone: string): string {
  return `_why.${nonce}.${zone}`;
}

/** What no other server says, and no cache can: the nonce is repeated. */
export function proofText(nonce: string): string {
  return `server=Isthmus nonce=${nonce}`;
}

/**
 * The nonce of {@link proofName}; undefined: it is another name.
 *
 * @param length - of the name, lower-cased
 */
export function proofNonceOf(name: Buffer, length: number, zoneLength: number): string | undefined {
  const at = WHY_BYTES + 1;
  const labelEnd = at + (name[WHY_BYTES] ?? 0);
  return labelEnd === length - zoneLength
    ? name.toString('latin1', at, length - zoneLength).replace(/[^a-z0-9-]/g, '?')
    : undefined;
}

/** How many explanations there may still be in this second. */
export class WhyBudget {
  #second = -1;
  #spent = 0;

  take(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) this.#spent = 0;
    this.#second = second;
    return ++this.#spent <= EXPLANATIONS_PER_SECOND;
  }
}

/**
 * One TXT record of several strings, whose order is kept, as an answer in the form of encode-group.ts. TTL 0: it is about this
 * moment.
 *
 * @param texts - each at most 255 octets
 */
export function textAnswer(texts: readonly string[]): Buffer {
  const rdata = Buffer.concat(texts.map((text) => Buffer.from(String.fromCharCode(text.length) + text, 'latin1')));
  const slab = Buffer.alloc(ANSWER_HEADER_BYTES + RECORD_FIXED_BYTES);
  slab.writeUInt16BE(Type.TXT, 0);
  slab.writeUInt16BE(1, 2);
  slab.writeUInt16BE(RECORD_FIXED_BYTES + rdata.length, 4);
  slab.writeUInt16BE(QUESTION_POINTER, ANSWER_HEADER_BYTES);
  slab.writeUInt16BE(Type.TXT, ANSWER_HEADER_BYTES + 2);
  slab.writeUInt16BE(CLASS_IN, ANSWER_HEADER_BYTES + 4);
  slab.writeUInt16BE(rdata.length, ANSWER_HEADER_BYTES + 10);
  return Buffer.concat([slab, rdata]);
}
