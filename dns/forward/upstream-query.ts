import {randomBytes, randomInt} from 'node:crypto';
import {CLASS_IN, EDNS_UDP_BYTES, HEADER_BYTES, Type} from '../wire/codes.ts';
import type {QueryReader} from '../wire/query-reader.ts';

const FLAG_RD = 0x01;
const FLAG_CD = 0x10;
const DNSSEC_OK = 0x80;
const OPT_BYTES = 11;

/** A question as it is put to upstreams. */
export interface UpstreamQuestion {
  /** The name on the wire, lower-cased. */
  readonly name: Buffer;
  readonly type: number;
  /** The client wants DNSSEC records. */
  readonly dnssecOk: boolean;
  /** The client checks signatures itself (RFC 4035 §3.2.2). */
  readonly checkingDisabled: boolean;
}

/** @param query - that has just read `message`; nothing of it is kept */
export function questionOf(query: QueryReader, message: Buffer): UpstreamQuestion {
  return {
    name: Buffer.from(query.name.subarray(0, query.nameLength)),
    type: query.type,
    dnssecOk: query.dnssecOk,
    checkingDisabled: (message[3]! & FLAG_CD) !== 0,
  };
}

/** Equal for questions that get the same answer. */
export function questionKey({name, type, dnssecOk, checkingDisabled}: UpstreamQuestion): string {
  return `${type} ${Number(dnssecOk)}${Number(checkingDisabled)} ${name.toString('latin1')}`;
}

/**
 * A query of our own: random id, letters of random case (which an answer must repeat, so that who can't see the query has more
 * to guess), our own EDNS size. Nothing of the client's EDNS goes on: options are between neighbours (RFC 6891 §6.1.1).
 *
 * @param hasEdns - false for an upstream that doesn't know EDNS, and so not DO either
 */
export function buildUpstreamQuery(question: UpstreamQuestion, hasEdns: boolean): Buffer {
  const {name, type, dnssecOk, checkingDisabled} = question;
  const query = Buffer.alloc(questionEndOf(question) + (hasEdns ? OPT_BYTES : 0));
  query.writeUInt16BE(randomInt(0x10000), 0);
  query[2] = FLAG_RD;
  query[3] = checkingDisabled ? FLAG_CD : 0;
  query[5] = 1;
  query[11] = hasEdns ? 1 : 0;
  name.copy(query, HEADER_BYTES);
  mixCase(query, HEADER_BYTES, HEADER_BYTES + name.length);
  let at = HEADER_BYTES + name.length;
  at = query.writeUInt16BE(type, at);
  at = query.writeUInt16BE(CLASS_IN, at);
  if (!hasEdns) return query;
  query.writeUInt16BE(Type.OPT, at + 1);
  query.writeUInt16BE(EDNS_UDP_BYTES, at + 3);
  if (dnssecOk) query[at + 7] = DNSSEC_OK;
  return query;
}

/** Where the question of such a query ends. */
export function questionEndOf({name}: UpstreamQuestion): number {
  return HEADER_BYTES + name.length + 4;
}

function mixCase(query: Buffer, from: number, to: number): void {
  const random = randomBytes(to - from);
  for (let at = from; at < to; at++) {
    const octet = query[at]!;
    if (octet >= 0x61 && octet <= 0x7a && random[at - from]! % 2 === 1) query[at] = octet - 0x20;
  }
}
