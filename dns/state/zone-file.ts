import {createHash} from 'node:crypto';
import {IsthmusError} from '../../src/errors.ts';
import type {WireName} from '../wire/name.ts';
import type {ClustersetState, ClustersetUpdate} from '../zone/clusterset-update.ts';
import type {DnsAnswer} from '../zone/zone-compiler.ts';
import {groupKeysOf} from '../zone/zone-table.ts';

/**
 * The last compiled zone on disk, so that a process that starts while the API server is away has answers:
 *
 *   file = magic; u32 version; then each slab: u32 octets, slab; u32 0; about (JSON); SHA-256 of all that is before it
 *
 * A slab is as a worker holds it (encode-group.ts), so the version grows with that form too.
 */
const MAGIC = Buffer.from('isthmus-dns-zone\n', 'latin1');
const VERSION = 1;
const DIGEST_BYTES = 32;

/** Whose zone it is: a file of another one is not served. */
export interface ZoneIdentity {
  readonly zone: string;
  readonly clusterId: string;
  readonly answer: DnsAnswer;
}

export interface AboutZone extends ZoneIdentity {
  /** When the view was made that it was compiled from, ms since the epoch. */
  readonly atMs: number;
  readonly serial: number;
  /** Cluster ids in the order of their numbers. */
  readonly ids: readonly string[];
  readonly state: ClustersetState | undefined;
  readonly policies: ClustersetUpdate['policies'];
}

export interface StoredZone {
  readonly slabs: readonly ArrayBuffer[];
  readonly groups: readonly WireName[];
  readonly about: AboutZone;
}

/** Gives the octets of a file piece by piece: a big zone is never in memory twice. */
export class ZoneFileEncoder {
  readonly #digest = createHash('sha256');

  begin(): Buffer {
    return this.#digested(Buffer.concat([MAGIC, u32(VERSION)]));
  }

  slab(slab: ArrayBuffer): Buffer {
    return this.#digested(Buffer.concat([u32(slab.byteLength), Buffer.from(slab)]));
  }

  end(about: AboutZone): Buffer {
    const last = this.#digested(Buffer.concat([u32(0), Buffer.from(JSON.stringify(about), 'utf8')]));
    return Buffer.concat([last, this.#digest.digest()]);
  }

  #digested(octets: Buffer): Buffer {
    this.#digest.update(octets);
    return octets;
  }
}

/**
 * @throws {IsthmusError} ISTHMUS_DNS_STATE: it is damaged, of another version, or not the zone of this server; the message says which
 */
export function decodeZoneFile(file: Buffer, expected: ZoneIdentity): StoredZone {
  const content = file.subarray(0, Math.max(0, file.length - DIGEST_BYTES));
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) throw refused('it is not a zone of this server');
  const version = content.length >= MAGIC.length + 4 ? content.readUInt32BE(MAGIC.length) : 0;
  if (version !== VERSION) throw refused(`it has version ${version}, not ${VERSION}`);
  const digest = createHash('sha256').update(content).digest();
  if (!digest.equals(file.subarray(content.length))) throw refused('its checksum is wrong');
  const {slabs, end} = readSlabs(content, MAGIC.length + 4);
  const about = JSON.parse(content.toString('utf8', end)) as AboutZone;
  for (const key of ['zone', 'clusterId', 'answer'] as const) {
    if (about[key] !== expected[key]) throw refused(`its ${key} is ${about[key]}, not ${expected[key]}`);
  }
  const groups = slabs.map((slab) => groupKeysOf(slab));
  if (groups.includes(undefined)) throw refused('a slab of it is cut');
  return {slabs, groups: groups.flatMap((keys) => keys ?? []), about};
}

function readSlabs(content: Buffer, start: number): {slabs: ArrayBuffer[]; end: number} {
  const slabs: ArrayBuffer[] = [];
  for (let at = start; at + 4 <= content.length;) {
    const length = content.readUInt32BE(at);
    at += 4;
    if (length === 0) return {slabs, end: at};
    const slab = new ArrayBuffer(length);
    if (content.copy(new Uint8Array(slab), 0, at, at + length) < length) break;
    slabs.push(slab);
    at += length;
  }
  throw refused('it is cut');
}

function refused(reason: string): IsthmusError {
  return new IsthmusError('ISTHMUS_DNS_STATE', reason);
}

function u32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}
