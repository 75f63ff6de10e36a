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

/** Times of answers while queries come at a given rate, whatever the server does. */
export async function measureLatency({port, seconds, imports, rate}: OpenLoop): Promise<Latency> {
  const options = {core: CLIENT_CORE, nodeOptions: ['--max-semi-space-size=64']};
  const client = BenchProcess.script('load-client.ts', [port, seconds, imports, Math.round(rate)], options);
  try {
    return await client.next<Latency>();
  } finally {
    await client.close();
  }
}
