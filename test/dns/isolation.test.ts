import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';
import type {DnsServer} from '../../dns/server.ts';
import {fixture} from './fixture-view.ts';
import {startServer, withDeadline} from './live-server.ts';
import type {PacedResult} from './paced-client.ts';

const BLOCKED_MS = 500;
const QUERIES = 1000;
const OVER_MS = 400;
/** A tenth of the block: who waits for the main thread waits for most of it. How quick it is, is the benchmark's to say. */
const P99_MS = BLOCKED_MS / 10;
/** The machine may be busy with other things: they make an attempt slower, never faster. */
const ATTEMPTS = 5;

interface Attempt extends PacedResult {
  readonly blockedFromMs: number;
  readonly blockedToMs: number;
}

/** Nothing else runs in this thread until it is over. */
function blockThread(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

async function askWhileBlocked(server: DnsServer): Promise<Attempt> {
  const script = fileURLToPath(new URL('paced-client.ts', import.meta.url));
  const client = spawn(process.execPath, [script, server.address.port, QUERIES, OVER_MS].map(String), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface(client.stdout)[Symbol.asyncIterator]();
    await withDeadline(lines.next(), 'the client to be ready', 20_000);
    await new Promise((resolve) => void client.stdin.write('go\n', resolve));
    const blockedFromMs = performance.timeOrigin + performance.now();
    blockThread(BLOCKED_MS);
    const blockedToMs = performance.timeOrigin + performance.now();
    const {value} = await withDeadline(lines.next(), 'the figures of the client', 20_000);
    return {...(JSON.parse(value as string) as PacedResult), blockedFromMs, blockedToMs};
  } finally {
    const exited = client.exitCode === null ? once(client, 'exit') : undefined;
    client.kill();
    await exited;
  }
}

test('the main thread blocked for 500 ms, 1,000 queries meanwhile: p99 under a tenth of it', async () => {
  const server = await startServer({view: fixture});
  let best: Attempt | undefined;
  for (let i = 0; i < ATTEMPTS && !(best && best.p99Ms < P99_MS); i++) {
    const attempt = await askWhileBlocked(server);
    const {answered, p50Ms, p99Ms, maxMs} = attempt;
    const figures = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(2)).join(' / ');
    process.stdout.write(`blocked main thread: ${answered} answered, p50 / p99 / max ${figures} ms\n`);
    // Otherwise it would prove nothing: every answer came while the thread that owns the server could not run.
    expect(attempt.lastAnsweredMs - attempt.firstSentMs).toBeGreaterThan(OVER_MS / 2);
    const wasWithin = attempt.firstSentMs >= attempt.blockedFromMs - 5 && attempt.lastAnsweredMs <= attempt.blockedToMs;
    if (wasWithin && attempt.p99Ms < (best?.p99Ms ?? Infinity)) best = attempt;
  }
  expect(best).toMatchObject({answered: QUERIES});
  expect(best!.p99Ms).toBeLessThan(P99_MS);
}, 60_000);
