import {pino} from 'pino';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import type {Lease} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {EPOCH_ANNOTATION, HUB_ANNOTATION, WANTED_BY_ANNOTATION} from '../../src/api/names.ts';
import {MemberLease} from '../../src/hub/member-lease.ts';
import type {CallOptions, KubeClient} from '../../src/kube/client.ts';
import {statusError, transportError} from '../../src/kube/status-error.ts';

/** One replica and the Lease of one member, whose API server is slow, or away for a while (design §3). */

let lease: Lease | undefined;
let latencyMs: number;
let version: number;
let writers: (string | undefined)[];
let log: string[];
let chosen: string | undefined;
let stop: AbortController;

beforeEach(() => {
  vi.useFakeTimers({now: 1_800_000_000_000});
  [lease, latencyMs, version, writers, log, chosen] = [undefined, 0, 0, [], [], 'a'];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await vi.advanceTimersByTimeAsync(5_000);
  vi.useRealTimers();
});

async function call<T>(options: CallOptions | undefined, work: () => T): Promise<T> {
  const limitMs = options?.timeoutMs ?? 30_000;
  await new Promise((resolve) => setTimeout(resolve, Math.min(latencyMs, limitMs)));
  if (latencyMs > limitMs) throw transportError(new Error('no answer'), 'PUT /lease');
  return work();
}

function put(next: Lease): Lease {
  lease = {...structuredClone(next), metadata: {...next.metadata, resourceVersion: String(++version)}};
  writers.push(next.spec?.holderIdentity);
  return structuredClone(lease);
}

const client = {
  find: async (_r: unknown, _at: unknown, o?: CallOptions) => call(o, () => structuredClone(lease)),
  create: async (_r: unknown, object: KubeObject, o?: CallOptions) =>
    call(o, () => {
      if (lease === undefined) return put(object);
      throw statusError({code: 409, reason: 'AlreadyExists', message: 'there is one'}, {request: 'POST'});
    }),
  replace: async (_r: unknown, object: KubeObject, o?: CallOptions) =>
    call(o, () => {
      const isSame = object.metadata.resourceVersion === lease?.metadata.resourceVersion;
      if (!isSame) throw statusError({code: 409, reason: 'Conflict', message: 'Conflict'}, {request: 'PUT'});
      return put(object);
    }),
} as unknown as KubeClient;

function start(settled: () => Promise<void> = async () => undefined): MemberLease {
  const own = new MemberLease({
    ...{client, member: 'm', namespace: 'isthmus-system', identity: 'a', renewMs: 10_000, nowMs: Date.now},
    mark: () => ({epoch: 1, uid: 'here'}),
    replicas: {chosen: () => chosen},
    seen: () => lease,
    settled,
    onTaken: () => log.push('taken'),
    onLost: () => log.push(`lost, lease of ${lease?.spec?.holderIdentity}`),
    onChange: () => undefined,
    logger: pino({level: 'silent'}),
  });
  own.start(stop.signal);
  return own;
}

const ready = {mayBegin: true, mayAsk: true};

/** As the watch and the probes of a session do it. */
async function pass(own: MemberLease, seconds: number, state = ready): Promise<void> {
  for (let each = 0; each < seconds; each++) {
    own.review(state);
    await vi.advanceTimersByTimeAsync(1_000);
  }
}

async function held(): Promise<MemberLease> {
  const own = start();
  await pass(own, 2);
  expect(own.held).toBe(true);
  return own;
}

interface Change {
  readonly holder?: string;
  readonly wantedBy?: string;
  readonly transitions?: number;
  readonly hub?: string;
  readonly epoch?: string;
}

/** @param change - of the Lease as somebody else writes it */
function writeElsewhere(change: Change): void {
  const annotations = {
    [EPOCH_ANNOTATION]: change.epoch ?? '1',
    ...(change.hub && {[HUB_ANNOTATION]: change.hub}),
    ...(change.wantedBy && {[WANTED_BY_ANNOTATION]: change.wantedBy}),
  };
  const spec = {
    ...lease?.spec,
    holderIdentity: change.holder ?? lease?.spec?.holderIdentity ?? '',
    leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + (change.transitions ?? 0),
  };
  put({...(lease as Lease), metadata: {...(lease as Lease).metadata, annotations}, spec});
}

describe('a free Lease', () => {
  test.each([
    ['is taken at once by the chosen one that can begin', 'a', true, 2, true],
    ['is left to others by a chosen one that could not begin', 'a', false, 60, false],
    ['is left to others by another one that could not begin, however long', 'b', false, 60, false],
    ['is taken after its patience by another one that can begin', 'b', true, 40, true],
  ])('%s', async (_, who, mayBegin, seconds, isHeld) => {
    chosen = who;
    const own = start();
    await pass(own, seconds, {mayBegin, mayAsk: false});
    expect(own.held).toBe(isHeld);
  });

  test('is taken as soon as it could begin', async () => {
    const own = start();
    await pass(own, 11, {mayBegin: false, mayAsk: false});
    await pass(own, 1);
    expect(own.held).toBe(true);
  });
});

describe('a Lease of a hub in another cluster', () => {
  const there = {metadata: {name: 'isthmus-hub', namespace: 'isthmus-system'}, spec: {leaseDurationSeconds: 25}};

  test.each([
    ['that has died, of the same epoch', {holder: 'z', hub: 'there'}],
    ['that has released it', {holder: '', hub: 'there'}],
    ['whose replica goes by the same identity', {holder: 'a', hub: 'there'}],
    ['whose replica goes by the same identity, of a higher epoch', {holder: 'a', hub: 'there', epoch: '2'}],
    ['that lives, and is not asked for it', {holder: 'z', hub: 'there', wantedBy: 'a'}],
  ])('%s is never written to, not even to release it', async (_, change) => {
    lease = there as Lease;
    writeElsewhere(change);
    const before = writers.length;
    const own = start();
    await pass(own, 120);
    expect([own.held, writers.length]).toEqual([false, before]);
  });

  test.each([
    ['an older version, which says no hub', {holder: '', epoch: '1'}],
    ['a lower epoch', {holder: '', epoch: '0', hub: 'there'}],
  ])('of %s is taken, and marked from then on', async (_, change) => {
    lease = there as Lease;
    writeElsewhere(change);
    const own = start();
    await pass(own, 2);
    expect(own.held).toBe(true);
    expect(lease.metadata.annotations).toEqual({[EPOCH_ANNOTATION]: '1', [HUB_ANNOTATION]: 'here'});
  });

  test('that another hub takes between the look and the write stays its, and is left alone from then on', async () => {
    const own = start();
    // The look has found none, and the write is on its way; the other one's comes first.
    latencyMs = 500;
    own.review(ready);
    await vi.advanceTimersByTimeAsync(100);
    lease = there as Lease;
    writeElsewhere({holder: 'z', hub: 'there'});
    await pass(own, 120);
    expect([own.held, new Set(writers)]).toEqual([false, new Set(['z'])]);
  });

  test('that another hub writes over ours is not released by us when we stop', async () => {
    await held();
    writeElsewhere({holder: 'a', hub: 'there'});
    const before = writers.length;
    stop.abort();
    await vi.advanceTimersByTimeAsync(5_000);
    expect([writers.length, lease?.spec?.holderIdentity]).toEqual([before, 'a']);
  });

  test('that another hub writes over ours stops us, and is not written back', async () => {
    const own = await held();
    writeElsewhere({holder: 'a', hub: 'there'});
    const before = writers.length;
    await pass(own, 60);
    expect([own.held, writers.length]).toEqual([false, before]);
  });
});

describe('giving it to the one that asks', () => {
  test.each([
    ['that answers at once', 0],
    ['that takes 800 ms for an answer', 800],
  ])('releases it at an API server %s', async (_, ms) => {
    const own = await held();
    [latencyMs, chosen] = [ms, 'b'];
    writeElsewhere({wantedBy: 'b'});
    await pass(own, 4);
    expect([own.held, lease?.spec?.holderIdentity]).toEqual([false, '']);
  });

  test('ends what is under way before it is released, also where that hangs', async () => {
    const own = start(() => new Promise(() => undefined));
    await pass(own, 2);
    chosen = 'b';
    writeElsewhere({wantedBy: 'b'});
    await pass(own, 4);
    expect(log).toEqual(['taken', 'lost, lease of a']);
    expect(lease?.spec?.holderIdentity).toBe('');
  });

  test('it is not renewed again where it could not be released, so that it expires or is released later', async () => {
    const own = await held();
    chosen = 'b';
    writeElsewhere({wantedBy: 'b'});
    const before = writers.length;
    latencyMs = 60_000;
    await pass(own, 30);
    expect([own.held, writers.length]).toEqual([false, before]);
    latencyMs = 0;
    await pass(own, 12);
    expect(writers.slice(before)).toEqual(['']);
  });

  test('it may be taken again once another one has had it', async () => {
    const own = await held();
    chosen = 'b';
    writeElsewhere({wantedBy: 'b'});
    await pass(own, 4);
    writeElsewhere({holder: 'b', transitions: 1});
    await pass(own, 4);
    writeElsewhere({holder: ''});
    chosen = 'a';
    await pass(own, 4);
    expect(own.held).toBe(true);
  });
});

describe('what was written before is forgotten', () => {
  test.each([
    ['not where nobody had the Lease in between', {}, ['taken']],
    ['where another one had it in between', {holder: '', transitions: 1}, ['taken', 'taken']],
  ])('%s', async (_, change, taken) => {
    const own = await held();
    latencyMs = 60_000;
    await pass(own, 40);
    expect(own.held).toBe(false);
    latencyMs = 0;
    writeElsewhere(change);
    await pass(own, 15);
    expect(own.held).toBe(true);
    expect(log.filter((each) => each === 'taken')).toEqual(taken);
  });
});
