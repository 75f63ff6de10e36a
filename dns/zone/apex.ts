import {QUESTION_POINTER, Type} from '../wire/codes.ts';
import {prepend} from '../wire/name.ts';
import type {WireName} from '../wire/name.ts';
import {emptyNode} from './node-tree.ts';
import type {ZoneNode} from './node-tree.ts';

/** Version of the multi-cluster DNS specification that is served (rule D2). */
const SCHEMA_VERSION = '1.0.0';
const VERSION_TTL_SECONDS = 28_800;

const REFRESH_SECONDS = 7200;
const RETRY_SECONDS = 1800;
const EXPIRE_SECONDS = 86_400;

const NS_PREFIX = '\u0002ns\u0003dns';
const MAILBOX_PREFIX = '\u000ahostmaster';

/** Owner, type, class, TTL and length of a record whose owner is a pointer. */
export const RECORD_FIXED_BYTES = 12;

/**
 * Where in a SOA record the three pointers to the zone's name stand (owner, primary server, mailbox). A negative answer
 * sets them to where that name stands in its own question.
 */
export const SOA_POINTERS: readonly number[] = [
  0,
  RECORD_FIXED_BYTES + NS_PREFIX.length,
  RECORD_FIXED_BYTES + NS_PREFIX.length + 2 + MAILBOX_PREFIX.length,
];

/**
 * The names that are there in every zone: the apex, `svc` and `dns-version` (rules D2 and D22 to D23 of the worked queries).
 *
 * @param ttlSeconds - also the time for which a negative answer may be kept (RFC 2308 §5)
 * @param serial - 32 bits
 */
export function apexNodes(zone: WireName, ttlSeconds: number, serial: number): ReadonlyMap<WireName, ZoneNode> {
  const apex = emptyNode();
  apex.other.push(
    {type: Type.SOA, ttlSeconds, rdata: soa(ttlSeconds, serial)},
    {type: Type.NS, ttlSeconds, rdata: underZone(NS_PREFIX)},
  );
  const version = emptyNode();
  const text = Buffer.from(`\0${SCHEMA_VERSION}`, 'latin1');
  text[0] = SCHEMA_VERSION.length;
  version.other.push({type: Type.TXT, ttlSeconds: VERSION_TTL_SECONDS, rdata: text});
  return new Map([
    [zone, apex],
    [prepend('svc', zone)!, emptyNode()],
    [prepend('dns-version', zone)!, version],
  ]);
}

/** RFC 1035 §3.3.13. */
function soa(ttlSeconds: number, serial: number): Uint8Array {
  const numbers = Buffer.alloc(20);
  [serial, REFRESH_SECONDS, RETRY_SECONDS, EXPIRE_SECONDS, ttlSeconds].forEach((value, i) =>
    numbers.writeUInt32BE(value, i * 4),
  );
  return Buffer.concat([underZone(NS_PREFIX), underZone(MAILBOX_PREFIX), numbers]);
}

/** A name that ends in a pointer to the question, which for records of the apex is the zone. */
function underZone(prefix: string): Buffer {
  return Buffer.from(prefix + String.fromCharCode(QUESTION_POINTER >> 8, QUESTION_POINTER & 0xff), 'latin1');
}
