import ipaddr from 'ipaddr.js';
import type {InternalApi, TypeRef} from '../apiserver/internal-api.ts';
import type {JsonObject} from '../schema/json.ts';
import {familyOfIp} from './ip-rules.ts';
import type {IpFamily} from './ip-rules.ts';
import {nameOf, namespaceOf, objectIn, textsIn} from './read-json.ts';

const SERVICES: TypeRef = {group: '', plural: 'services'};

/** Both ranges hold 2^16 addresses; the first and the last are never given out. */
const RANGE_SIZE = 0x1_0000;
/** Addresses below this offset are left to those who name one, as upstream does, so that both rarely meet. */
const FIRST_DYNAMIC = 256;
const RANDOM_TRIES = 32;
/** How long an address stays reserved for a request that never stored its Service. */
const RESERVED_MS = 60_000;

export interface Claim {
  /** `namespace/name` of the Service: what it has reserved itself is not taken. */
  readonly owner: string;
  readonly dryRun: boolean;
  readonly nowMs: number;
}

/**
 * The Service range of one embedded cluster: 10.(100+index).0.0/16 and fd00:0:0:index::/112.
 *
 * What is taken follows from the stored Services alone, so a deleted or changed Service releases its addresses without anybody
 * remembering to. An address handed out is reserved for a while, since admission webhooks stand between allocation and storage.
 */
export class ServiceIpAllocator {
  readonly cidrs: Readonly<Record<IpFamily, string>>;
  readonly #random: () => number;
  readonly #stored = new Map<string, string>();
  readonly #reserved = new Map<string, {owner: string; untilMs: number}>();
  #followed: InternalApi | undefined;

  constructor(options: {index: number; random?: () => number}) {
    const {index} = options;
    this.cidrs = {
      IPv4: `10.${100 + index}.0.0/16`,
      IPv6: `${index === 0 ? 'fd00::' : `fd00:0:0:${index.toString(16)}::`}/112`,
    };
    this.#random = options.random ?? Math.random;
  }

  /** Learns what the stored Services hold, now and from every later change. May be called again. */
  follow(storage: InternalApi): void {
    if (this.#followed === storage) return;
    this.#followed = storage;
    for (const service of storage.list(SERVICES)) this.#hold(service);
    storage.onChange(({type, kind, object, old}) => {
      if (type.group !== '' || type.plural !== 'services') return;
      if (old !== undefined) this.#release(old);
      if (kind !== 'DELETED') this.#hold(object);
    });
  }

  /** The address at `offset` of the range; offset 1 is the API server itself. */
  at(family: IpFamily, offset: number): string {
    const bytes = ipaddr.parseCIDR(this.cidrs[family])[0].toByteArray();
    bytes.splice(-2, 2, offset >> 8, offset & 0xff);
    return ipaddr.fromByteArray(bytes).toString();
  }

  /** A free address, or undefined where the range is full. */
  next(family: IpFamily, claim: Claim): string | undefined {
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const offset = FIRST_DYNAMIC + Math.floor(this.#random() * (RANGE_SIZE - 1 - FIRST_DYNAMIC));
      const address = this.at(family, offset);
      if (this.#isFree(address, claim)) return this.#reserve(address, claim);
    }
    for (let offset = RANGE_SIZE - 2; offset > 0; offset--) {
      const address = this.at(family, offset);
      if (this.#isFree(address, claim)) return this.#reserve(address, claim);
    }
    return undefined;
  }

  /** Takes an address that somebody named. */
  claim(address: string, claim: Claim): 'Taken' | 'OutOfRange' | 'Ok' {
    const [range, bits] = ipaddr.parseCIDR(this.cidrs[familyOfIp(address)]);
    if (!ipaddr.parse(address).match(range, bits)) return 'OutOfRange';
    if (!this.#isFree(address, claim)) return 'Taken';
    this.#reserve(address, claim);
    return 'Ok';
  }

  /** The Service of this owner will not be stored, or is gone: what was only reserved for it is free again. */
  giveBack(owner: string): void {
    for (const [address, reserved] of this.#reserved) {
      if (reserved.owner === owner) this.#reserved.delete(address);
    }
  }

  #isFree(address: string, claim: Claim): boolean {
    if (this.#stored.has(address)) return false;
    const reserved = this.#reserved.get(address);
    return reserved === undefined || reserved.owner === claim.owner || reserved.untilMs <= claim.nowMs;
  }

  #reserve(address: string, claim: Claim): string {
    if (claim.dryRun) return address;
    // In the order of their end, so the first that holds ends the search.
    for (const [other, {untilMs}] of this.#reserved) {
      if (untilMs > claim.nowMs) break;
      this.#reserved.delete(other);
    }
    this.#reserved.delete(address);
    this.#reserved.set(address, {owner: claim.owner, untilMs: claim.nowMs + RESERVED_MS});
    return address;
  }

  #hold(service: JsonObject): void {
    for (const address of clusterIpsOf(service)) {
      this.#stored.set(address, ownerKey(service));
      this.#reserved.delete(address);
    }
  }

  #release(service: JsonObject): void {
    for (const address of clusterIpsOf(service)) {
      if (this.#stored.get(address) === ownerKey(service)) this.#stored.delete(address);
    }
  }
}

/** `namespace/name`, the owner in a {@link Claim}. */
export function ownerKey(service: JsonObject): string {
  return `${namespaceOf(service)}/${nameOf(service)}`;
}

function clusterIpsOf(service: JsonObject): readonly string[] {
  return textsIn(objectIn(service, 'spec'), 'clusterIPs').filter((address) => address !== 'None');
}
