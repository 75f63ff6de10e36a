import ipaddr from 'ipaddr.js';
import {Fault, Opaque} from '../values.ts';
import type {Library, Overload} from '../signature.ts';
import type {CelType} from '../types.ts';
import type {Result} from '../values.ts';
import {opaqueType} from '../types.ts';
import {overload} from '../signature.ts';
import {traversal} from '../meter.ts';

const IP_TYPE = opaqueType('net.IP') as Extract<CelType, {kind: 'opaque'}>;
const CIDR_TYPE = opaqueType('net.CIDR') as Extract<CelType, {kind: 'opaque'}>;

type Address = ipaddr.IPv4 | ipaddr.IPv6;

class Ip extends Opaque {
  readonly type = IP_TYPE;
  readonly address: Address;

  constructor(address: Address) {
    super();
    this.address = address;
  }

  equals(other: Opaque): boolean {
    return other instanceof Ip && other.text === this.text;
  }

  get text(): string {
    return this.address instanceof ipaddr.IPv6 ? this.address.toRFC5952String() : this.address.toString();
  }
}

class Cidr extends Opaque {
  readonly type = CIDR_TYPE;
  readonly address: Address;
  readonly bits: number;

  constructor(address: Address, bits: number) {
    super();
    this.address = address;
    this.bits = bits;
  }

  equals(other: Opaque): boolean {
    return other instanceof Cidr && other.text === this.text;
  }

  get text(): string {
    return `${new Ip(this.address).text}/${this.bits}`;
  }

  masked(): Cidr {
    const bytes = this.address
      .toByteArray()
      .map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, this.bits - index * 8))));
    return new Cidr(ipaddr.fromByteArray(bytes), this.bits);
  }

  contains(address: Address, bits = address.toByteArray().length * 8): boolean {
    if (address.kind() !== this.address.kind() || bits < this.bits) return false;
    return new Cidr(address, this.bits).masked().text === this.masked().text;
  }
}

/** Strict: four decimal parts without leading zeros, no zones, no IPv4 in IPv6 (Kubernetes refuses both). Or the complaint. */
function parseAddress(text: string): Address | string {
  const complaint = `IP Address "${text}" parse error during conversion from string: ParseAddr("${text}"): unable to parse IP`;
  if (text.length > 64) return complaint;
  if (/^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(text))
    return ipaddr.IPv4.isValid(text) ? ipaddr.IPv4.parse(text) : complaint;
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':') || !ipaddr.IPv6.isValid(text)) {
    return text.includes('%') ? `IP address "${text}" with zone value is not allowed` : complaint;
  }
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? `IPv4-mapped IPv6 address "${text}" is not allowed` : address;
}

function parseCidr(text: string): Cidr | string {
  const complaint = `network address parse error during conversion from string: netip.ParsePrefix("${text}"): no '/'`;
  const match = /^(?<address>[^/]{1,64})\/(?<bits>0|[1-9]\d{0,2})$/.exec(text)?.groups;
  if (match === undefined) return complaint;
  const address = parseAddress(match['address'] ?? '');
  if (typeof address === 'string') return address;
  const bits = Number(match['bits']);
  return bits > address.toByteArray().length * 8
    ? `${complaint.slice(0, -6)}prefix length out of range`
    : new Cidr(address, bits);
}

function ipOf(text: string): Result {
  const address = parseAddress(text);
  return typeof address === 'string' ? new Fault(address) : new Ip(address);
}

function cidrOf(text: string): Result {
  const cidr = parseCidr(text);
  return typeof cidr === 'string' ? new Fault(cidr) : cidr;
}

function isCanonical(text: string): Result {
  const address = parseAddress(text);
  return typeof address === 'string' ? new Fault(address) : new Ip(address).text === text;
}

function walk([text]: readonly [string]): number {
  return Math.max(1, traversal(text.length));
}

function bytes(address: Address): number[] {
  return address.toByteArray();
}

function isMulticast(address: Address): boolean {
  const [first = 0] = bytes(address);
  return address instanceof ipaddr.IPv4 ? first >= 224 && first < 240 : first === 0xff;
}

function isLinkLocalMulticast(address: Address): boolean {
  const [a = 0, b = 0, c = 0] = bytes(address);
  return address instanceof ipaddr.IPv4 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 2;
}

function isLinkLocalUnicast(address: Address): boolean {
  const [a = 0, b = 0] = bytes(address);
  return address instanceof ipaddr.IPv4 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80;
}

function isLoopback(address: Address): boolean {
  return address instanceof ipaddr.IPv4 ? bytes(address)[0] === 127 : new Ip(address).text === '::1';
}

function isUnspecified(address: Address): boolean {
  return bytes(address).every((byte) => byte === 0);
}

/** Go's: also private addresses, but not broadcast. */
function isGlobalUnicast(address: Address): boolean {
  const broadcast = address instanceof ipaddr.IPv4 && bytes(address).every((byte) => byte === 255);
  return (
    !broadcast &&
    !isUnspecified(address) &&
    !isLoopback(address) &&
    !isMulticast(address) &&
    !isLinkLocalUnicast(address)
  );
}

function predicate(name: string, holds: (address: Address) => boolean): [string, readonly Overload[]] {
  return [name, [overload<[Ip]>('net.IP.(): bool', ([{address}]) => holds(address))]];
}

function family(address: Address): bigint {
  return address instanceof ipaddr.IPv4 ? 4n : 6n;
}

function containsText<T extends {readonly text: string}>(parsed: T | string, holds: (value: T) => boolean): Result {
  return typeof parsed === 'string' ? new Fault(parsed) : holds(parsed);
}

function ipParsed(text: string): Ip | string {
  const address = parseAddress(text);
  return typeof address === 'string' ? address : new Ip(address);
}

/** Kubernetes' IP and CIDR libraries. */
export const IP: Library = new Map<string, readonly Overload[]>([
  [
    'ip',
    [
      overload<[string]>('(string): net.IP', ([text]) => ipOf(text), walk),
      overload<[Cidr]>('net.CIDR.(): net.IP', ([{address}]) => new Ip(address)),
    ],
  ],
  ['isIP', [overload<[string]>('(string): bool', ([text]) => typeof parseAddress(text) !== 'string', walk)]],
  ['ip.isCanonical', [overload<[string]>('(string): bool', ([text]) => isCanonical(text), walk)]],
  ['family', [overload<[Ip]>('net.IP.(): int', ([{address}]) => family(address))]],
  predicate('isUnspecified', isUnspecified),
  predicate('isLoopback', isLoopback),
  predicate('isLinkLocalMulticast', isLinkLocalMulticast),
  predicate('isLinkLocalUnicast', isLinkLocalUnicast),
  predicate('isGlobalUnicast', isGlobalUnicast),
  ['cidr', [overload<[string]>('(string): net.CIDR', ([text]) => cidrOf(text), walk)]],
  ['isCIDR', [overload<[string]>('(string): bool', ([text]) => typeof parseCidr(text) !== 'string', walk)]],
  [
    'containsIP',
    [
      overload<[Cidr, string]>(
        'net.CIDR.(string): bool',
        ([cidr, text]) => containsText(ipParsed(text), ({address}) => cidr.contains(address)),
        () => 5,
      ),
      overload<[Cidr, Ip]>(
        'net.CIDR.(net.IP): bool',
        ([cidr, {address}]) => cidr.contains(address),
        () => 4,
      ),
    ],
  ],
  [
    'containsCIDR',
    [
      overload<[Cidr, string]>(
        'net.CIDR.(string): bool',
        ([cidr, text]) => containsText(parseCidr(text), (other) => cidr.contains(other.address, other.bits)),
        () => 7,
      ),
      overload<[Cidr, Cidr]>(
        'net.CIDR.(net.CIDR): bool',
        ([cidr, {address, bits}]) => cidr.contains(address, bits),
        () => 6,
      ),
    ],
  ],
  ['prefixLength', [overload<[Cidr]>('net.CIDR.(): int', ([{bits}]) => BigInt(bits))]],
  ['masked', [overload<[Cidr]>('net.CIDR.(): net.CIDR', ([cidr]) => cidr.masked())]],
  [
    'string',
    [
      overload<[Ip]>('(net.IP): string', ([{text}]) => text),
      overload<[Cidr]>('(net.CIDR): string', ([{text}]) => text),
    ],
  ],
]);
