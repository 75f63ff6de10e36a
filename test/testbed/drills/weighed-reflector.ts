/**
 * A process with nothing in it but a reflector of ServiceImports, so that its memory is the reflector's: `--expose-gc`, an IPC
 * channel, and {@link Weighed} as the first message. Each further message is answered with what it weighs after a collection.
 */
import {once} from 'node:events';

import {pino} from 'pino';

import {serviceImports} from '../../../src/api/resources.ts';
import {KubeClient} from '../../../src/kube/client.ts';
import type {ClusterCredentials} from '../../../src/kube/credentials.ts';
import type {ReflectorStatus} from '../../../src/kube/reflector.ts';
import {Reflector} from '../../../src/kube/reflector.ts';

/** What the reflector is of. */
export interface Weighed {
  readonly credentials: ClusterCredentials;
  readonly namespace: string;
}

export interface Weight {
  readonly objects: number;
  /** Heap and what hangs on it outside of it, bytes. */
  readonly bytes: number;
  readonly status: ReflectorStatus;
}

const [{credentials, namespace}] = (await once(process, 'message')) as [Weighed];
const client = new KubeClient({credentials, userAgent: 'weighed'});
const stop = new AbortController();
const reflector = new Reflector({
  client,
  resource: serviceImports,
  namespace,
  keep: (raw) => raw,
  logger: pino({level: 'silent'}),
  backoff: {minMs: 50, maxMs: 1_000},
});
reflector.start(stop.signal);
await reflector.synced;
process.on('message', () => {
  // Twice: what is freed by finalizers in the first one is collected by the second.
  globalThis.gc?.();
  globalThis.gc?.();
  const {heapUsed, external} = process.memoryUsage();
  const weight: Weight = {objects: reflector.store.size, bytes: heapUsed + external, status: reflector.status()};
  process.send?.(weight);
});
process.once('disconnect', () => {
  stop.abort();
  void reflector.closed.then(() => client.close());
});
process.send?.('synced');
