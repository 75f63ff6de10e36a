import type {EventEmitter} from 'node:events';
import type {ObjectStorage} from '../storage/object-storage.ts';
import type {ListOptions} from './list-options.ts';

/** How long a server waits for a version that is not there yet before it says 504 (apiserver-errors.md §2.3). */
const WAIT_MS = 3_000;

/**
 * Waits until the version that a list or a WatchList asks for is reached: a client may have it from another, faster server. What is still missing when
 * this returns is refused by the list itself.
 *
 * @param answer - emits `close` where the client goes away: then nobody waits any more
 */
export async function versionReached(
  storage: ObjectStorage,
  {resourceVersion = 0, continueToken}: Partial<Pick<ListOptions, 'resourceVersion' | 'continueToken'>>,
  answer: EventEmitter,
): Promise<void> {
  if (continueToken !== undefined || resourceVersion <= storage.revision) return;
  await new Promise<void>((resolve) => {
    const stopWatching = storage.onWatch(() => {
      if (storage.revision >= resourceVersion) end();
    });
    const timer = setTimeout(() => end(), WAIT_MS).unref();
    const end = (): void => {
      clearTimeout(timer);
      stopWatching();
      answer.off('close', end);
      resolve();
    };
    answer.on('close', end);
  });
}
