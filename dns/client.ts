import {randomInt} from 'node:crypto';
import {Packet} from 'dns2';
import type {Resource} from 'dns2';
import {IsthmusError} from '../src/errors.ts';
import {exchangeTcp, exchangeUdp} from './client-exchange.ts';
import type {Exchange} from './client-exchange.ts';
import {exchangeHttps, exchangeTls} from './client-secure.ts';
import type {Secured} from './client-secure.ts';
import {EDNS_UDP_BYTES, Rcode, Type} from './wire/codes.ts';

const DEFAULT_TIMEOUT_MS = 3_000;
/** The TC bit, in the third octet. */
const TRUNCATED = 0x02;

export interface DnsQuery {
  /** An IP address, or a name that the system's resolver knows. */
  readonly server: string;
  readonly port: number;
  readonly name: string;
  /** `A`, `SRV`, … or `TYPE65`. */
  readonly type: string;
  /** Left out: UDP, and TCP where the answer is truncated, as a resolver does it. */
  readonly transport?: QueryTransport;
  /** How TLS and HTTPS know the server. Default: by the system's authorities and the name `server`. */
  readonly secured?: Secured;
  /** Of each transport. Default 3000. */
  readonly timeoutMs?: number;
}

export type QueryTransport = 'udp' | 'tcp' | 'tls' | 'https';

/** One record in zone-file text; names are absolute, so they end in a dot. */
export interface DnsRecord {
  readonly name: string;
  readonly type: string;
  /** Seconds. */
  readonly ttl: number;
  readonly data: string;
}

export interface DnsResult {
  /** `NOERROR`, `NXDOMAIN`, … or `RCODE11`. */
  readonly rcode: string;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  /** What the answer came over in the end. */
  readonly transport: QueryTransport;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** RFC 8914: why, in the server's words. */
  readonly extendedErrors: readonly {readonly code: number; readonly name: string; readonly text: string}[];
}

/**
 * Asks one server one question. The codec is dns2's; its clients are not used, because its TCP client never gives up and
 * takes an IPv6 address apart at the first colon, and neither can ask for extended errors.
 *
 * @throws {IsthmusError} ISTHMUS_DNS_QUERY: no answer in time or none that can be read; ISTHMUS_USAGE: no such type or name
 */
export async function queryDns(o: DnsQuery): Promise<DnsResult> {
  const {message, transport} = await ask(o, buildQuery(o.name, o.type));
  return readResult(message, transport);
}

async function ask(
  o: Omit<DnsQuery, 'type'>,
  query: Buffer,
): Promise<{readonly message: Buffer; readonly transport: QueryTransport}> {
  const {transport, secured = {}} = o;
  const exchange: Exchange = {server: o.server, port: o.port, query, timeoutMs: o.timeoutMs ?? DEFAULT_TIMEOUT_MS};
  if (transport === 'tls') return {message: await exchangeTls(exchange, secured), transport};
  if (transport === 'https') return {message: await exchangeHttps(exchange, secured), transport};
  if (transport !== 'tcp') {
    const message = await exchangeUdp(exchange);
    if ((message[2]! & TRUNCATED) === 0 || transport === 'udp') return {message, transport: 'udp'};
  }
  return {message: await exchangeTcp(exchange), transport: 'tcp'};
}

export interface DnsExplanation {
  /** `NOERROR` where there is one. */
  readonly rcode: string;
  /** The strings of the TXT record in their order; empty: it says nothing. */
  readonly texts: readonly string[];
}

/**
 * Asks an Isthmus server why it answers what it answers for a service: `_why.<name>` TXT. Names above the service's own may be
 * given as they are asked, with ports and hosts (`_http._tcp.web.shop.svc.clusterset.local`).
 *
 * @throws {IsthmusError} as {@link queryDns}
 */
export async function explainDns(o: Omit<DnsQuery, 'type'>): Promise<DnsExplanation> {
  const {message} = await ask(o, buildQuery(`_why.${serviceNameOf(o.name)}`, 'TXT'));
  const packet = parse(message);
  const texts = packet.answers
    .filter(({type}) => type === Type.TXT)
    .flatMap(({data}) => [data ?? []].flat().map(String));
  return {rcode: nameOfNumber(Rcode, packet.header.rcode) ?? `RCODE${packet.header.rcode}`, texts};
}

/** `<service>.<namespace>.svc.<zone>` out of a name at or below it; others are left as they are. */
function serviceNameOf(name: string): string {
  const labels = name.split('.');
  const svc = labels.findIndex((label, i) => i >= 2 && label.toLowerCase() === 'svc');
  return svc < 0 ? name : labels.slice(svc - 2).join('.');
}

function buildQuery(name: string, type: string): Buffer {
  const packet = new Packet();
  packet.header.id = randomInt(0x10000);
  packet.questions.push(new Packet.Question(checkName(name), typeNumber(type), Packet.CLASS.IN));
  packet.additionals.push(Packet.Resource.EDNS([], {udpPayloadSize: EDNS_UDP_BYTES}));
  return packet.toBuffer();
}

/** dns2 would quietly ask for another name: it leaves out empty labels and cuts characters to one octet. */
function checkName(name: string): string {
  const text = name.endsWith('.') ? name.slice(0, -1) : name;
  const labels = text === '' ? [] : text.split('.');
  const fits = labels.every((label) => /^[\x21-\x7e]{1,63}$/.test(label)) && text.length <= 253;
  if (!fits) throw new IsthmusError('ISTHMUS_USAGE', `${name} is not a domain name`);
  return text;
}

function typeNumber(text: string): number {
  const type = text.toUpperCase();
  const known = new Map<string, number>([...Object.entries(Packet.TYPE), ...Object.entries(Type)]).get(type);
  const number = known ?? Number(/^TYPE(\d{1,5})$/.exec(type)?.[1] ?? Number.NaN);
  if (!(number >= 0 && number <= 0xffff)) throw new IsthmusError('ISTHMUS_USAGE', `${text} is not a record type`);
  return number;
}

function readResult(message: Buffer, transport: QueryTransport): DnsResult {
  const packet = parse(message);
  const isRecord = (resource: Resource) => resource.type !== Type.OPT;
  return {
    rcode: nameOfNumber(Rcode, packet.header.rcode) ?? `RCODE${packet.header.rcode}`,
    authoritative: packet.header.aa === 1,
    truncated: packet.header.tc === 1,
    transport,
    answers: packet.answers.map(toRecord),
    authorities: packet.authorities.map(toRecord),
    additionals: packet.additionals.filter(isRecord).map(toRecord),
    extendedErrors: packet.additionals.filter((resource) => !isRecord(resource)).flatMap(extendedErrors),
  };
}

function parse(message: Buffer): Packet {
  try {
    const packet = Packet.parse(message);
    if (packet.errors.length === 0) return packet;
    throw packet.errors[0];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new IsthmusError('ISTHMUS_DNS_QUERY', `the answer is broken: ${reason}`, {}, {cause: error});
  }
}

function extendedErrors(opt: Resource): {code: number; name: string; text: string}[] {
  const options = ((opt as {rdata?: unknown}).rdata ?? []) as {infoCode?: number; extraText?: string}[];
  return options
    .filter((option) => option.infoCode !== undefined)
    .map(({infoCode = 0, extraText = ''}) => ({
      code: infoCode,
      name: Packet.EDE_NAME[infoCode] ?? `EDE${infoCode}`,
      text: extraText,
    }));
}

function toRecord(resource: Resource): DnsRecord {
  const type = nameOfNumber(Type, resource.type) ?? Packet.TYPE_NAME[resource.type] ?? `TYPE${resource.type}`;
  return {name: absolute(resource.name), type, ttl: resource.ttl, data: zoneFileText(resource)};
}

/** RFC 1035 §5.1; RFC 3597 §5 for types that nobody here knows. */
function zoneFileText(r: Resource): string {
  switch (r.type) {
    case Type.A:
    case Type.AAAA:
      return r.address ?? '';
    case Type.SRV:
      return `${r.priority} ${r.weight} ${r.port} ${absolute(r.target ?? '')}`;
    case Type.NS:
      return absolute(r.ns ?? '');
    case Type.SOA: {
      const numbers = [r.serial, r.refresh, r.retry, r.expiration, r.minimum].join(' ');
      return `${absolute(r.primary ?? '')} ${absolute(r.admin ?? '')} ${numbers}`;
    }
    case Type.TXT:
      return [r.data ?? []]
        .flat()
        .map((text) => quoted(String(text)))
        .join(' ');
    default:
      return r.domain === undefined ? genericText(r.data) : absolute(r.domain);
  }
}

function genericText(data: unknown): string {
  const octets = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
  return `\\# ${octets.length} ${octets.toString('hex')}`.trimEnd();
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function absolute(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

function nameOfNumber(table: Readonly<Record<string, number>>, number: number): string | undefined {
  return Object.keys(table).find((name) => table[name] === number);
}
