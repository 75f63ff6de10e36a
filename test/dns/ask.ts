import {decode} from 'dns-packet';
import type {DecodedPacket, Record as PacketRecord} from 'dns-packet';
import {Counters} from '../../dns/counters.ts';
import {Responder} from '../../dns/responder.ts';
import type {ReplyMemory} from '../../dns/wire/reply-memory.ts';
import type {Transport} from '../../dns/wire/query-reader.ts';
import {nameFromText} from '../../dns/wire/name.ts';
import {Explainer} from '../../dns/zone/explainer.ts';
import type {CompiledChange, ZoneOptions} from '../../dns/zone/zone-compiler.ts';
import {ZoneCompiler} from '../../dns/zone/zone-compiler.ts';
import {ZoneTable} from '../../dns/zone/zone-table.ts';
import type {View} from '../../src/clusterset/view.ts';
import {everything} from './fixture-view.ts';

/** The look-up without sockets: a view on one side, octets on the other. dns-packet writes the questions and reads the answers. */

export const ZONE = nameFromText('clusterset.local')!;
const OPT_TYPE = 41;

const SEED = 20_261_121;

export function makeTable(): ZoneTable {
  return new ZoneTable(ZONE, SEED);
}

/** Lets a table hold what was compiled. */
export function applyAll(table: ZoneTable, compiled: CompiledChange): void {
  for (const memory of compiled.slabs) {
    const reader = table.reader(memory);
    while (reader.applyNext());
  }
}

export function makeCompiler(options: Partial<ZoneOptions> = {}): ZoneCompiler {
  return new ZoneCompiler({zone: ZONE, ttlSeconds: 5, ...options});
}

export function compileView(view: View, options: Partial<ZoneOptions> = {}): ZoneTable {
  const table = makeTable();
  applyAll(table, makeCompiler(options).compile(view, everything));
  return table;
}

/** A responder that answers from one view and can explain it. */
export function responderFor(view: View, options: Partial<ZoneOptions> = {}, o: ResponderSettings = {}): Responder {
  const table = makeTable();
  const explainer = new Explainer();
  const compiled = makeCompiler(options).compile(view, everything);
  if (compiled.clusterset) explainer.learn(compiled.clusterset);
  applyAll(table, compiled);
  return makeResponder(table, {...o, explainer});
}

export interface ResponderSettings {
  readonly synced?: boolean;
  readonly nowMs?: () => number;
  readonly explainer?: Explainer;
  readonly forwards?: boolean;
  readonly replies?: ReplyMemory;
}

export function makeResponder(table: ZoneTable, o: ResponderSettings = {}): Responder {
  const counters = new Counters(Counters.allocate(1), 0);
  const {nowMs = () => 0, explainer = new Explainer(), forwards = false, replies} = o;
  const given = {explainer, ttlSeconds: 5, nowMs, forwards, ...(replies ? {replies} : {})};
  const responder = new Responder({zone: ZONE, table, counters, ...given});
  responder.synced = o.synced ?? true;
  return responder;
}

export interface QuestionOptions {
  readonly id?: number;
  /** EDNS with this UDP size. */
  readonly edns?: number;
  readonly class?: number;
}

const TYPE_NUMBERS: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
};

export function typeNumber(type: string): number {
  return TYPE_NUMBERS[type] ?? Number(type.replace('TYPE', ''));
}

/** Our own few lines, because dns-packet does not know all types and would change odd names. */
export function question(name: string, type: string, o: QuestionOptions = {}): Buffer {
  const header = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, o.edns === undefined ? 0 : 1]);
  header.writeUInt16BE(o.id ?? 4711, 0);
  const labels = name.split('.').filter((label) => label !== '');
  const qname = labels.map((label) => Buffer.from(String.fromCharCode(label.length) + label, 'latin1'));
  const rest = Buffer.alloc(5);
  rest.writeUInt16BE(typeNumber(type), 1);
  rest.writeUInt16BE(o.class ?? 1, 3);
  return Buffer.concat([header, ...qname, rest, o.edns === undefined ? Buffer.alloc(0) : opt(o.edns)]);
}

export function opt(udpBytes: number, version = 0, options: Uint8Array = Buffer.alloc(0)): Buffer {
  const record = Buffer.alloc(11);
  record.writeUInt16BE(OPT_TYPE, 1);
  record.writeUInt16BE(udpBytes, 3);
  record[6] = version;
  record.writeUInt16BE(options.length, 9);
  return Buffer.concat([record, options]);
}

export function ask(
  responder: Responder,
  message: Buffer,
  transport: Transport = 'udp',
  client = '127.0.0.1',
): DecodedPacket {
  const reply = responder.respond(message, transport, client);
  if (!reply) throw new Error('the query was dropped');
  if (transport === 'udp') return decode(reply);
  if (reply.readUInt16BE(0) !== reply.length - 2) throw new Error('the length before the TCP answer is wrong');
  return decode(reply.subarray(2));
}

/** Zone-file lines, sorted. */
export function lines(records: readonly PacketRecord[]): readonly string[] {
  return records
    .filter((record) => record.type !== 'OPT')
    .map((record) => `${absolute(record.name)} ${record.ttl} ${record.class} ${record.type} ${text(record)}`)
    .sort();
}

function absolute(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

function text(record: PacketRecord): string {
  const data = record.data as any;
  switch (record.type) {
    case 'SRV':
      return `${data.priority} ${data.weight} ${data.port} ${absolute(data.target)}`;
    case 'TXT':
      return (data as Buffer[]).map((part) => `"${part.toString('latin1')}"`).join(' ');
    case 'HINFO':
      return `"${data.cpu}" "${data.os}"`;
    case 'NS':
      return absolute(data);
    case 'SOA':
      return [
        absolute(data.mname),
        absolute(data.rname),
        data.serial,
        data.refresh,
        data.retry,
        data.expire,
        data.minimum,
      ].join(' ');
    default:
      return String(data);
  }
}

/** The extended error of an answer: its code and text; undefined: it has none. */
export function extendedErrorOf(reply: DecodedPacket): {code: number; text: string} | undefined {
  const options = reply.additionals.flatMap((record) => record.options ?? []);
  const data = options.find((option) => option.code === 15)?.data;
  return data && {code: data.readUInt16BE(0), text: data.toString('latin1', 2)};
}

/** The strings of the TXT records. */
export function texts(reply: DecodedPacket): readonly string[] {
  return reply.answers.flatMap((record) => (record.data as Buffer[]).map((part) => part.toString('latin1')));
}
