import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {constants, setPriority} from 'node:os';
import {question} from '../../dns/ask.ts';
import {Histogram} from './histogram.ts';
import {benchQueries} from './queries.ts';

/**
 * `probe-client.ts PORT SECONDS IMPORTS`: asks about once a millisecond, whatever comes back, beside somebody else's load, and says
 * over IPC how long answers took. It sleeps in between, so that it takes nothing from the load's client on the same core, and
 * makes so little garbage that its own collector has no part in what it measures.
 */

const IDS = 0x10000;
const WARM_UP_MS = 300;
const DRAIN_MS = 200;
const EVERY_MS = 1;

const [port = 0, seconds = 0, imports = 1] = process.argv.slice(2).map(Number);
const queries = benchQueries(imports);
const sentMs = new Float64Array(IDS);
const times = new Histogram();
let sent = 0;

try {
  // The time until it is its turn on the core would be counted as the server's.
  setPriority(constants.priority.PRIORITY_HIGHEST);
} catch {
  // Not allowed to this user: then the echo's times say how much that is.
}

const socket = createSocket('udp4');
socket.connect(port, '127.0.0.1');
await once(socket, 'connect');
socket.on('message', (reply) => {
  const nowMs = performance.now();
  const id = (reply[0]! << 8) | reply[1]!;
  if (sentMs[id] === 0) return;
  times.add(nowMs - sentMs[id]!);
  sentMs[id] = 0;
});

const warmAtMs = performance.now() + WARM_UP_MS;
const endMs = warmAtMs + seconds * 1000;
let n = 0;
const timer = setInterval(() => {
  const {name, type} = queries[(n * 31) % queries.length]!;
  const id = n++ % IDS;
  const message = question(name, type, {id});
  const nowMs = performance.now();
  if (nowMs >= endMs) {
    clearInterval(timer);
    setTimeout(finish, DRAIN_MS);
    return;
  }
  // The answers to queries that were sent before are not measured: their times are zero.
  if (nowMs >= warmAtMs) {
    sent++;
    sentMs[id] = nowMs;
  }
  socket.send(message);
}, EVERY_MS);

function finish(): void {
  process.send?.({
    ...{sent, answered: times.count, skipped: 0},
    ...{p50Ms: times.at(0.5), p99Ms: times.at(0.99), p999Ms: times.at(0.999), maxMs: times.maxMs},
    ...{collections: 0, collectorMs: 0},
  });
  socket.close();
  process.disconnect();
}
