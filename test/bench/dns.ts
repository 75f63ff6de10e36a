import {mkdtemp, rm} from 'node:fs/promises';
import {loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {hasDnsperf} from './dns/dnsperf.ts';
import type {Latency} from './dns/latency.ts';
import {measureLatency, measureLoaded} from './dns/latency.ts';
import {usageOf} from './dns/processes.ts';
import type {Field, Ours} from './dns/rows.ts';
import {BIGGEST, IMPORTS, startField} from './dns/rows.ts';
import {median, percentile} from './dns/statistics.ts';
import {Table} from './dns/table.ts';

/**
 * How near the DNS server comes to the least that Node can do, and where it stands among others (design §14): servers on one core,
 * dnsperf on the other, all rows interleaved in short blocks, the median of the ratios to the bare UDP echo of the same round.
 */

interface Settings {
  readonly rounds: number;
  readonly seconds: number;
  /** How often what is not a row of the table is measured. */
  readonly repetitions: number;
}

type Figure = readonly [name: string, value: number, unit: string];

/** Queries a second while changes are made: what a big cluster asks, and far from what either side can do. */
const CALM_RATE = 5_000;
const REPETITIONS = 5;
const QUICK_REPETITIONS = 3;

export async function run(args: readonly string[]): Promise<void> {
  const {values} = parseArgs({
    args: [...args],
    options: {
      rounds: {type: 'string', default: '12'},
      seconds: {type: 'string', default: '1'},
      quick: {type: 'boolean', default: false},
    },
  });
  if (!hasDnsperf())
    throw new Error('dnsperf is not on the PATH: it is the client of this bench (Debian package dnsperf)');
  const repetitions = values.quick ? QUICK_REPETITIONS : REPETITIONS;
  const settings = {rounds: Number(values.rounds), seconds: Number(values.seconds), repetitions};
  const dir = await mkdtemp(join(tmpdir(), 'isthmus-bench-'));
  try {
    const field = await startField(dir, {isQuick: values.quick});
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
  const loads = [loadavg()[0]!];
  const table = await Table.measure(field.rows, {...settings, print});
  loads.push(loadavg()[0]!);
  table.print(print);
  const ours = field.ours.find(({imports}) => imports === IMPORTS)!;
  const latency = await measureHalfLoad(field, {...settings, ours, rate: table.qps(nameOf(IMPORTS)) / 2});
  const changes = await measureChanges(ours, settings);
  loads.push(loadavg()[0]!);
  print(`load average at the start, after the table, at the end: ${loads.map((load) => load.toFixed(2)).join(', ')}`);
  report([
    ...throughputFigures(table),
    ...latency,
    ...changes,
    ...compileFigures(field.ours),
    ['dns_rss', Math.round((usageOf(ours.process.pid)?.rss ?? 0) / 1e6), 'MB'],
  ]);
}

/** The echo beside it, and the echo without load: what of the times is the client's and the machine's own. */
async function measureHalfLoad(
  field: Field,
  o: {readonly ours: Ours; readonly rate: number} & Settings,
): Promise<readonly Figure[]> {
  const measured = {idle: [] as Latency[], echo: [] as Latency[], ours: [] as Latency[]};
  const [echo] = field.rows;
  const {queries, port} = echo!;
  const load = {seconds: o.seconds, rate: o.rate, queries, imports: IMPORTS};
  for (let i = 0; i < o.repetitions; i++) {
    measured.idle.push(await measureLoaded({...load, port, rate: 0}));
    measured.echo.push(await measureLoaded({...load, port}));
    measured.ours.push(await measureLoaded({...load, port: o.ours.port}));
    printLatency('echo without load', measured.idle.at(-1)!);
    printLatency('echo at half load', measured.echo.at(-1)!);
    printLatency('isthmus at half load', measured.ours.at(-1)!);
  }
  const p99s = measured.ours.map(({p99Ms}) => p99Ms);
  return [
    ['dns_half_load', Math.round(o.rate), 'queries/s'],
    ['dns_p50', median(measured.ours.map(({p50Ms}) => p50Ms)), 'ms'],
    ['dns_p99', median(p99s), 'ms'],
    ['dns_p999', median(measured.ours.map(({p999Ms}) => p999Ms)), 'ms'],
    ['dns_echo_p99', median(measured.echo.map(({p99Ms}) => p99Ms)), 'ms'],
    ['dns_echo_idle_p99', median(measured.idle.map(({p99Ms}) => p99Ms)), 'ms'],
    ['dns_p99_ratio_to_echo', median(p99s.map((p99Ms, i) => p99Ms / measured.echo[i]!.p99Ms)), 'ratio'],
  ];
}

/** From a view to the answer that shows it, and how long queries wait meanwhile: the median of the repetitions of each. */
async function measureChanges(ours: Ours, {seconds, repetitions}: Settings): Promise<readonly Figure[]> {
  const load = {port: ours.port, seconds, imports: IMPORTS, rate: CALM_RATE};
  const tookMs: (readonly number[])[] = [];
  const calm: Latency[] = [];
  const storm: Latency[] = [];
  const whole: Latency[] = [];
  const wholeMs: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    tookMs.push((await ours.process.ask<{tookMs: readonly number[]}>('changes')).tookMs);
    calm.push(await measureLatency(load));
    ours.process.tell('storm');
    storm.push(await measureLatency(load));
    await ours.process.ask('calm');
    const during = measureLatency(load);
    wholeMs.push((await ours.process.ask<{tookMs: number}>('whole')).tookMs);
    whole.push(await during);
    printLatency('5000/s, no changes', calm.at(-1)!);
    printLatency('5000/s, 1000 changes/s', storm.at(-1)!);
    printLatency('5000/s, whole view anew', whole.at(-1)!);
  }
  const longest = (latencies: readonly Latency[]) => median(latencies.map(({maxMs}) => maxMs));
  return [
    ['dns_view_change_p50', median(tookMs.map((times) => percentile(times, 0.5))), 'ms'],
    ['dns_view_change_p99', median(tookMs.map((times) => percentile(times, 0.99))), 'ms'],
    ['dns_calm_longest_wait', longest(calm), 'ms'],
    ['dns_storm_longest_wait', longest(storm), 'ms'],
    ['dns_whole_view', median(wholeMs), 'ms'],
    ['dns_whole_view_longest_wait', longest(whole), 'ms'],
  ];
}

function throughputFigures(table: Table): readonly Figure[] {
  const middle = nameOf(IMPORTS);
  const ratios: Figure[] = [
    ['dns_ratio_to_echo', table.ratio(middle, 'echo'), 'ratio'],
    ['dns_cpu_ratio_to_echo', table.cpuRatio(middle, 'echo'), 'ratio'],
    ['dns_ratio_1000_to_echo', table.ratio(nameOf(1000), 'echo'), 'ratio'],
    ['dns_ratio_100000_to_echo', table.ratio(nameOf(BIGGEST), 'echo'), 'ratio'],
    ['dns_ratio_100000_to_10000', table.ratio(nameOf(BIGGEST), middle), 'ratio'],
    ['dns_cpu_ratio_100000_to_10000', table.cpuRatio(nameOf(BIGGEST), middle), 'ratio'],
    ['dns_ratio_edns_cookies_to_echo', table.ratio('isthmus, EDNS and cookies', 'echo'), 'ratio'],
    ['dns_ratio_storm', table.ratio('isthmus, 1000 changes/s', middle), 'ratio'],
    ['dns_ratio_two_workers_to_echo', table.ratio('isthmus, both cores, 2 workers', 'echo, both cores'), 'ratio'],
    ['dns_ratio_to_dns2', table.ratio(middle, 'dns2'), 'ratio'],
    ['dns_ratio_to_coredns', table.ratio(middle, 'CoreDNS multicluster'), 'ratio'],
    ['dns_ratio_to_unbound', table.ratio(middle, 'unbound'), 'ratio'],
    ['dns_ratio_to_knot', table.ratio(middle, 'knot'), 'ratio'],
  ];
  return [
    ['dns_imports', IMPORTS, 'imports'],
    ['dns_echo_qps', Math.round(table.qps('echo')), 'queries/s'],
    ['dns_qps', Math.round(table.qps(middle)), 'queries/s'],
    ...ratios.filter(([, value]) => !Number.isNaN(value)),
  ];
}

function compileFigures(ours: readonly Ours[]): readonly Figure[] {
  const biggest = ours.find(({imports}) => imports === BIGGEST)!;
  const middle = ours.find(({imports}) => imports === IMPORTS)!;
  return [
    ['dns_compile', Math.round(middle.compileMs), 'ms'],
    ['dns_first_served', Math.round(middle.servedMs), 'ms'],
    ['dns_compile_100000', Math.round(biggest.compileMs), 'ms'],
    ['dns_compile_100000_cpu', Math.round(biggest.compileCpuMs), 'ms'],
    ['dns_first_served_100000', Math.round(biggest.servedMs), 'ms'],
    ['dns_compile_100000_peak', Math.round(biggest.peakBytes / 1e6), 'MB'],
    ['dns_memory_per_1000_imports', biggest.keptBytes / 1e3 / (biggest.imports / 1000), 'kB'],
  ];
}

function nameOf(imports: number): string {
  return `isthmus, ${imports} imports`;
}

function printLatency(what: string, {p50Ms, p99Ms, p999Ms, maxMs, ...rest}: Latency): void {
  const times = `p50 ${p50Ms.toFixed(3)}, p99 ${p99Ms.toFixed(3)}, p99.9 ${p999Ms.toFixed(3)}, longest ${maxMs.toFixed(2)} ms`;
  const counts = `${rest.answered} of ${rest.sent} answered, ${rest.skipped} not sent`;
  const collector =
    rest.collections > 0 ? `; client's collector ${rest.collections}x, longest ${rest.collectorMs.toFixed(2)} ms` : '';
  print(`${what}: ${times}; ${counts}${collector}`);
}

function report(figures: readonly Figure[]): void {
  for (const [name, value, unit] of figures)
    print(`${name} ${Number.isInteger(value) ? value : value.toFixed(3)} ${unit}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
