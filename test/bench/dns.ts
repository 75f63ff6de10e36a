import {mkdtemp, rm} from 'node:fs/promises';
import {loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {dnsperf, hasDnsperf} from './dns/dnsperf.ts';
import type {LoadResult} from './dns/dnsperf.ts';
import type {Latency} from './dns/latency.ts';
import {measureLatency} from './dns/latency.ts';
import {usageOf} from './dns/processes.ts';
import type {Field, Ours, Row} from './dns/rows.ts';
import {IMPORTS, startField} from './dns/rows.ts';

/**
 * How near the DNS server comes to the least that Node can do, and where it stands among others (design §14): servers on one core,
 * dnsperf on the other, all rows interleaved, the median of the ratios to the bare UDP echo of the same round.
 */

interface Settings {
  readonly rounds: number;
  readonly seconds: number;
}

interface Round extends LoadResult {
  /** CPU time of the server for one answer, microseconds. */
  readonly cpuUs: number | undefined;
}

type Figure = readonly [name: string, value: number, unit: string];

/** Queries a second while changes are made: what a big cluster asks, and far from what either side can do. */
const CALM_RATE = 5_000;

export async function run(args: readonly string[]): Promise<void> {
  const {values} = parseArgs({
    args: [...args],
    options: {rounds: {type: 'string', default: '5'}, seconds: {type: 'string', default: '2'}},
  });
  if (!hasDnsperf())
    throw new Error('dnsperf is not on the PATH: it is the client of this bench (Debian package dnsperf)');
  const settings = {rounds: Number(values.rounds), seconds: Number(values.seconds)};
  const dir = await mkdtemp(join(tmpdir(), 'isthmus-bench-'));
  try {
    const field = await startField(dir);
    try {
      for (const reason of field.absent) print(`left out: ${reason}`);
      await measure(field, settings);
    } finally {
      await field.close();
    }
  } finally {
    await rm(dir, {recursive: true});
  }
}

async function measure(field: Field, settings: Settings): Promise<void> {
  const results = await measureRows(field.rows, settings);
  const of = (name: string) => results.get(name) ?? [];
  const qps = median(of(`isthmus, ${IMPORTS} imports`).map((round) => round.qps));
  const ours = field.ours.find(({imports}) => imports === IMPORTS)!;
  const latency = await measureHalfLoad(field, {ours, rate: qps / 2, ...settings});
  const changes = await measureChanges(ours, settings);
  print(`load average ${loadavg()[0]!.toFixed(2)}`);
  report([
    ...throughputFigures(of),
    ...latency,
    ...changes,
    ...compileFigures(field.ours),
    ['dns_rss', Math.round((usageOf(ours.process.pid)?.rss ?? 0) / 1e6), 'MB'],
  ]);
}

async function measureRows(rows: readonly Row[], settings: Settings): Promise<ReadonlyMap<string, readonly Round[]>> {
  const results = new Map<string, Round[]>(rows.map(({name}) => [name, []]));
  for (let i = 0; i < settings.rounds; i++) {
    for (const row of rows) results.get(row.name)!.push(await measureRow(row, settings.seconds));
    print(`round ${i + 1} of ${settings.rounds}`);
  }
  const width = Math.max(...rows.map(({name}) => name.length));
  print(`${'server'.padEnd(width)} queries/s  of echo  of echo's CPU  CPU/answer     RSS   lost`);
  for (const {name, server, sharesCores} of rows) {
    const rounds = results.get(name)!;
    const echo = results.get(echoName(sharesCores))!;
    const cells = [
      median(rounds.map((round) => round.qps))
        .toFixed(0)
        .padStart(9),
      ratio(rounds, echo).toFixed(3).padStart(8),
      cpuRatio(rounds, echo).toFixed(3).padStart(14),
      `${median(rounds.map((round) => round.cpuUs ?? NaN)).toFixed(2)} us`.padStart(11),
      `${Math.round((usageOf(server.pid)?.rss ?? 0) / 1e6)} MB`.padStart(7),
      String(rounds.reduce((sum, {lost}) => sum + lost, 0)).padStart(6),
    ];
    print(`${name.padEnd(width)} ${cells.join(' ')}`);
  }
  return results;
}

async function measureRow(row: Row, seconds: number): Promise<Round> {
  if (row.hasStorm) row.server.tell('storm');
  const before = usageOf(row.server.pid);
  const result = await dnsperf({...row, seconds});
  const after = usageOf(row.server.pid);
  if (row.hasStorm) await row.server.ask('calm');
  return {...result, cpuUs: before && after && (after.cpuUs - before.cpuUs) / result.completed};
}

/** The echo beside it: what of the times is the client's and the machine's own. */
async function measureHalfLoad(
  field: Field,
  o: {readonly ours: Ours; readonly rate: number} & Settings,
): Promise<readonly Figure[]> {
  const echo: Latency[] = [];
  const ours: Latency[] = [];
  for (let i = 0; i < o.rounds; i++) {
    echo.push(await measureLatency({...o, port: field.rows[0]!.port, imports: IMPORTS}));
    ours.push(await measureLatency({...o, port: o.ours.port, imports: IMPORTS}));
    printLatency('echo at half load', echo.at(-1)!);
    printLatency('isthmus at half load', ours.at(-1)!);
  }
  const p99s = ours.map(({p99Ms}) => p99Ms);
  return [
    ['dns_half_load', Math.round(o.rate), 'queries/s'],
    ['dns_p50', median(ours.map(({p50Ms}) => p50Ms)), 'ms'],
    ['dns_p99', median(p99s), 'ms'],
    ['dns_p999', median(ours.map(({p999Ms}) => p999Ms)), 'ms'],
    ['dns_echo_p99', median(echo.map(({p99Ms}) => p99Ms)), 'ms'],
    ['dns_p99_ratio_to_echo', median(p99s.map((p99Ms, i) => p99Ms / echo[i]!.p99Ms)), 'ratio'],
  ];
}

/** From a view to the answer that shows it, and how long queries wait meanwhile. */
async function measureChanges(ours: Ours, {seconds}: Settings): Promise<readonly Figure[]> {
  const {tookMs} = await ours.process.ask<{tookMs: readonly number[]}>('changes');
  const sorted = [...tookMs].sort((a, b) => a - b);
  const load = {port: ours.port, seconds, imports: IMPORTS, rate: CALM_RATE};
  const calm = await measureLatency(load);
  ours.process.tell('storm');
  const storm = await measureLatency(load);
  await ours.process.ask('calm');
  const wholeMs: number[] = [];
  const whole = measureLatency(load);
  for (let i = 0; i < seconds; i++) wholeMs.push((await ours.process.ask<{tookMs: number}>('whole')).tookMs);
  printLatency('5000/s, no changes', calm);
  printLatency('5000/s, 1000 changes/s', storm);
  const during = await whole;
  printLatency('5000/s, whole view anew', during);
  return [
    ['dns_view_change_p50', sorted[Math.floor(sorted.length * 0.5)] ?? 0, 'ms'],
    ['dns_view_change_p99', sorted[Math.floor(sorted.length * 0.99)] ?? 0, 'ms'],
    ['dns_calm_longest_wait', calm.maxMs, 'ms'],
    ['dns_storm_longest_wait', storm.maxMs, 'ms'],
    ['dns_whole_view', median(wholeMs), 'ms'],
    ['dns_whole_view_longest_wait', during.maxMs, 'ms'],
  ];
}

function throughputFigures(of: (name: string) => readonly Round[]): readonly Figure[] {
  const middle = of(`isthmus, ${IMPORTS} imports`);
  const ratios: Figure[] = [
    ['dns_ratio_to_echo', ratio(middle, of('echo')), 'ratio'],
    ['dns_cpu_ratio_to_echo', cpuRatio(middle, of('echo')), 'ratio'],
    ['dns_ratio_1000_to_echo', ratio(of('isthmus, 1000 imports'), of('echo')), 'ratio'],
    ['dns_ratio_100000_to_10000', ratio(of('isthmus, 100000 imports'), middle), 'ratio'],
    ['dns_ratio_edns_cookies_to_echo', ratio(of('isthmus, EDNS and cookies'), of('echo')), 'ratio'],
    ['dns_ratio_storm', ratio(of('isthmus, 1000 changes/s'), middle), 'ratio'],
    ['dns_ratio_two_workers_to_echo', ratio(of('isthmus, both cores, 2 workers'), of('echo, both cores')), 'ratio'],
    ['dns_ratio_to_dns2', ratio(middle, of('dns2')), 'ratio'],
    ['dns_ratio_to_coredns', ratio(middle, of('CoreDNS multicluster')), 'ratio'],
    ['dns_ratio_to_unbound', ratio(middle, of('unbound')), 'ratio'],
    ['dns_ratio_to_knot', ratio(middle, of('knot')), 'ratio'],
  ];
  return [
    ['dns_imports', IMPORTS, 'imports'],
    ['dns_echo_qps', Math.round(median(of('echo').map(({qps}) => qps))), 'queries/s'],
    ['dns_qps', Math.round(median(middle.map(({qps}) => qps))), 'queries/s'],
    ...ratios.filter(([, value]) => !Number.isNaN(value)),
  ];
}

function compileFigures(ours: readonly Ours[]): readonly Figure[] {
  const biggest = ours.at(-1)!;
  const middle = ours.find(({imports}) => imports === IMPORTS)!;
  return [
    ['dns_compile', Math.round(middle.compileMs), 'ms'],
    ['dns_first_served', Math.round(middle.servedMs), 'ms'],
    ['dns_compile_100000', Math.round(biggest.compileMs), 'ms'],
    ['dns_first_served_100000', Math.round(biggest.servedMs), 'ms'],
    ['dns_compile_100000_peak', Math.round(biggest.peakBytes / 1e6), 'MB'],
    ['dns_memory_per_1000_imports', biggest.keptBytes / 1e3 / (biggest.imports / 1000), 'kB'],
  ];
}

function printLatency(what: string, {p50Ms, p99Ms, p999Ms, maxMs, ...rest}: Latency): void {
  const times = `p50 ${p50Ms.toFixed(3)}, p99 ${p99Ms.toFixed(3)}, p99.9 ${p999Ms.toFixed(3)}, longest ${maxMs.toFixed(2)} ms`;
  const counts = `${rest.answered} of ${rest.sent} answered, ${rest.skipped} not sent`;
  print(
    `${what}: ${times}; ${counts}; client's collector ${rest.collections}x, longest ${rest.collectorMs.toFixed(2)} ms`,
  );
}

function echoName(sharesCores: boolean): string {
  return sharesCores ? 'echo, both cores' : 'echo';
}

/** Of queries a second, round by round. */
function ratio(rounds: readonly Round[], base: readonly Round[]): number {
  return median(rounds.flatMap(({qps}, i) => (base[i] ? [qps / base[i].qps] : [])));
}

/** How much less CPU an answer takes than one of the base. */
function cpuRatio(rounds: readonly Round[], base: readonly Round[]): number {
  return median(rounds.map(({cpuUs = NaN}, i) => (base[i]?.cpuUs ?? NaN) / cpuUs));
}

/** NaN where there is none. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function report(figures: readonly Figure[]): void {
  for (const [name, value, unit] of figures)
    print(`${name} ${Number.isInteger(value) ? value : value.toFixed(3)} ${unit}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
