import {dnsperf} from './dnsperf.ts';
import {BenchProcess, CLIENT_CORE} from './processes.ts';

export interface Latency {
  readonly sent: number;
  readonly answered: number;
  /** What the client could not send in time. */
  readonly skipped: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Of the client's own garbage, and the longest of them. */
  readonly collections: number;
  readonly collectorMs: number;
}

export interface OpenLoop {
  readonly port: number;
  readonly seconds: number;
  readonly imports: number;
  /** Queries a second. */
  readonly rate: number;
}

/** How long the load goes on around the measurement, seconds: for the start and the end of the client. */
const AROUND_SECONDS = 1.2;

/** Times of answers while queries come at a given rate, whatever the server does: for rates that one Node process can keep up. */
export async function measureLatency({port, seconds, imports, rate}: OpenLoop): Promise<Latency> {
  const options = {core: CLIENT_CORE, nodeOptions: ['--max-semi-space-size=64']};
  return runClient('load-client.ts', [port, seconds, imports, Math.round(rate)], options);
}

/**
 * Times of answers to about a thousand queries a second beside a load that dnsperf makes. A client in Node that made all of the
 * load would be its own bottleneck: a query costs it more than the server.
 *
 * @param o - `queries`: the file that the load comes from; `rate`: of the load, 0: there is none
 */
export async function measureLoaded(o: OpenLoop & {readonly queries: string}): Promise<Latency> {
  const {port, seconds, imports, rate, queries} = o;
  const load =
    rate > 0
      ? dnsperf({port, queries, rate, mode: 'udp', seconds: seconds + AROUND_SECONDS, sharesCores: false, edns: []})
      : undefined;
  const [latency] = await Promise.all([
    runClient('probe-client.ts', [port, seconds, imports], {core: CLIENT_CORE}),
    load,
  ]);
  return latency;
}

async function runClient(
  script: string,
  args: readonly (string | number)[],
  options: {readonly core: number; readonly nodeOptions?: readonly string[]},
): Promise<Latency> {
  const client = BenchProcess.script(script, args, options);
  try {
    return await client.next<Latency>();
  } finally {
    await client.close();
  }
}
