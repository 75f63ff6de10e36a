import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {PerformanceObserver} from 'node:perf_hooks';
import {question} from '../../dns/ask.ts';
import {Histogram} from './histogram.ts';
import {benchQueries} from './queries.ts';

/**
 * `load-client.ts PORT SECONDS IMPORTS RATE`: sends RATE queries a second at even distances, whatever comes back, and says over
 * IPC how long answers took. It never sleeps, so that it needs a core of its own, and keeps nothing by query but a time, so
 * that what it measures is as little as possible its own collector.
 */

const SOCKETS = 4;
const IDS = 0x10000;
const WARM_UP_MS = 500;
const DRAIN_MS = 200;
/** Where this process could not run, what it missed is not sent at once: that would measure a burst of its own making. */
const LATE_MS = 1;
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

const [port = 0, seconds = 0, imports = 1, rate = 1] = process.argv.slice(2).map(Number);
const queries = benchQueries(imports);
/** By id: a query is the same octets each time that its id comes round. */
const messages = Array.from({length: IDS}, (_, id) => {
  const {name, type} = queries[id % queries.length]!;
  return question(name, type, {id});
});
const sockets = Array.from({length: SOCKETS}, () => createSocket('udp4'));
const sentMs = sockets.map(() => new Float64Array(IDS));
const histogram = new Histogram();
let collectorMs = 0;
let collections = 0;
let sent = 0;
let skipped = 0;
let isWarm = false;
let n = 0;

new PerformanceObserver((list) => {
  for (const {duration} of list.getEntries()) {
    collections++;
    collectorMs = Math.max(collectorMs, duration);
  }
}).observe({entryTypes: ['gc']});

for (const [i, socket] of sockets.entries()) {
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  const times = sentMs[i]!;
  socket.on('message', (reply) => {
    const id = (reply[0]! << 8) | reply[1]!;
    const tookMs = performance.now() - times[id]!;
    if (times[id] === 0) return;
    times[id] = 0;
    histogram.add(tookMs);
  });
}

function ask(nowMs: number): void {
  const socket = n % SOCKETS;
  const id = Math.floor(n / SOCKETS) % IDS;
  n++;
  // Nobody waits for it, and a callback would cost as much as the rest.
  if (isWarm) {
    sent++;
    sentMs[socket]![id] = nowMs;
  }
  sockets[socket]!.send(messages[id]!);
}

const everyMs = 1000 / rate;
let dueMs = performance.now();
const warmAtMs = dueMs + WARM_UP_MS;
const endMs = warmAtMs + seconds * 1000;
// The answers to queries that were sent before are not measured: their times are zero.
function turn(): void {
  let nowMs = performance.now();
  if (nowMs >= endMs) {
    setTimeout(finish, DRAIN_MS);
    return;
  }
  isWarm ||= nowMs >= warmAtMs;
  if (nowMs - dueMs > LATE_MS) {
    skipped += Math.floor((nowMs - dueMs) / everyMs);
    dueMs = nowMs;
  }
  while (dueMs <= nowMs) {
    ask(nowMs);
    dueMs += everyMs;
    nowMs = performance.now();
  }
  setImmediate(turn);
}

function finish(): void {
  process.send?.({
    sent,
    answered: histogram.count,
    skipped,
    p50Ms: histogram.at(0.5),
    p99Ms: histogram.at(0.99),
    p999Ms: histogram.at(0.999),
    maxMs: histogram.maxMs,
    collections,
    collectorMs,
  });
  for (const socket of sockets) socket.close();
  process.disconnect();
}
turn();
