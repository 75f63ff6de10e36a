import {readFile} from 'node:fs/promises';
import type {Logger} from 'pino';

import {describeError} from '../src/errors.ts';
import {pause} from '../src/kube/backoff.ts';

const LOOK_EVERY_MS = 10_000;

export interface WatchedFiles {
  readonly paths: readonly string[];
  /** Called with the texts at first and whenever one has changed. What it throws is logged, and the next change tried. */
  readonly onChange: (texts: readonly string[]) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Default 10 s: a kubelet takes longer than that to bring a changed Secret. */
  readonly everyMs?: number;
}

/**
 * Looks at files of a mounted Secret again and again, until the signal is aborted: a kubelet changes them by moving a link in a folder
 * above, of which file events say nothing. Never rejects.
 */
export async function watchFiles(o: WatchedFiles): Promise<void> {
  let known: string | undefined;
  let isInUse = false;
  while (!o.signal.aborted) {
    try {
      const texts = await Promise.all(o.paths.map((path) => readFile(path, 'utf8')));
      const now = texts.join('\0');
      if (now !== known) {
        known = now;
        o.onChange(texts);
        isInUse = true;
      }
    } catch (error) {
      const instead = isInUse ? 'what was read before stays in use' : 'nothing of them is in use yet';
      o.logger.error({paths: o.paths, err: describeError(error)}, `files can not be used; ${instead}`);
    }
    await pause(o.everyMs ?? LOOK_EVERY_MS, o.signal);
  }
}
