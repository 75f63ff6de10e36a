import {pino} from 'pino';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import type {Lease} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {EPOCH_ANNOTATION, WANTED_BY_ANNOTATION} from '../../src/api/names.ts';
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
  create: async (_r: unknown, object: KubeObject, o?: CallOptions) => call(o, () => put(object)),
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
    epoch: () => 1,
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

/** @param change - of the Lease as somebody else writes it */
function writeElsewhere(change: {holder?: string; wantedBy?: string; transitions?: number}): void {
  const annotations = {[EPOCH_ANNOTATION]: '1', ...(change.wantedBy && {[WANTED_BY_ANNOTATION]: change.wantedBy})};
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
