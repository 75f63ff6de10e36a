import type {Logger} from 'pino';
import type {Cluster} from '../api/kinds.ts';
import {backoffDelayMs, pause} from '../kube/backoff.ts';
import type {Store} from '../kube/reflector.ts';
import type {MemberMemory} from './member-memory.ts';

export interface RestoreOptions {
  readonly memory: Pick<MemberMemory, 'known' | 'load'>;
  /** As listed once. */
  readonly registered: Pick<Store<Cluster>, 'get' | 'has'>;
  /** It left, and was not cleared. */
  readonly onLeft: (name: string) => void;
  /** The list lacks it: it is to be asked for by name, and is unknown until then. */
  readonly onOverlooked: (name: string) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const BACKOFF = {minMs: 500, maxMs: 5_000};

/**
 * Compares what is remembered of members with the Clusters that are listed. Finds the members that left before this hub started and
 * were not cleared, by their tombstones; and those that the list lacks, because their Cluster went while no hub looked, or by fault.
 *
 * @returns when each was looked at once. One whose record can't be read delays nobody, and is looked at again until it can
 */
export async function restoreTombstones(options: RestoreOptions): Promise<void> {
  const names = await knownNames(options);
  const failed = await restoreAll(names, options);
  void restoreLater(failed, options);
}

async function knownNames({memory, logger, signal}: RestoreOptions): Promise<readonly string[]> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      return await memory.known(signal);
    } catch (err) {
      if (signal.aborted) break;
      logger.warn({err}, 'records of members could not be listed');
      await pause(backoffDelayMs(BACKOFF, attempt, Math.random), signal);
    }
  }
  return [];
}

async function restoreLater(names: readonly string[], options: RestoreOptions): Promise<void> {
  const {signal} = options;
  let left = names;
  for (let attempt = 1; left.length > 0 && !signal.aborted; attempt++) {
    await pause(backoffDelayMs(BACKOFF, attempt, Math.random), signal);
    left = await restoreAll(left, options);
  }
}

/** @returns those whose record could not be read */
async function restoreAll(names: readonly string[], options: RestoreOptions): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const name of names) {
    if (options.signal.aborted) break;
    if (!(await isRestored(name, options))) failed.push(name);
  }
  return failed;
}

async function isRestored(name: string, options: RestoreOptions): Promise<boolean> {
  const {memory, registered, onLeft, onOverlooked, logger, signal} = options;
  // One that is just being deleted comes by itself, and with more that is known.
  if (registered.get(name)?.metadata.deletionTimestamp !== undefined) return true;
  try {
    const {left} = await memory.load(name, signal);
    if (left !== undefined) onLeft(name);
    else if (!registered.has(name)) onOverlooked(name);
    return true;
  } catch (err) {
    if (signal.aborted) return true;
    logger.warn({err, cluster: name}, 'record of a member could not be read');
    // Whether it left isn't known; what it exports must not be taken for absent meanwhile.
    if (!registered.has(name)) onOverlooked(name);
    return false;
  }
}
