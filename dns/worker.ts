import {randomInt} from 'node:crypto';
import {parentPort, workerData} from 'node:worker_threads';
import {ChangeQueue} from './change-queue.ts';
import {Counter, Counters} from './counters.ts';
import {Responder} from './responder.ts';
import {bindBoth} from './transport/bind.ts';
import {TcpListener} from './transport/tcp-listener.ts';
import {UdpListener} from './transport/udp-listener.ts';
import type {FromWorker, ToWorker, WorkerSettings} from './worker-messages.ts';
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
const responder = new Responder({...settings, table, counters, nowMs: Date.now});
const changes = new ChangeQueue({
  table,
  nowMs: () => performance.now(),
  later: setImmediate,
  onServed: ({revision, synced}) => {
    responder.synced ||= synced;
    counters.set(Counter.names, table.size);
    counters.set(Counter.revision, revision);
    send({kind: 'served', revision});
  },
});

try {
  const sockets = await bindBoth(settings.listen, settings.reusePort);
  const udp = new UdpListener(sockets.udp, {responder, counters});
  const tcp = new TcpListener(sockets.tcp, {responder, counters, limits: settings.tcp});
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'publish') changes.add(message);
    // With the sockets and this port gone nothing holds the thread.
    else void Promise.all([udp.close(), tcp.close()]).finally(() => port.close());
  });
  send({kind: 'listening', port: sockets.port});
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  send({kind: 'notListening', reason: error instanceof Error ? error.message : String(error), code});
  port.close();
}
