import type {Logger} from 'pino';
import type {Cluster} from '../api/kinds.ts';
import {clusters} from '../api/resources.ts';
import {backoffDelayMs, pause} from '../kube/backoff.ts';
import type {KubeClient} from '../kube/client.ts';
import type {Store} from '../kube/reflector.ts';
import type {MemberMemory} from './member-memory.ts';

export interface RestoreOptions {
  readonly client: KubeClient;
  readonly memory: MemberMemory;
  /** As listed once. */
  readonly registered: Store<Cluster>;
  /** It left, and was not cleared. */
  readonly onLeft: (name: string) => void;
  /** It is registered, and the list lacks it. */
  readonly onOverlooked: (name: string) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const BACKOFF = {minMs: 1_000, maxMs: 60_000};

/**
 * Compares what is remembered of members with the Clusters that are listed. Finds the members that left before this hub started and
 * were not cleared: those with a tombstone, and those whose Cluster went while no hub looked; and those that the list lacks by fault.
 * Repeated until it succeeds, once.
 */
export async function restoreTombstones(options: RestoreOptions): Promise<void> {
  const {memory, logger, signal} = options;
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      for (const name of await memory.known(signal)) await restore(name, options);
      return;
    } catch (err) {
      if (signal.aborted) return;
      logger.warn({err}, 'records of members could not be read');
      await pause(backoffDelayMs(BACKOFF, attempt, Math.random), signal);
    }
  }
}

async function restore(name: string, options: RestoreOptions): Promise<void> {
  const {client, memory, registered, onLeft, onOverlooked, signal} = options;
  // One that is just being deleted comes by itself, and with more that is known.
  if (registered.get(name)?.metadata.deletionTimestamp !== undefined) return;
  const {left} = await memory.load(name, signal);
  if (left !== undefined) {
    onLeft(name);
    return;
  }
  // As everywhere: one that a list lacks is asked for by name.
  if (registered.has(name)) return;
  const found = await client.find(clusters, {name}, {signal});
  if (found === undefined) onLeft(name);
  else onOverlooked(name);
}
