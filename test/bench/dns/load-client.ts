import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {question} from '../../dns/ask.ts';
import {benchQueries} from './queries.ts';

/**
 * `load-client.ts PORT SECONDS IMPORTS RATE`: asks over four sockets and sends what it saw over IPC. RATE 0: 100 queries are
 * under way at any time (what is lost is asked again); otherwise that many are sent each second, whatever comes back.
 */

const SOCKETS = 4;
const UNDER_WAY = 100;
const LOST_AFTER_MS = 100;
const LATE_SECONDS = 0.002;

const [port = 0, seconds = 0, imports = 1, rate = 0] = process.argv.slice(2).map(Number);
const messages = benchQueries(imports).map(({name, type}) => question(name, type));
const sockets = Array.from({length: SOCKETS}, () => createSocket('udp4'));
const sentMs = sockets.map(() => new Float64Array(0x10000));
const nextId = new Uint16Array(SOCKETS);
const latencies: number[] = [];
let sent = 0;
let answered = 0;
let skipped = 0;

function ask(socket: number): void {
  const message = Buffer.from(messages[sent++ % messages.length]!);
  const id = nextId[socket]!++;
  message.writeUInt16BE(id, 0);
  sentMs[socket]![id] = performance.now();
  sockets[socket]!.send(message, (error) => {
    if (error) throw error;
  });
}

for (const [i, socket] of sockets.entries()) {
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('message', (reply) => {
    const id = reply.readUInt16BE(0);
    const at = sentMs[i]![id]!;
    if (at === 0) return;
    sentMs[i]![id] = 0;
    answered++;
    if (rate > 0) latencies.push(performance.now() - at);
    else ask(i);
  });
}

const begin = performance.now();
let lastAnswered = -1;
const clock = setInterval(
  () => {
    const due = rate > 0 ? (rate * (performance.now() - begin)) / 1000 - skipped : 0;
    // Where this process could not run, what it missed is not sent all at once: that would measure a burst of its own making.
    const missed = Math.max(0, Math.floor(due - sent - rate * LATE_SECONDS));
    skipped += missed;
    while (sent < due - missed) ask(sent % SOCKETS);
    // All that were under way are lost: without new ones nothing would move any more.
    if (rate === 0 && lastAnswered === answered) for (let i = 0; i < UNDER_WAY; i++) ask(i % SOCKETS);
    lastAnswered = answered;
  },
  rate > 0 ? 1 : LOST_AFTER_MS,
);
if (rate === 0) for (let i = 0; i < UNDER_WAY; i++) ask(i % SOCKETS);

setTimeout(() => {
  clearInterval(clock);
  const tookMs = performance.now() - begin;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  process.send?.({qps: (answered * 1000) / tookMs, answered, sent, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999)});
  for (const socket of sockets) socket.close();
  process.disconnect();
}, seconds * 1000);
