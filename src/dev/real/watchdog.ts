/**
 * Outlives the process that started it, by design: it holds the other end of a pipe, and when that closes (orderly end,
 * crash, SIGKILL alike) it kills what is still registered and removes the folder. Lines: `+PID`, `-PID`.
 * Argument: the folder to remove, if any.
 */
import {rmSync} from 'node:fs';
import {createInterface} from 'node:readline';

import {killById} from './kill-by-id.ts';

const [, , folder] = process.argv;
const alive = new Set<number>();

// Ctrl-C reaches the whole group of a terminal; the pipe alone says when to act.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const lines = createInterface({input: process.stdin});
lines.on('line', (line) => {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) alive.add(pid);
  else alive.delete(pid);
});
lines.on('close', () => {
  for (const pid of alive) killById(pid, 'SIGKILL');
  if (folder !== undefined) rmSync(folder, {recursive: true, force: true, maxRetries: 5, retryDelay: 100});
});
