import {pino} from 'pino';
import {startDnsServer} from '../../../dns/server.ts';
import type {View} from '../../../src/clusterset/view.ts';
import {changeOf, everything} from '../../dns/fixture-view.ts';
import {testAuthority} from '../../dns/secure-clients.ts';
import {collectGarbage} from '../../tools/collect-garbage.ts';
import {AnswerPoll} from './answer-poll.ts';
import {benchImport, benchView} from './queries.ts';

/**
 * Our server in a process of its own: `isthmus-server.ts IMPORTS WORKERS [tls]`. Over IPC it is told to measure changes (`changes`), to
 * be changed 1,000 times a second (`storm`) until `calm`, and to compile the whole view anew (`whole`).
 */

const [imports = 10_000, workers = 1] = process.argv.slice(2, 4).map(Number);
/** A thread of its own with a zone of its own: not where memory is measured. */
const hasTls = process.argv[4] === 'tls';
const CHANGES = 200;
const STORM_EVERY_MS = 10;
const STORM_AT_ONCE = 10;

const view = benchView(imports);
const server = await startDnsServer({
  listen: {host: '127.0.0.1', port: 0},
  ...(hasTls ? {tlsListen: [{host: '127.0.0.1', port: 0}]} : {}),
  logger: pino({level: 'silent'}),
  workers,
});
if (hasTls) server.useCertificate(await (await testAuthority()).issue());
collectGarbage();
const rssBefore = process.memoryUsage.rss();
const begin = performance.now();
const cpuBefore = process.threadCpuUsage();
server.publish(view, everything);
const compileMs = performance.now() - begin;
const {user, system} = process.threadCpuUsage(cpuBefore);
const compileCpuMs = (user + system) / 1000;
await server.served(view.revision);
const servedMs = performance.now() - begin;
const peakBytes = process.resourceUsage().maxRSS * 1024 - rssBefore;
collectGarbage();
const keptBytes = process.memoryUsage.rss() - rssBefore;
const {port} = server.address;
const tlsPort = server.addresses.tls[0]?.port ?? 0;
process.send?.({port, tlsPort, compileMs, compileCpuMs, servedMs, peakBytes, keptBytes});

let current: View = view;
let changed = 0;

/** One import has another address. */
function change(ip: string): {readonly name: string; readonly revision: number} {
  const service = benchImport(changed++ % imports, ip);
  const key = `${service.namespace}/${service.name}`;
  // As the agent does it: a view is never changed, but a Map of 100,000 is not worth a copy for a measurement of DNS.
  (current.imports as Map<string, typeof service>).set(key, service);
  current = {...current, revision: current.revision + 1};
  server.publish(current, changeOf({imports: new Set([key])}));
  return {name: `${service.name}.${service.namespace}.svc.clusterset.local`, revision: current.revision};
}

/** Milliseconds from the view to an answer with the new address. */
async function measureChanges(): Promise<readonly number[]> {
  const poll = await AnswerPoll.open(port);
  const tookMs: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const ip = `10.98.${i >> 8}.${i & 255}`;
    const from = performance.now();
    const {name} = change(ip);
    await poll.until(name, ip);
    tookMs.push(performance.now() - from);
  }
  poll.close();
  return tookMs;
}

let storm: NodeJS.Timeout | undefined;

process.on('message', (command) => {
  if (command === 'changes') void measureChanges().then((tookMs) => process.send?.({tookMs}));
  if (command === 'storm') {
    const from = changed;
    const startedMs = performance.now();
    storm = setInterval(() => {
      // Whatever the timers do, as many as a thousand a second are.
      const due = Math.min(((performance.now() - startedMs) / STORM_EVERY_MS) * STORM_AT_ONCE - (changed - from), 1000);
      for (let i = 0; i < due; i++) change(`10.97.${i & 255}.${changed & 255}`);
    }, STORM_EVERY_MS);
  }
  if (command === 'calm') {
    clearInterval(storm);
    process.send?.({changed});
  }
  if (command === 'whole') {
    current = {...current, revision: current.revision + 1};
    const from = performance.now();
    server.publish(current, everything);
    void server.served(current.revision).then(() => process.send?.({tookMs: performance.now() - from}));
  }
});
process.on('disconnect', () => process.exit());
