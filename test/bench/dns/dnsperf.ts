import {execFile, spawnSync} from 'node:child_process';
import {promisify} from 'node:util';
import {CLIENT_CORE, pinned} from './processes.ts';

export type Mode = 'udp' | 'tcp' | 'dot';

export interface Load {
  readonly port: number;
  readonly mode: Mode;
  readonly seconds: number;
  /** A file of `name type` lines. */
  readonly queries: string;
  /** Clients and servers may have both cores. */
  readonly sharesCores: boolean;
  /** Queries a second. Left out: as many as are answered, 100 at a time. */
  readonly rate?: number;
  /** Further arguments, as `-e`. */
  readonly edns: readonly string[];
}

export interface LoadResult {
  readonly qps: number;
  readonly completed: number;
  readonly lost: number;
}

export function hasDnsperf(): boolean {
  return spawnSync('dnsperf', ['-h']).error === undefined;
}

export async function dnsperf(load: Load): Promise<LoadResult> {
  const {port, mode, seconds, queries, sharesCores, edns} = load;
  const clients = sharesCores ? 40 : 4;
  const options = `-m ${mode} -s 127.0.0.1 -p ${port} -d ${queries} -c ${clients} -q 100 -T 1 -t 2 -l ${seconds}`;
  const paced = load.rate === undefined ? [] : ['-Q', String(Math.round(load.rate))];
  const command = ['dnsperf', ...options.split(' '), ...paced, ...edns];
  const [file = '', ...args] = pinned(sharesCores ? undefined : CLIENT_CORE, command);
  const {stdout} = await promisify(execFile)(file, args);
  const figure = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
  const qps = figure(/Queries per second:\s+([\d.]+)/);
  if (!(qps > 0)) throw new Error(`dnsperf measured nothing: ${stdout}`);
  return {qps, completed: figure(/Queries completed:\s+(\d+)/), lost: figure(/Queries lost:\s+(\d+)/)};
}
