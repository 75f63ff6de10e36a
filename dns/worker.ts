import {randomInt} from 'node:crypto';
import {parentPort, workerData} from 'node:worker_threads';
import {ChangeQueue} from './change-queue.ts';
import {Counter, Counters} from './counters.ts';
import {Responder} from './responder.ts';
import {Forwarder} from './forward/forwarder.ts';
import {LoopProbe} from './forward/loop-probe.ts';
import {ConnectionCaps} from './transport/connection-caps.ts';
import {Listeners} from './transport/listeners.ts';
import {RateLimiter} from './transport/rate-limiter.ts';
import {ServerCookies} from './wire/server-cookies.ts';
import {ReplyMemory} from './wire/reply-memory.ts';
import type {FromWorker, ToWorker, WorkerSettings} from './worker-messages.ts';
import {Explainer} from './zone/explainer.ts';
import {ZoneTable} from './zone/zone-table.ts';

/**
 * The thread that answers. It owns its sockets and its copy of the compiled zone and never asks the main thread anything, so
 * whatever the control plane is busy with delays no answer (design §3).
 */
const settings = workerData as WorkerSettings;
const port = parentPort!;
const send = (message: FromWorker) => port.postMessage(message);

const counters = new Counters(settings.counters, settings.index);
const table = new ZoneTable(settings.zone, randomInt(2 ** 32));
const explainer = new Explainer();
const monotonicMs = () => performance.now();
const cookies = new ServerCookies(settings.cookies.secrets, Date.now);
const {forward, rateLimit} = settings;
const replies = new ReplyMemory();
const responder = new Responder({
  ...settings,
  table,
  counters,
  explainer,
  nowMs: Date.now,
  cookies,
  requireCookies: settings.cookies.required,
  forwards: forward !== undefined,
  replies,
});
const forwarder =
  forward &&
  new Forwarder({
    ...forward,
    probe: new LoopProbe(forward.loopToken, forward.loops),
    counters,
    cookies,
    nowMs: monotonicMs,
    wallMs: Date.now,
    onLoop: (upstream) => send({kind: 'loop', upstream}),
  });
/** When the zone was written to the file that it comes from, and since when the API server is silent; ms since the epoch, 0: neither. */
let keptAtMs = 0;
let silentSinceMs = 0;
const changes = new ChangeQueue({
  table,
  nowMs: monotonicMs,
  later: setImmediate,
  onServed: ({revision, synced, restoredAtMs = 0}) => {
    responder.synced ||= synced || restoredAtMs > 0;
    if (synced || restoredAtMs > 0) keptAtMs = restoredAtMs;
    responder.oldSinceMs = keptAtMs || silentSinceMs;
    counters.set(Counter.names, table.size);
    counters.set(Counter.revision, revision);
    send({kind: 'served', revision});
  },
});

const listeners = new Listeners(
  {
    responder,
    counters,
    forwarder,
    limiter: rateLimit && new RateLimiter(rateLimit, monotonicMs),
    replies,
    limits: settings.tcp,
    caps: new ConnectionCaps(settings.tcp, counters),
  },
  settings.reusePort,
);

async function close(): Promise<void> {
  forwarder?.close();
  // With the sockets and this port gone nothing holds the thread.
  await listeners.close().finally(() => port.close());
}

function receive(message: ToWorker): void {
  switch (message.kind) {
    case 'publish':
      // Before the slabs, whose numbers of clusters it explains.
      if (message.clusterset) explainer.learn(message.clusterset);
      return changes.add(message);
    case 'silence':
      silentSinceMs = message.sinceMs;
      responder.oldSinceMs = keptAtMs || silentSinceMs;
      return;
    case 'certificate':
      return listeners.useCertificate(message.certificate);
    case 'cookieSecrets':
      return cookies.replaceSecrets(message.secrets);
    case 'close':
      return void close();
    default:
      return message satisfies never;
  }
}

try {
  const ports = await listeners.open(settings.listeners);
  port.on('message', receive);
  forwarder?.start();
  send({kind: 'listening', ports});
} catch (error) {
  const {code = '', port: taken} = (error ?? {}) as {code?: string; port?: number};
  const reason = error instanceof Error ? error.message : String(error);
  send({kind: 'notListening', reason, code, ...(taken === undefined ? {} : {port: taken})});
  port.close();
}
