/** The hub of one measurement, `hub.ts URL CA`, alone in this process; asked over IPC. */
import {pino} from 'pino';
import {growHeapSlowly} from '../../../cli/heap-growth.ts';
import {Hub} from '../../../src/hub/hub.ts';
import type {HubAnswer, HubQuestion} from './messages.ts';

const [server = '', ca = ''] = process.argv.slice(2);
// As `isthmus hub` does.
growHeapSlowly();
const stop = new AbortController();
const hub = new Hub({
  credentials: {server, ca, token: 'light'},
  namespace: 'isthmus-system',
  clustersetId: 'bench',
  identity: 'bench-hub',
  development: true,
  createNamespaces: true,
  unreachableAfterMs: 10_000,
  logger: pino({level: process.env['BENCH_LOG'] || 'silent'}),
});
hub.start(stop.signal);
process.on('message', (question: HubQuestion) => void answer(question));
process.on('disconnect', () => process.exit(0));
say({say: 'ready'});

async function answer({ask}: HubQuestion): Promise<void> {
  if (ask !== 'stop') {
    // What is left then is what is alive. It takes its time, so it is the last thing that is asked for.
    if (ask === 'live') globalThis.gc?.();
    say(usage());
    return;
  }
  stop.abort();
  await hub.closed;
  // Profiles are written on the way out.
  process.exit(0);
}

function usage(): HubAnswer {
  const {user, system} = process.cpuUsage();
  const {members} = hub.status();
  return {
    say: 'usage',
    cpuMs: (user + system) / 1_000,
    rssBytes: process.memoryUsage.rss(),
    heapBytes: process.memoryUsage().heapUsed,
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    synced: members.filter(({synced}) => synced).length,
    queued: members.reduce((sum, {queueDepth}) => sum + queueDepth, 0),
    exports: members.reduce((sum, {exports}) => sum + exports, 0),
  };
}

function say(message: HubAnswer): void {
  process.send?.(message);
}
