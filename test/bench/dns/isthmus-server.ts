import {pino} from 'pino';
import {startDnsServer} from '../../../dns/server.ts';
import {changeOf, everything} from '../../dns/fixture-view.ts';
import {benchImport, benchView} from './queries.ts';

/** Our server in a process of its own: `isthmus-server.ts IMPORTS WORKERS`. Answers `cpu` and `changes` over IPC. */

const [imports = 10_000, workers = 1] = process.argv.slice(2).map(Number);
const CHANGES = 500;

const view = benchView(imports);
const server = await startDnsServer({
  listen: {host: '127.0.0.1', port: 0},
  logger: pino({level: 'silent'}),
  workers,
});
const begin = performance.now();
server.publish(view, everything);
const compileMs = performance.now() - begin;
await server.served(view.revision);
process.send?.({port: server.address.port, compileMs, servedMs: performance.now() - begin});

/** One import changes its address; milliseconds from the view to the answer. */
async function measureChanges(): Promise<readonly number[]> {
  const tookMs: number[] = [];
  const changing = new Map(view.imports);
  for (let i = 0; i < CHANGES; i++) {
    const service = benchImport(i, '10.99.0.1');
    const key = `${service.namespace}/${service.name}`;
    changing.set(key, service);
    const revision = 2 + i;
    const from = performance.now();
    server.publish({...view, imports: changing, revision}, changeOf({imports: new Set([key])}));
    await server.served(revision);
    tookMs.push(performance.now() - from);
  }
  return tookMs;
}

process.on('message', (command) => {
  if (command === 'changes') void measureChanges().then((tookMs) => process.send?.({tookMs}));
  else process.send?.({cpu: process.cpuUsage(), rss: process.memoryUsage.rss()});
});
process.on('disconnect', () => process.exit());
