import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {exchangeUdp} from '../../../dns/client-exchange.ts';
import {opt, question} from '../../dns/ask.ts';
import type {Mode} from './dnsperf.ts';
import {BenchProcess, SERVER_CORE} from './processes.ts';
import {benchQueries} from './queries.ts';
import type {Rival, RivalOptions} from './rivals.ts';
import {startCoreDns, startKnot, startUnbound} from './rivals.ts';

/** One line of the table: a server and how it is asked. */
export interface Row {
  readonly name: string;
  readonly server: BenchProcess;
  readonly port: number;
  readonly mode: Mode;
  /** A file of queries. */
  readonly queries: string;
  /** Servers and clients may have both cores. */
  readonly sharesCores: boolean;
  /** Further arguments of dnsperf. */
  readonly edns: readonly string[];
  /** Under 1,000 changes a second. */
  readonly hasStorm: boolean;
  /** Measured in each so-manieth round: what is to be compared closely, in all of them. */
  readonly every: number;
}

export interface Started {
  readonly port: number;
  readonly tlsPort: number;
  readonly compileMs: number;
  /** CPU time of the thread that compiles. */
  readonly compileCpuMs: number;
  readonly servedMs: number;
  readonly peakBytes: number;
  readonly keptBytes: number;
}

export interface Ours extends Started {
  readonly imports: number;
  readonly process: BenchProcess;
}

/** Sizes of the zone; the middle one is what everything else is measured at. */
const SIZES = [1_000, 10_000, 100_000] as const;
export const IMPORTS = 10_000;
export const BIGGEST = 100_000;

/** Of rows that are only there to say where everybody stands. */
const SELDOM = 3;

export interface Field {
  readonly rows: readonly Row[];
  readonly ours: readonly Ours[];
  /** Why some rows are missing. */
  readonly absent: readonly string[];
  close(): Promise<void>;
}

export interface FieldOptions {
  /** Only the echo, and ourselves with many imports and with most. */
  readonly isQuick: boolean;
}

/** Starts everybody. One after the other: on two cores they would be in each other's way. */
export async function startField(dir: string, {isQuick}: FieldOptions): Promise<Field> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => void (await Promise.all(closers.map(async (closer) => closer())));
  try {
    return {...(await start({dir, isQuick, onClose: (closer) => closers.push(closer)})), close};
  } catch (error) {
    await close();
    throw error;
  }
}

async function start({dir, isQuick, onClose}: StartOptions): Promise<Omit<Field, 'close'>> {
  const files = new Map<number, string>();
  for (const size of SIZES) files.set(size, await writeQueries(dir, size));
  const script = async (name: string, args: readonly (number | string)[], isShared = false) => {
    const server = BenchProcess.script(name, args, isShared ? {} : {core: SERVER_CORE});
    onClose(async () => server.close());
    return {server, ...(await server.next<Started>())};
  };
  const row = (name: string, server: {server: BenchProcess; port: number}, o: Partial<Row> = {}): Row => ({
    ...{name, server: server.server, port: server.port, mode: 'udp', queries: files.get(IMPORTS)!},
    ...{sharesCores: false, edns: [], hasStorm: false, every: SELDOM, ...o},
  });

  const rows = [row('echo', await script('echo-server.ts', []), {every: 1})];
  const ours: Ours[] = [];
  for (const imports of isQuick ? [IMPORTS, BIGGEST] : SIZES) {
    const started = await script('isthmus-server.ts', [imports, 1]);
    ours.push({...started, imports, process: started.server});
    const every = imports === IMPORTS || imports === BIGGEST ? 1 : SELDOM;
    rows.push(row(`isthmus, ${imports} imports`, started, {queries: files.get(imports)!, every}));
    if (imports === IMPORTS && !isQuick) rows.push(...(await variants(row, started)));
  }
  if (isQuick) return {rows, ours, absent: []};
  const secure = await script('isthmus-server.ts', [IMPORTS, 1, 'tls']);
  rows.push(row('isthmus, DoT', {...secure, port: secure.tlsPort}, {mode: 'dot'}));
  rows.push(row('dns2', await script('dns2-server.ts', [IMPORTS])));
  const absent: string[] = [];
  const named = async (starter: (o: RivalOptions) => Promise<Rival | string>) => {
    const rival = await starter({dir, imports: IMPORTS});
    if (typeof rival === 'string') return void absent.push(rival);
    onClose(async () => rival.close());
    rows.push(row(rival.name, {server: rival.process, port: rival.port}));
  };
  for (const starter of [startCoreDns, startUnbound, startKnot]) await named(starter);
  rows.push(row('echo, both cores', await script('echo-server.ts', [], true), {sharesCores: true, every: 2}));
  const two = await script('isthmus-server.ts', [IMPORTS, 2], true);
  rows.push(row('isthmus, both cores, 2 workers', two, {sharesCores: true, every: 2}));
  return {rows, ours, absent};
}

interface StartOptions extends FieldOptions {
  readonly dir: string;
  readonly onClose: (closer: () => Promise<void>) => void;
}

async function variants(
  row: (name: string, server: {server: BenchProcess; port: number}, o?: Partial<Row>) => Row,
  started: {server: BenchProcess} & Started,
): Promise<readonly Row[]> {
  const cookie = await cookieFrom(started.port);
  return [
    row('isthmus, EDNS', started, {edns: ['-e']}),
    row('isthmus, EDNS and cookies', started, {edns: ['-e', '-E', `10:${cookie}`]}),
    row('isthmus, 1000 changes/s', started, {hasStorm: true}),
    row('isthmus, TCP', started, {mode: 'tcp'}),
  ];
}

/** Both cookies as a client sends them from its second query on, in hexadecimal. */
async function cookieFrom(port: number): Promise<string> {
  const option = Buffer.from('000a00080102030405060708', 'hex');
  const plain = question('clusterset.local', 'A');
  plain[11] = 1;
  const query = Buffer.concat([plain, opt(1232, 0, option)]);
  const reply = await exchangeUdp({server: '127.0.0.1', port, query, timeoutMs: 1000});
  return reply.subarray(-24).toString('hex');
}

async function writeQueries(dir: string, imports: number): Promise<string> {
  const file = join(dir, `queries-${imports}.txt`);
  const lines = benchQueries(imports).map(({name, type}) => `${name} ${type}\n`);
  await writeFile(file, lines.join(''));
  return file;
}
