import {expect, test} from 'vitest';
import type {HttpClient, WatchedEvent} from '../apiserver/support/http-client.ts';
import {CM} from './kinds.ts';
import {prepare} from './replay.ts';
import type {Call} from './row.ts';

/** A fact about watches: data, as a {@link Row} is. */
export interface WatchRow {
  readonly name: string;
  /** `NOW` is the version when the watch begins. */
  readonly path: string;
  readonly accept?: string;
  readonly before?: readonly Call[];
  readonly during?: readonly Call[];
  /** When the watch ends by itself; default 1. */
  readonly timeoutSeconds?: number;
  /** The events until the watch ends, all of them and in this order; each a type and a part of its object. */
  readonly sees: readonly (readonly [type: string, object: object])[];
}

/** Makes a test of every row; they run side by side, since each waits for its watch to end. */
export function replayWatches(rows: readonly WatchRow[], http: () => HttpClient): void {
  test.concurrent.each(rows)('$name', async (row) => {
    await watchEvents(row, http());
  });
}

/**
 * Watches as the row says, and fails unless what it says is seen.
 * @returns the events that the row names
 */
export async function watchEvents(row: WatchRow, http: HttpClient): Promise<readonly WatchedEvent[]> {
  const {path, accept, before = [], during = [], timeoutSeconds = 1, sees} = row;
  for (const call of before) await prepare(http, call);
  const now = (await http.get(`${CM}?limit=1`)).body.metadata.resourceVersion as string;
  const from = `${path.replace('=NOW', `=${now}`)}&timeoutSeconds=${timeoutSeconds}`;
  const watch = await http.watch(from, accept === undefined ? {} : {accept});
  expect(watch.status).toBe(200);
  for (const call of during) await prepare(http, call);
  await watch.until(({ended}) => ended === 'Clean', timeoutSeconds * 1_000 + 5_000);
  const events = watch.events.slice(0, sees.length);
  expect(events).toMatchObject(sees.map(([type, object]) => ({type, object})));
  // One more bookmark may come right before the end.
  const rest = watch.events.slice(sees.length).map(({type}) => type);
  expect(['', 'BOOKMARK'], 'what else came').toContain(rest.join());
  return events;
}
