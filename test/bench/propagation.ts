import {loadavg} from 'node:os';
import {parseArgs} from 'node:util';

import {chosenBackend} from '../testbed/backends.ts';
import type {Propagation} from './propagation/exchange.ts';
import {Exchange} from './propagation/exchange.ts';
import {median, stagesOf} from './propagation/stages.ts';

/**
 * How long it takes from a ServiceExport that was created in one cluster to the answer of DNS in another (design §14): API
 * servers, hub and agents are processes of their own, nothing else goes on. First with traces, to see where the time goes,
 * then without, for the figures.
 */

const WARM_UP = 5;

export async function run(args: readonly string[]): Promise<void> {
  const {values} = parseArgs({
    args: [...args],
    options: {
      backend: {type: 'string'},
      runs: {type: 'string', default: '100'},
      traced: {type: 'string', default: '30'},
    },
  });
  const backend = chosenBackend({ISTHMUS_BACKEND: values.backend ?? (await defaultBackend())});
  const missing = await backend.missing();
  if (missing !== undefined) throw new Error(missing);
  print(`backend: ${backend.name}; load average ${loadavg()[0]?.toFixed(2)}`);
  if (Number(values.traced) > 0) await explain(backend.name, Number(values.traced));
  await measure(backend.name, Number(values.runs));
}

async function defaultBackend(): Promise<string> {
  return (await chosenBackend({ISTHMUS_BACKEND: 'real'}).missing()) === undefined ? 'real' : 'embedded';
}

async function explain(backend: string, count: number): Promise<void> {
  const exchange = await Exchange.start({backend, count: count + WARM_UP, logLevel: 'trace'});
  try {
    const runs = await propagateAll(exchange, count);
    print('medians of traced runs, milliseconds:     at  since the line before');
    for (const {what, atMs, tookMs} of stagesOf(runs, exchange.logs())) {
      print(`  ${what.padEnd(36)} ${atMs.toFixed(1).padStart(6)} ${tookMs.toFixed(1).padStart(6)}`);
    }
  } finally {
    await exchange.close();
  }
}

async function measure(backend: string, count: number): Promise<void> {
  const exchange = await Exchange.start({backend, count: count + WARM_UP, logLevel: 'info'});
  let runs: readonly Propagation[];
  try {
    runs = await propagateAll(exchange, count);
  } finally {
    await exchange.close();
  }
  const took = runs.map(({createdMs, answeredMs}) => answeredMs - createdMs).sort((a, b) => a - b);
  report('propagation_runs', count, 'runs');
  report('propagation_create', median(runs.map(({sentMs, createdMs}) => createdMs - sentMs)), 'ms');
  report('propagation_max', took.at(-1) ?? 0, 'ms');
  report('propagation_p50', median(took), 'ms');
  report('propagation_p99', took[Math.ceil(took.length * 0.99) - 1] ?? 0, 'ms');
}

async function propagateAll(exchange: Exchange, count: number): Promise<Propagation[]> {
  const runs: Propagation[] = [];
  for (let index = 0; index < count + WARM_UP; index++) runs.push(await exchange.propagate(index));
  return runs.slice(WARM_UP);
}

function report(name: string, value: number, unit: string): void {
  print(`${name} ${Number.isInteger(value) ? value : value.toFixed(1)} ${unit}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
