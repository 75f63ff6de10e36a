import type {View} from '../../src/clusterset/view.ts';
import {parseAddress} from '../wire/address.ts';
import type {Address} from '../wire/address.ts';
import {QUESTION_POINTER, Type} from '../wire/codes.ts';
import {prepend} from '../wire/name.ts';
import type {WireName} from '../wire/name.ts';
import {RECORD_FIXED_BYTES} from './encode-group.ts';
import {addAddress, emptyNode} from './node-tree.ts';
import type {ZoneNode} from './node-tree.ts';

/** Version of the multi-cluster DNS specification that is served (rule D2). */
const SCHEMA_VERSION = '1.0.0';
const VERSION_TTL_SECONDS = 28_800;

const REFRESH_SECONDS = 7200;
const RETRY_SECONDS = 1800;
const EXPIRE_SECONDS = 86_400;

const NS_PREFIX = '\u0002ns\u0003dns';
const MAILBOX_PREFIX = '\u000ahostmaster';

/**
 * Where in a SOA record the three pointers to the zone's name stand (owner, primary server, mailbox). A negative answer
 * sets them to where that name stands in its own question.
 */
export const SOA_POINTERS: readonly number[] = [
  0,
  RECORD_FIXED_BYTES + NS_PREFIX.length,
  RECORD_FIXED_BYTES + NS_PREFIX.length + 2 + MAILBOX_PREFIX.length,
];

export interface ApexFacts {
  /** Also the time for which a negative answer may be kept (RFC 2308 §5). */
  readonly ttlSeconds: number;
  /** 32 bits. */
  readonly serial: number;
  /** Of the name server; empty: not known. */
  readonly glue: readonly Address[];
}

/**
 * The names that are there in every zone: the apex, `svc`, `dns-version` and the name server's (rule D2, worked queries 22 and
 * 23). The name server's name exists also while it has no address: an NS record must not lead to NXDOMAIN, which resolvers
 * would take for a broken delegation; NODATA only says that nobody knows the address.
 */
export function apexNodes(zone: WireName, {ttlSeconds, serial, glue}: ApexFacts): ReadonlyMap<WireName, ZoneNode> {
  const apex = emptyNode();
  apex.other = [
    {type: Type.SOA, ttlSeconds, rdata: soa(ttlSeconds, serial)},
    {type: Type.NS, ttlSeconds, rdata: underZone(NS_PREFIX), glue},
  ];
  const version = emptyNode();
  const text = Buffer.from(`\0${SCHEMA_VERSION}`, 'latin1');
  text[0] = SCHEMA_VERSION.length;
  version.other = [{type: Type.TXT, ttlSeconds: VERSION_TTL_SECONDS, rdata: text}];
  const nameServer = emptyNode();
  for (const address of glue) addAddress(nameServer, address);
  return new Map([
    [zone, apex],
    [prepend('svc', zone)!, emptyNode()],
    [prepend('dns-version', zone)!, version],
    [prepend('dns', zone)!, emptyNode()],
    [NS_PREFIX + zone, nameServer],
  ]);
}

/**
 * The addresses of the Service in front of this server, by which pods reach it.
 *
 * @param service - `namespace/name`
 * @returns none where there is no such Service, or a headless one
 */
export function nameServerAddresses(view: View, service: string): readonly Address[] {
  const ips = view.services.get(service)?.clusterIPs ?? [];
  return ips.map((ip) => parseAddress(ip)).filter((address) => address !== undefined);
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
