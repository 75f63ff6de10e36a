import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {question} from './ask.ts';

/**
 * A client in a process of its own: `paced-client.ts PORT COUNT OVER_MS`. It says `ready` when the server answers it, waits for
 * a line, sends its queries evenly over the time, and prints what it saw as JSON. Times are milliseconds since the epoch.
 */

export interface PacedResult {
  readonly answered: number;
  readonly firstSentMs: number;
  readonly lastAnsweredMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const [port = 0, count = 0, overMs = 0] = process.argv.slice(2).map(Number);
const socket = createSocket('udp4');
const sentMs = new Map<number, number>();
const latencies: number[] = [];
const message = question('web.test.svc.clusterset.local', 'A');
let lastAnsweredMs = 0;

function send(id: number): void {
  message.writeUInt16BE(id, 0);
  sentMs.set(id, performance.now());
  socket.send(Buffer.from(message), (error) => {
    if (error) throw error;
  });
}

socket.connect(port, '127.0.0.1');
await once(socket, 'connect');
const WARM_UP = 200;
for (let id = 0; id < WARM_UP; id++) {
  send(id);
  await once(socket, 'message');
}
process.stdout.write('ready\n');
await once(process.stdin, 'data');

const begin = performance.now();
const done = new Promise<void>((resolve) => {
  socket.on('message', (reply) => {
    const now = performance.now();
    latencies.push(now - sentMs.get(reply.readUInt16BE(0))!);
    lastAnsweredMs = now;
    if (latencies.length === count) resolve();
  });
  // What was lost stays unanswered, and the parent sees the number.
  setTimeout(resolve, overMs + 2_000).unref();
});
let sent = 0;
const pace = setInterval(() => {
  const due = Math.min(count, Math.ceil((count * (performance.now() - begin)) / overMs));
  while (sent < due) send(WARM_UP + sent++);
  if (sent === count) clearInterval(pace);
}, 1);
await done;

latencies.sort((a, b) => a - b);
const at = (share: number) =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Infinity;
const result: PacedResult = {
  answered: latencies.length,
  firstSentMs: performance.timeOrigin + sentMs.get(WARM_UP)!,
  lastAnsweredMs: performance.timeOrigin + lastAnsweredMs,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  maxMs: at(1),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
socket.close();
process.stdin.destroy();
