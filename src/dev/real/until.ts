import {setTimeout as pause} from 'node:timers/promises';

import {IsthmusError} from '../../errors.ts';

const EVERY_MS = 50;

/**
 * Waits until `look` says true.
 * @throws IsthmusError ISTHMUS_DEV_CLUSTER after `deadlineMs`, with `what` and what `why` adds
 */
export async function until(
  what: string,
  look: () => Promise<boolean>,
  o: {readonly deadlineMs: number; readonly why?: () => string},
): Promise<void> {
  const endsAt = performance.now() + o.deadlineMs;
  while (!(await look())) {
    if (performance.now() > endsAt)
      throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `waited ${o.deadlineMs} ms for ${what}\n${o.why?.() ?? ''}`);
    await pause(EVERY_MS);
  }
}
