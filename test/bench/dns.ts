import {spawnSync} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {BenchProcess, CLIENT_CORE, pinned, SERVER_CORE} from './dns/processes.ts';
import {benchQueries} from './dns/queries.ts';

/**
 * How near the DNS server comes to the least that Node can do (design §14): our server and a bare UDP echo, interleaved in one
 * run, the median of the ratios. With dnsperf on the PATH it is the client; else our own, which is slower than the servers,
 * so that then only the CPU time of an answer tells them apart.
 */

interface Settings {
  readonly imports: number;
  readonly workers: number;
  readonly rounds: number;
  readonly seconds: number;
}

interface Usage {
  readonly cpu: {readonly user: number; readonly system: number};
  readonly rss: number;
}

interface Round {
  readonly qps: number;
  /** CPU time of the server for one answer, microseconds. */
  readonly cpuUs: number;
}

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly answered: number;
  readonly sent: number;
}

type Load = (port: number) => Promise<number>;

export async function run(args: readonly string[]): Promise<void> {
  const {values} = parseArgs({
    args: [...args],
    options: {
      imports: {type: 'string', default: '10000'},
      workers: {type: 'string', default: '1'},
      rounds: {type: 'string', default: '5'},
      seconds: {type: 'string', default: '3'},
    },
  });
  const settings: Settings = {
    imports: Number(values.imports),
    workers: Number(values.workers),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
  };
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-bench-'));
  try {
    await measure(settings, await chooseLoad(settings, folder));
  } finally {
    await rm(folder, {recursive: true});
  }
}

async function measure(settings: Settings, load: Load): Promise<void> {
  // Several workers are of use on several cores only.
  const core = settings.workers === 1 ? SERVER_CORE : undefined;
  const echo = new BenchProcess('echo-server.ts', [], core);
  const ours = new BenchProcess('isthmus-server.ts', [settings.imports, settings.workers], core);
  try {
    const {port: echoPort} = await echo.next<{port: number}>();
    const started = await ours.next<{port: number; compileMs: number; servedMs: number}>();
    const rounds: {echo: Round; ours: Round}[] = [];
    for (let i = 0; i < settings.rounds; i++) {
      const round = {
        echo: await measureRound(echo, echoPort, load),
        ours: await measureRound(ours, started.port, load),
      };
      rounds.push(round);
      print(`round ${i + 1}: echo ${describe(round.echo)}, isthmus ${describe(round.ours)}`);
    }
    const qps = median(rounds.map((round) => round.ours.qps));
    const latency = await measureLatency(settings, started.port, Math.round(qps / 2));
    const {tookMs} = await ours.ask<{tookMs: readonly number[]}>('changes');
    const {rss} = await ours.ask<Usage>('cpu');
    print(`half load: ${latency.answered} of ${latency.sent} answered, p99.9 ${latency.p999Ms.toFixed(2)} ms`);
    const sorted = [...tookMs].sort((a, b) => a - b);
    report([
      ['dns_imports', settings.imports, 'imports'],
      ['dns_echo_qps', Math.round(median(rounds.map((round) => round.echo.qps))), 'queries/s'],
      ['dns_qps', Math.round(qps), 'queries/s'],
      ['dns_ratio_to_echo', median(rounds.map((round) => round.ours.qps / round.echo.qps)), 'ratio'],
      ['dns_cpu_per_answer', median(rounds.map((round) => round.ours.cpuUs)), 'us'],
      ['dns_cpu_ratio_to_echo', median(rounds.map((round) => round.echo.cpuUs / round.ours.cpuUs)), 'ratio'],
      ['dns_compile', Math.round(started.compileMs), 'ms'],
      ['dns_first_served', Math.round(started.servedMs), 'ms'],
      ['dns_view_change_p50', sorted[Math.floor(sorted.length * 0.5)] ?? 0, 'ms'],
      ['dns_view_change_p99', sorted[Math.floor(sorted.length * 0.99)] ?? 0, 'ms'],
      ['dns_p50', latency.p50Ms, 'ms'],
      ['dns_p99', latency.p99Ms, 'ms'],
      ['dns_rss', Math.round(rss / 1e6), 'MB'],
    ]);
  } finally {
    await Promise.all([echo.close(), ours.close()]);
  }
}

async function measureRound(server: BenchProcess, port: number, load: Load): Promise<Round> {
  const before = await server.ask<Usage>('cpu');
  const begin = performance.now();
  const qps = await load(port);
  const answers = (qps * (performance.now() - begin)) / 1000;
  const after = await server.ask<Usage>('cpu');
  return {qps, cpuUs: (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / answers};
}

async function measureLatency(settings: Settings, port: number, rate: number): Promise<Latency> {
  const client = new BenchProcess('load-client.ts', [port, settings.seconds, settings.imports, rate], CLIENT_CORE);
  try {
    return await client.next<Latency>();
  } finally {
    await client.close();
  }
}

async function chooseLoad(settings: Settings, folder: string): Promise<Load> {
  if (spawnSync('dnsperf', ['-h']).error) {
    print('client: our own (dnsperf is not installed)');
    return async (port) => {
      const client = new BenchProcess('load-client.ts', [port, settings.seconds, settings.imports, 0], CLIENT_CORE);
      const {qps} = await client.next<{qps: number}>();
      await client.close();
      return qps;
    };
  }
  print('client: dnsperf');
  const file = join(folder, 'queries.txt');
  await writeFile(
    file,
    benchQueries(settings.imports)
      .map(({name, type}) => `${name} ${type}\n`)
      .join(''),
  );
  return async (port) => dnsperf(port, settings, file);
}

function dnsperf(port: number, settings: Settings, file: string): number {
  const options = `-s 127.0.0.1 -p ${port} -d ${file} -c 4 -q 100 -T 1 -l ${settings.seconds}`.split(' ');
  const [command = '', ...rest] = pinned(settings.workers === 1 ? CLIENT_CORE : undefined, ['dnsperf', ...options]);
  const {stdout} = spawnSync(command, rest, {encoding: 'utf8'});
  const qps = Number(/Queries per second:\s+([\d.]+)/.exec(stdout)?.[1]);
  if (!(qps > 0)) throw new Error(`dnsperf measured nothing: ${stdout}`);
  return qps;
}

function describe(round: Round): string {
  return `${Math.round(round.qps)}/s at ${round.cpuUs.toFixed(2)} us`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function report(figures: readonly (readonly [string, number, string])[]): void {
  for (const [name, value, unit] of figures)
    print(`${name} ${Number.isInteger(value) ? value : value.toFixed(3)} ${unit}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
