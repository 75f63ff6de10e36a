import fc from 'fast-check';
import {pino} from 'pino';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import type {Lease} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import type {KubeError} from '../../src/kube/kube-error.ts';
import {LeaseHolder} from '../../src/kube/lease.ts';
import type {LeaseOptions} from '../../src/kube/lease.ts';
import {statusError, transportError} from '../../src/kube/status-error.ts';

/** One Lease in memory with a real API server's rule: a write needs the resourceVersion that is there. */
class LeaseServer {
  lease: Lease | undefined;
  version = 0;
  writes: string[] = [];
  /** Faults by identity: requests that get lost, answers that get lost, and how long each way takes. */
  readonly links = new Map<string, {lost: boolean; answerLost: boolean; latencyMs: number}>();

  clientOf(identity: string): LeaseOptions['client'] {
    const call = async <T>(work: () => T): Promise<T> => {
      const link = this.links.get(identity) ?? {lost: false, answerLost: false, latencyMs: 0};
      await delay(link.latencyMs);
      if (link.lost) throw transportError(new Error('lost'), 'PUT /lease');
      const result = work();
      await delay(link.latencyMs);
      if (link.answerLost) throw transportError(new Error('answer lost'), 'PUT /lease');
      return result;
    };
    return {
      find: <T extends KubeObject>() => call(() => structuredClone(this.lease) as unknown as T | undefined),
      create: <T extends KubeObject>(_r: unknown, object: T) =>
        call(() => {
          if (this.lease !== undefined) throw conflict('AlreadyExists');
          return this.#store(object, identity);
        }),
      replace: <T extends KubeObject>(_r: unknown, object: T) =>
        call(() => {
          if (object.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) throw conflict('Conflict');
          return this.#store(object, identity);
        }),
    };
  }

  #store<T extends KubeObject>(object: T, identity: string): T {
    const metadata = {...object.metadata, resourceVersion: String(++this.version)};
    this.writes.push(identity);
    this.lease = {...structuredClone(object), metadata};
    return structuredClone(this.lease) as unknown as T;
  }
}

const delay = (ms: number): Promise<void> => (ms === 0 ? Promise.resolve() : new Promise((r) => setTimeout(r, ms)));
const conflict = (reason: string): KubeError => statusError({code: 409, reason, message: reason}, {request: 'PUT'});

interface Candidate {
  readonly holder: LeaseHolder;
  readonly stop: AbortController;
  readonly log: string[];
}

let server: LeaseServer;
let candidates: Candidate[];
beforeEach(() => {
  vi.useFakeTimers({now: 1_800_000_000_000});
  server = new LeaseServer();
  candidates = [];
});
afterEach(async () => {
  candidates.forEach(({stop}) => stop.abort());
  await vi.advanceTimersByTimeAsync(5_000);
  vi.useRealTimers();
});

function join(
  identity: string,
  o: {wallSkewMs?: number; annotations?: Record<string, string | undefined>; link?: string} & Pick<
    LeaseOptions,
    'mayWrite' | 'labels'
  > = {},
): Candidate {
  const stop = new AbortController();
  const log: string[] = [];
  const holder = new LeaseHolder({
    client: server.clientOf(o.link ?? identity),
    namespace: 'isthmus-system',
    name: 'isthmus-hub',
    identity,
    leaseDurationMs: 25_000,
    renewEveryMs: 8_000,
    annotations: o.annotations && (() => o.annotations ?? {}),
    labels: o.labels,
    mayWrite: o.mayWrite,
    onHeld: () => log.push('held'),
    onLost: (why) => log.push(`lost: ${why}`),
    logger: pino({level: 'silent'}),
    nowMs: () => Date.now() + (o.wallSkewMs ?? 0),
  });
  holder.start(stop.signal);
  const candidate = {holder, stop, log};
  candidates.push(candidate);
  return candidate;
}

describe('holding', () => {
  test('the first one makes it and renews it; times have exactly six decimals', async () => {
    const one = join('one', {annotations: {'isthmus.dev/hub-epoch': '3'}});
    await vi.advanceTimersByTimeAsync(100);
    expect(one.holder.held).toBe(true);
    const first = server.lease;
    expect(first?.metadata.annotations).toEqual({'isthmus.dev/hub-epoch': '3'});
    expect(first?.spec).toMatchObject({holderIdentity: 'one', leaseDurationSeconds: 25, leaseTransitions: 0});
    expect(first?.spec?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    await vi.advanceTimersByTimeAsync(24_000);
    expect(server.writes).toHaveLength(4);
    expect(server.lease?.spec?.acquireTime).toBe(first?.spec?.acquireTime);
    expect(server.lease?.spec?.renewTime).not.toBe(first?.spec?.renewTime);
    expect(one.log).toEqual(['held']);
  });

  test('a second one waits as long as it is renewed, however far its clock is off', async () => {
    join('one');
    await vi.advanceTimersByTimeAsync(100);
    const two = join('two', {wallSkewMs: 3_600_000});
    await vi.advanceTimersByTimeAsync(600_000);
    expect(two.log).toEqual([]);
    expect(new Set(server.writes)).toEqual(new Set(['one']));
  });

  test('what other tools wrote into it stays', async () => {
    const one = join('one');
    await vi.advanceTimersByTimeAsync(100);
    const lease = server.lease;
    server.lease = {...lease, metadata: {...lease?.metadata, labels: {team: 'x'}, resourceVersion: '77'}} as Lease;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(server.lease.metadata.labels).toEqual({team: 'x'});
    expect(one.log).toEqual(['held']);
  });
});

describe('changing hands', () => {
  test('stopping gives it up first, then releases it; the next one need not wait for the expiry', async () => {
    const one = join('one');
    await vi.advanceTimersByTimeAsync(100);
    const two = join('two');
    await vi.advanceTimersByTimeAsync(100);
    one.stop.abort();
    await vi.advanceTimersByTimeAsync(1);
    await one.holder.closed;
    expect(server.lease?.spec?.holderIdentity).toBe('');
    expect(one.log).toEqual(['held', 'lost: stopped']);
    await vi.advanceTimersByTimeAsync(8_000);
    expect(two.holder.held).toBe(true);
    expect(server.lease?.spec).toMatchObject({holderIdentity: 'two', leaseTransitions: 1});
  });

  test('releasing takes a second at most when nothing answers', async () => {
    const one = join('one');
    await vi.advanceTimersByTimeAsync(100);
    // The fake link has no timeouts of its own; the client's would be 500 ms each.
    server.links.set('one', {lost: true, answerLost: false, latencyMs: 500});
    one.stop.abort();
    await vi.advanceTimersByTimeAsync(1_000);
    await one.holder.closed;
    expect(server.lease?.spec?.holderIdentity).toBe('one');
  });

  test('a holder that is cut off gives up before another one may take it', async () => {
    const one = join('one');
    await vi.advanceTimersByTimeAsync(100);
    const two = join('two');
    await vi.advanceTimersByTimeAsync(8_000);
    server.links.set('one', {lost: true, answerLost: false, latencyMs: 0});
    await vi.advanceTimersByTimeAsync(20_000);
    expect([one.holder.held, two.holder.held]).toEqual([false, false]);
    expect(one.log).toEqual(['held', 'lost: it could not be renewed in time']);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(two.holder.held).toBe(true);
    server.links.delete('one');
    await vi.advanceTimersByTimeAsync(30_000);
    expect([one.holder.held, two.holder.held]).toEqual([false, true]);
  });

  test('somebody who takes it by force is respected', async () => {
    const one = join('one');
    await vi.advanceTimersByTimeAsync(100);
    const lease = server.lease;
    const metadata = {...lease?.metadata, resourceVersion: '99'};
    server.lease = {...lease, metadata, spec: {...lease?.spec, holderIdentity: 'human'}} as Lease;
    await vi.advanceTimersByTimeAsync(9_000);
    expect(one.log).toEqual(['held', 'lost: held by human']);
  });

  test('of two at the same moment one gets it', async () => {
    const both = [join('one'), join('two')];
    await vi.advanceTimersByTimeAsync(1_000);
    expect(both.filter(({holder}) => holder.held)).toHaveLength(1);
    expect(server.writes).toHaveLength(1);
  });
});

describe('handing over', () => {
  test('what is handed over is free at once, and taken by one that looks', async () => {
    let isChosen = true;
    const one = join('one', {mayWrite: ({freeForMs}) => isChosen || freeForMs > 20_000});
    await vi.advanceTimersByTimeAsync(100);
    const two = join('two');
    await vi.advanceTimersByTimeAsync(100);
    isChosen = false;
    await one.holder.handOver();
    expect(one.log).toEqual(['held', 'lost: handed over']);
    expect(server.lease?.spec?.holderIdentity).toBe('');
    two.holder.look();
    await vi.advanceTimersByTimeAsync(100);
    expect([one.holder.held, two.holder.held]).toEqual([false, true]);
    expect(server.writes).toEqual(['one', 'one', 'two']);
  });

  test('a renewal under way while it is handed over does not make it held again, nor leaves it taken', async () => {
    let isChosen = true;
    const one = join('one', {mayWrite: () => isChosen});
    await vi.advanceTimersByTimeAsync(100);
    server.links.set('one', {lost: false, answerLost: false, latencyMs: 400});
    await vi.advanceTimersByTimeAsync(8_000);
    isChosen = false;
    await Promise.all([one.holder.handOver(), vi.advanceTimersByTimeAsync(2_000)]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(one.holder.held).toBe(false);
    expect(server.lease?.spec?.holderIdentity).toBe('');
  });

  test("a slow release doesn't release what the same one has taken again meanwhile", async () => {
    const one = join('one');
    await vi.advanceTimersByTimeAsync(100);
    server.links.set('one', {lost: false, answerLost: false, latencyMs: 2_000});
    const released = one.holder.handOver();
    await vi.advanceTimersByTimeAsync(100);
    // What is sent from now on overtakes it.
    server.links.clear();
    one.holder.look();
    const two = join('two');
    for (let passed = 0; passed < 10_000; passed += 100) {
      await vi.advanceTimersByTimeAsync(100);
      two.holder.look();
      expect([one, two].filter(({holder}) => holder.held).length).toBeLessThanOrEqual(1);
    }
    await released;
    expect([one, two].filter(({holder}) => holder.held)).toHaveLength(1);
  });

  test('one that may not have it yet is asked again with the time that it has been free', async () => {
    const seen: number[] = [];
    const first = join('first');
    await vi.advanceTimersByTimeAsync(100);
    const patient = join('patient', {
      mayWrite: ({freeForMs}) => {
        seen.push(freeForMs);
        return freeForMs >= 10_000;
      },
    });
    first.stop.abort();
    await first.holder.closed;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(patient.holder.held).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(patient.holder.held).toBe(true);
    expect(seen).toEqual([0, 8_000, 16_000]);
  });

  test('a renewal that a watch shows between two looks counts from then', async () => {
    const one = join('one');
    await vi.advanceTimersByTimeAsync(100);
    const two = join('two');
    // The last renewal, just after the other one has looked.
    await vi.advanceTimersByTimeAsync(8_000);
    if (server.lease !== undefined) two.holder.note(server.lease);
    server.links.set('one', {lost: true, answerLost: false, latencyMs: 0});
    await vi.advanceTimersByTimeAsync(25_000);
    two.holder.look();
    await vi.advanceTimersByTimeAsync(10);
    expect([one.holder.held, two.holder.held]).toEqual([false, true]);
  });

  test('one that may not be written to any more is given up', async () => {
    const one = join('one', {mayWrite: ({lease}) => lease?.metadata.annotations?.['epoch'] === undefined});
    await vi.advanceTimersByTimeAsync(100);
    server.lease = {
      ...server.lease,
      metadata: {...server.lease?.metadata, annotations: {epoch: '2'}, resourceVersion: '99'},
    } as Lease;
    await vi.advanceTimersByTimeAsync(9_000);
    expect(one.log).toEqual(['held', 'lost: it must not be written to']);
    expect(server.lease?.metadata.annotations).toEqual({epoch: '2'});
    expect(server.lease?.spec?.holderIdentity).toBe('');
  });

  test('annotations are asked for at each write; one that is undefined goes', async () => {
    const annotations: Record<string, string | undefined> = {holds: 'a'};
    const one = join('one', {annotations, labels: {'app.kubernetes.io/component': 'hub-replica'}});
    await vi.advanceTimersByTimeAsync(100);
    expect(server.lease?.metadata).toMatchObject({
      annotations: {holds: 'a'},
      labels: {'app.kubernetes.io/component': 'hub-replica'},
    });
    annotations['holds'] = undefined;
    one.holder.look();
    await vi.advanceTimersByTimeAsync(100);
    expect(server.lease?.metadata.annotations).toEqual({});
  });
});

describe('two processes with one identity', () => {
  const held = (...some: readonly Candidate[]): readonly boolean[] => some.map(({holder}) => holder.held);
  const copy = (link: string): Candidate => join('one', {link});

  test('the later one has it for as long as it renews; the other one sees that at its next renewal, and waits', async () => {
    const first = copy('first');
    await vi.advanceTimersByTimeAsync(3_000);
    const later = copy('later');
    await vi.advanceTimersByTimeAsync(8_000);
    for (let passed = 0; passed < 600_000; passed += 100) {
      await vi.advanceTimersByTimeAsync(100);
      expect(held(first, later)).toEqual([false, true]);
    }
    expect(first.log).toEqual(['held', 'lost: another process with identity one renews it']);
    expect(later.log).toEqual(['held']);
  });

  test('started at the same moment: one of them', async () => {
    const both = [copy('first'), copy('later')];
    await vi.advanceTimersByTimeAsync(10_000);
    for (let passed = 0; passed < 100_000; passed += 100) {
      await vi.advanceTimersByTimeAsync(100);
      expect(held(...both).filter(Boolean)).toHaveLength(1);
    }
  });

  test('the one that waits takes it from a dead one like from anybody, and releases nothing that is not its own', async () => {
    const [first, later] = [copy('first'), copy('later')];
    await vi.advanceTimersByTimeAsync(20_000);
    const [having, waiting] = first.holder.held ? [first, later] : [later, first];
    server.links.set(having === first ? 'first' : 'later', {lost: true, answerLost: false, latencyMs: 0});
    const transitions = server.lease?.spec?.leaseTransitions ?? NaN;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(held(waiting)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(held(having, waiting)).toEqual([false, true]);
    expect(server.lease?.spec?.leaseTransitions).toBe(transitions + 1);
    server.links.clear();
    await vi.advanceTimersByTimeAsync(10_000);
    having.stop.abort();
    await having.holder.closed;
    expect([server.lease?.spec?.holderIdentity, ...held(having, waiting)]).toEqual(['one', false, true]);
  });

  test('one that stops at the moment when the other one has taken it leaves it alone', async () => {
    const first = copy('first');
    await vi.advanceTimersByTimeAsync(100);
    const later = copy('later');
    await vi.advanceTimersByTimeAsync(100);
    first.stop.abort();
    await first.holder.closed;
    expect(server.lease?.spec?.holderIdentity).toBe('one');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(later.log).toEqual(['held']);
  });

  test('one that had it only between two renewals of the other is noticed: that one has it anew', async () => {
    const first = copy('first');
    await vi.advanceTimersByTimeAsync(100);
    const later = copy('later');
    await vi.advanceTimersByTimeAsync(100);
    later.stop.abort();
    await later.holder.closed;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(first.log).toEqual(['held', 'lost: another one has had it', 'held']);
  });

  test('one that is started again in the place of a dead one has its old Lease at once', async () => {
    copy('first');
    await vi.advanceTimersByTimeAsync(100);
    server.links.set('first', {lost: true, answerLost: false, latencyMs: 0});
    const again = copy('again');
    await vi.advanceTimersByTimeAsync(10);
    expect(held(again)).toEqual([true]);
  });

  test.each([
    ['answers', {lost: false, answerLost: true, latencyMs: 0}],
    ['requests', {lost: true, answerLost: false, latencyMs: 0}],
  ])(
    '%s that got lost are not taken for another process: neither by one that runs nor by one that starts',
    async (_, link) => {
      for (const run of ['that runs', 'that starts']) {
        server = new LeaseServer();
        if (run === 'that starts') server.links.set('one', link);
        const one = copy('one');
        await vi.advanceTimersByTimeAsync(7_000);
        server.links.set('one', link);
        await vi.advanceTimersByTimeAsync(5_000);
        server.links.clear();
        await vi.advanceTimersByTimeAsync(5_000);
        expect([run, one.log]).toEqual([run, ['held']]);
        one.stop.abort();
        await one.holder.closed;
      }
    },
  );
});

describe('whatever the network does', () => {
  const names = ['one', 'two', 'three'];
  const step = fc.record({
    who: fc.constantFrom(...names),
    lost: fc.boolean(),
    answerLost: fc.boolean(),
    latencyMs: fc.constantFrom(0, 5, 400, 3_000),
    forMs: fc.constantFrom(100, 4_000, 9_000, 26_000),
    handsOver: fc.boolean(),
  });

  test.each([
    ['three identities', names],
    ['two processes with one identity, and a third', ['one', 'one', 'three']],
  ])('it is never held by two, and by one again after the network has healed: %s', async (_, identities) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, {maxLength: 15}), async (steps) => {
        server = new LeaseServer();
        const three: Candidate[] = [];
        for (const [index, link] of names.entries()) {
          three.push(join(identities[index] ?? '', {link, wallSkewMs: (index - 1) * 7_200_000}));
          // Who starts takes it from a process with its own identity at once: that is over before anything is asserted.
          if (new Set(identities).size < names.length) await vi.advanceTimersByTimeAsync(9_000);
        }
        const check = async (ms: number): Promise<void> => {
          for (let passed = 0; passed < ms; passed += 100) {
            await vi.advanceTimersByTimeAsync(100);
            expect(three.filter(({holder}) => holder.held).length).toBeLessThanOrEqual(1);
          }
        };
        await check(100);
        for (const {who, forMs, handsOver, ...link} of steps) {
          server.links.set(who, link);
          if (handsOver) void three[names.indexOf(who)]?.holder.handOver();
          await check(forMs);
        }
        server.links.clear();
        await check(60_000);
        expect(three.filter(({holder}) => holder.held)).toHaveLength(1);
        three.forEach(({stop}) => stop.abort());
        await vi.advanceTimersByTimeAsync(10_000);
        await Promise.all(three.map(({holder}) => holder.closed));
      }),
      {numRuns: 40},
    );
  });
});
