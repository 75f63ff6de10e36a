import {setTimeout as pause} from 'node:timers/promises';

import {expect, test} from 'vitest';

import type {HttpClient, WatchClient, WatchedEvent} from '../apiserver/support/http-client.ts';
import {prepare} from './replay.ts';
import {merge, remove} from './row.ts';
import type {Call} from './row.ts';

/** When the server ends a watch that the row says nothing about the end of: later than a busy machine needs for the row. */
const TIME_LIMIT_S = 30;
/** For what a row expects to come. */
const DEADLINE_MS = 15_000;
/** Who waits so long after the last event that a row expects, sees what it doesn't expect. */
const QUIET_MS = 300;

/** A fact about watches: data, as a {@link Row} is. */
export interface WatchRow {
  readonly name: string;
  /** `NOW` is the version when the watch begins. */
  readonly path: string;
  readonly accept?: string;
  readonly before?: readonly Call[];
  /** Made when the last bookmark that the row expects is there; where it expects none, once the watch is open. */
  readonly during?: readonly Call[];
  /** The server ends the watch, cleanly: by itself, or after so many seconds. Left out: it goes on until the client closes it. */
  readonly ends?: 'itself' | {readonly afterSeconds: number};
  /** The events, all of them and in this order; each a type and a part of its object. */
  readonly sees: readonly (readonly [type: string, object: object])[];
}

/** Makes a test of every row; they run side by side, since most of each is waiting. */
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
  const {path, accept, before = [], during = [], ends, sees} = row;
  for (const call of [...before, ...during]) await undo(http, call);
  for (const call of before) await prepare(http, call);
  const [collection = path] = path.split('?');
  // Without a version it is what etcd holds: from here on the cache that a watch from 0 is served from isn't behind it.
  const now = (await http.get(collection)).body.metadata.resourceVersion as string;
  const limit = typeof ends === 'object' ? ends.afterSeconds : TIME_LIMIT_S;
  const from = `${path.replace('=NOW', `=${now}`)}&timeoutSeconds=${limit}`;
  const watch = await http.watch(from, accept === undefined ? {} : {accept});
  try {
    expect(watch.status).toBe(200);
    await untilSeen(watch, sees.findLastIndex(([type]) => type === 'BOOKMARK') + 1);
    for (const call of during) await prepare(http, call);
    await untilSeen(watch, sees.length);
    if (ends === undefined) await pause(QUIET_MS);
    else await watch.until(({ended}) => ended !== undefined, DEADLINE_MS);
    expect(watch.ended, 'the end').toBe(ends === undefined ? undefined : 'Clean');
  } finally {
    watch.close();
  }
  const events = watch.events.slice(0, sees.length);
  expect(events).toMatchObject(sees.map(([type, object]) => ({type, object})));
  // One more bookmark may come in between, or right before the end.
  const rest = watch.events.slice(sees.length).map(({type}) => type);
  expect(['', 'BOOKMARK'], 'what else came').toContain(rest.join());
  return events;
}

/** @param count - of events; what they are is judged afterwards, all of it at once */
async function untilSeen(watch: WatchClient, count: number): Promise<void> {
  await watch.until(({events, ended}) => events.length >= count || ended !== undefined, DEADLINE_MS);
}

/** What a row creates may be there still: from a try before this one, which ended half-way. */
async function undo(http: HttpClient, {method, path, body}: Call): Promise<void> {
  if (method !== 'POST') return;
  const {name} = (body as {metadata: {name: string}}).metadata;
  const object = `${path.replace(/\?.*/, '')}/${name}`;
  const isThere = async (): Promise<boolean> => (await http.get(object)).status !== 404;
  if (await isThere()) await prepare(http, remove(object));
  if (await isThere()) await prepare(http, merge(object, {metadata: {finalizers: null}}));
}
