import {loadavg} from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {Child} from './sync/child.ts';
import type {HubAnswer, HubQuestion, ServersAnswer, ServersQuestion} from './sync/messages.ts';

/**
 * What a hub costs, and how soon a new export is everywhere (design §14). API servers are light ones (`test/tools/light`) in one
 * process, the hub is alone in another; only the hub's memory and CPU count. First a small clusterset that is idle, then the
 * large one.
 */

const PAUSE_MS = 200;
const SMALL = {members: 3, exports: 10};

interface Scale {
  readonly members: number;
  readonly exports: number;
  readonly runs: number;
  readonly quietSeconds: number;
  readonly limitSeconds: number;
  /** An earlier hub has written everything already. */
  readonly filled: boolean;
  readonly profile: string | undefined;
}

interface Figures {
  /** From the start of the hub until all is as it should be in every member; time, and CPU of the hub. */
  readonly startSeconds: number;
  readonly startCpuSeconds: number;
  /** Until all other members have it, sorted. */
  readonly tookMs: readonly number[];
  readonly quietWrites: number;
  readonly heartbeats: number;
  readonly quietCpu: number;
  readonly peakRssBytes: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

export async function run(args: readonly string[]): Promise<void> {
  const {values} = parseArgs({
    args: [...args],
    options: {
      'members': {type: 'string', default: '50'},
      'exports': {type: 'string', default: '1000'},
      'runs': {type: 'string', default: '100'},
      'small-runs': {type: 'string', default: '100'},
      'quiet': {type: 'string', default: '30'},
      'limit': {type: 'string', default: '240'},
      'fresh': {type: 'boolean', default: false},
      'profile': {type: 'string'},
    },
  });
  const [members = 0, exports = 0, runs = 0, quietSeconds = 0, limitSeconds = 0] = [
    ...[values.members, values.exports, values.runs, values.quiet, values.limit],
  ].map(Number);
  print(`load average ${loadavg()[0]?.toFixed(2)}`);
  const smallRuns = Number(values['small-runs']);
  const small = await measure({
    ...SMALL,
    runs: smallRuns,
    quietSeconds: 0,
    limitSeconds,
    filled: false,
    profile: undefined,
  });
  const scale = {members, exports, runs, quietSeconds, limitSeconds, filled: !values.fresh};
  const large = await measure({...scale, profile: values.profile});
  report('sync_members', scale.members, 'clusters');
  report('sync_exports', scale.exports, 'exports');
  report('sync_small_p99', quantile(small.tookMs, 0.99), 'ms');
  report('sync_large_p50', quantile(large.tookMs, 0.5), 'ms');
  report('sync_start', large.startSeconds, 's');
  report('sync_start_cpu', large.startCpuSeconds, 's');
  report('sync_quiet_cpu', large.quietCpu * 100, '%');
  report('sync_lease_renewals', large.heartbeats, 'writes');
  report('sync_rss_quiet', large.rssBytes / 2 ** 20, 'MB');
  report('sync_heap_live', large.heapBytes / 2 ** 20, 'MB');
  report('sync_p50', quantile(small.tookMs, 0.5), 'ms');
  report('sync_p99', quantile(large.tookMs, 0.99), 'ms');
  report('sync_quiet_writes', large.quietWrites, 'writes');
  report('sync_rss', large.peakRssBytes / 2 ** 20, 'MB');
}

async function measure({members, exports, runs, quietSeconds, limitSeconds, filled, profile}: Scale): Promise<Figures> {
  const args = [...[members, exports, runs].map(String), filled ? 'filled' : 'fresh'];
  const servers = new Child<ServersQuestion, ServersAnswer>('./servers.ts', args);
  const {hubUrl, ca} = await servers.heard('ready');
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const flags = ['--expose-gc', ...profiling];
  const hub = new Child<HubQuestion, HubAnswer>('./hub.ts', [hubUrl, ca], flags);
  try {
    await hub.heard('ready');
    const startedMs = performance.now();
    const first = await rest(servers, hub, {members, limitSeconds});
    const seconds = (performance.now() - startedMs - first.quietMs) / 1_000;
    const cpuSeconds = first.usage.cpuMs / 1_000;
    const text = `in order after ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU`;
    print(`${members} members x ${exports} exports: ${text}, load average ${loadavg()[0]?.toFixed(1)}`);
    const quiet = await measureQuiet(servers, hub, quietSeconds);
    const tookMs: number[] = [];
    for (let index = 0; index < runs; index++) {
      const {tookMs: each} = await servers.ask({ask: 'propagate', index}, 'propagated');
      tookMs.push(Math.max(...each));
      await sleep(PAUSE_MS);
    }
    const {rssBytes, peakRssBytes} = await hub.ask({ask: 'usage'}, 'usage');
    const {heapBytes} = await hub.ask({ask: 'live'}, 'usage');
    const start = {startSeconds: seconds, startCpuSeconds: cpuSeconds};
    return {...start, ...quiet, rssBytes, heapBytes, peakRssBytes, tookMs: tookMs.sort((a, b) => a - b)};
  } finally {
    await hub.stop({ask: 'stop'});
    await servers.stop({ask: 'stop'});
  }
}

const REST_MS = 5_000;

/** Until every member has everything, and nothing but Leases was written for a while. @throws Error after the limit */
async function rest(
  servers: Child<ServersQuestion, ServersAnswer>,
  hub: Child<HubQuestion, HubAnswer>,
  {members, limitSeconds}: Pick<Scale, 'members' | 'limitSeconds'>,
): Promise<{readonly usage: Extract<HubAnswer, {say: 'usage'}>; readonly quietMs: number}> {
  const startedMs = performance.now();
  for (let round = 0; performance.now() - startedMs < limitSeconds * 1_000; round++) {
    const roundMs = performance.now();
    await sleep(REST_MS);
    const usage = await hub.ask({ask: 'usage'}, 'usage');
    const {others} = await servers.ask({ask: 'writes'}, 'writes');
    const writes = sum(others);
    if (usage.synced === members && writes === 0) return {usage, quietMs: REST_MS};
    if (round % 2 === 1) {
      const seconds = (performance.now() - startedMs) / 1_000;
      const perSecond = (writes * 1_000) / (performance.now() - roundMs);
      print(
        `  ${seconds.toFixed(0)} s: ${usage.synced} members in order, ${usage.queued} objects to compare, ` +
          `${perSecond.toFixed(0)} writes/s, ${(usage.cpuMs / 1_000).toFixed(1)} s of CPU, ${(usage.rssBytes / 2 ** 20).toFixed(0)} MB`,
      );
    }
  }
  throw new Error(`it does not come to rest within ${limitSeconds} s`);
}

async function measureQuiet(
  servers: Child<ServersQuestion, ServersAnswer>,
  hub: Child<HubQuestion, HubAnswer>,
  seconds: number,
): Promise<Pick<Figures, 'quietWrites' | 'heartbeats' | 'quietCpu'>> {
  if (seconds === 0) return {quietWrites: 0, heartbeats: 0, quietCpu: 0};
  await servers.ask({ask: 'writes'}, 'writes');
  const before = await hub.ask({ask: 'usage'}, 'usage');
  const startedMs = performance.now();
  await sleep(seconds * 1_000);
  const after = await hub.ask({ask: 'usage'}, 'usage');
  const {heartbeats, others} = await servers.ask({ask: 'writes'}, 'writes');
  for (const [row, times] of Object.entries(others)) print(`  written in the quiet period: ${row}: ${times}`);
  const quietCpu = (after.cpuMs - before.cpuMs) / (performance.now() - startedMs);
  return {quietWrites: sum(others), heartbeats, quietCpu};
}

function sum(rows: Readonly<Record<string, number>>): number {
  return Object.values(rows).reduce((all, each) => all + each, 0);
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * part) - 1))] ?? 0;
}

function report(name: string, value: number, unit: string): void {
  print(`${name} ${Number.isInteger(value) ? value : value.toFixed(1)} ${unit}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
