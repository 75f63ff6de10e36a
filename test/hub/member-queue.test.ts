import {pino} from 'pino';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {CLUSTER_ID_PROPERTY} from '../../src/api/names.ts';
import type {MemberContext} from '../../src/hub/member-context.ts';
import type {MemberIdentity} from '../../src/hub/member-identity.ts';
import {MemberQueue} from '../../src/hub/member-queue.ts';
import {syncItemText} from '../../src/hub/sync-item.ts';
import {eventually} from '../tools/eventually.ts';

/** What is under way when the member's Lease goes (design §3): one writes at a time. */

interface Apply {
  readonly signal: AbortSignal;
  readonly end: PromiseWithResolvers<void>;
}

const everything = new Set([syncItemText('property', CLUSTER_ID_PROPERTY)]);
let stop: AbortController;
let applies: Apply[];
let logged: string[];
let queue: MemberQueue;

beforeEach(() => {
  [stop, applies, logged] = [new AbortController(), [], []];
  const properties = {
    actual: () => undefined,
    apply: async (_d: unknown, _s: unknown, signal: AbortSignal) => {
      const end = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => end.reject(new Error('aborted')), {once: true});
      applies.push({signal, end});
      return end.promise;
    },
  };
  const facts = {clustersetId: 'set', isGathered: () => true};
  queue = new MemberQueue({
    context: {facts, consumer: {id: 'm'}, writers: {properties}} as unknown as MemberContext,
    identity: {ensure: async () => undefined} as unknown as MemberIdentity,
    onStatus: () => undefined,
    onEnd: () => undefined,
    logger: pino({level: 'trace'}, {write: (line: string) => logged.push(line)}),
  });
  queue.start(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await queue.closed;
});

async function begun(count: number): Promise<void> {
  await eventually(`${count} writes begun`, async () => applies.length === count);
}

test('what is under way may end after it was shut: the Lease is still held', async () => {
  queue.open(everything);
  await begun(1);
  queue.shut();
  expect(applies[0]?.signal.aborted).toBe(false);
  applies[0]?.end.resolve();
  await queue.idle();
});

test('what is under way is ended when the Lease is lost, also after it was shut; that is no failure', async () => {
  queue.open(everything);
  await begun(1);
  queue.shut();
  queue.drop();
  expect(applies[0]?.signal.aborted).toBe(true);
  await queue.idle();
  expect([logged, queue.pass.failing]).toEqual([[], 0]);
});

test('what was dropped is begun anew when it is opened again, and does not count as done before', async () => {
  queue.open(everything);
  await begun(1);
  queue.drop();
  queue.open(everything);
  await begun(2);
  expect([queue.pass.isDone, applies[1]?.signal.aborted]).toEqual([false, false]);
  applies[1]?.end.resolve();
  await eventually('the pass is done', async () => queue.pass.isDone);
});

test('what fails while the Lease is held is told', async () => {
  queue.open(everything);
  await begun(1);
  applies[0]?.end.reject(new Error('too long'));
  await eventually('the failure', async () => queue.pass.failing === 1);
  expect(logged).toHaveLength(1);
});
