import fc from 'fast-check';
import {pino} from 'pino';
import {describe, expect, test, vi} from 'vitest';
import type {Lease} from '../../src/api/kinds.ts';
import {HOLDS_ANNOTATION} from '../../src/api/names.ts';
import {chooseReplica} from '../../src/hub/choose-replica.ts';
import {Replicas} from '../../src/hub/replicas.ts';
import {ReplicaObserver} from '../../src/hub/replica-view.ts';
import {decideTurn, keptWish, mayTake, type TurnSituation} from '../../src/hub/write-turn.ts';
import {pause} from '../../src/kube/backoff.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {statusError, transportError} from '../../src/kube/status-error.ts';

/** How replicas of the hub share the members (design §3), without any I/O: API servers are objects in memory. */

const identities = fc.uniqueArray(fc.string({minLength: 1, maxLength: 20}), {minLength: 1, maxLength: 6});
const members = Array.from({length: 400}, (_, i) => `cluster-${i}`);

describe('chooseReplica', () => {
  test('nobody is chosen where nobody is', () => {
    expect(chooseReplica('cluster-1', [])).toBeUndefined();
  });

  test('each replica comes to the same answer, in whatever order it knows them', () => {
    fc.assert(
      fc.property(identities, fc.string(), (all, member) => {
        expect(chooseReplica(member, all.toReversed())).toBe(chooseReplica(member, all));
      }),
    );
  });

  test('one that goes leaves all others as they are', () => {
    fc.assert(
      fc.property(identities, fc.nat(), (all, n) => {
        const gone = all[n % all.length] ?? '';
        const left = all.filter((each) => each !== gone);
        for (const member of members.slice(0, 40)) {
          const before = chooseReplica(member, all);
          if (before !== gone) expect(chooseReplica(member, left)).toBe(before);
        }
      }),
    );
  });

  test('one that comes takes members, and moves none between others', () => {
    fc.assert(
      fc.property(identities, fc.string({minLength: 21, maxLength: 30}), (all, fresh) => {
        for (const member of members.slice(0, 40)) {
          expect([chooseReplica(member, all), fresh]).toContain(chooseReplica(member, [...all, fresh]));
        }
      }),
    );
  });

  test.each([2, 3, 5])('%i replicas have about as many each', (count) => {
    const all = Array.from({length: count}, (_, i) => `isthmus-hub-7d9f-${i}`);
    for (const one of all) {
      const share = members.filter((member) => chooseReplica(member, all) === one).length;
      expect(share).toBeGreaterThan((members.length / count) * 0.7);
      expect(share).toBeLessThan((members.length / count) * 1.3);
    }
  });
});

const own = 'a';
const base: TurnSituation = {own, chosen: own, holder: '', wantedBy: undefined, isHeld: false, isReady: true};

describe('decideTurn', () => {
  test.each<[string, Partial<TurnSituation>, ReturnType<typeof decideTurn>]>([
    ['held, and nobody asks: it stays, chosen or not', {isHeld: true, holder: own, chosen: 'b'}, 'keep'],
    ['the chosen one asks', {isHeld: true, holder: own, chosen: 'b', wantedBy: 'b'}, 'give'],
    ['one asks that is not chosen as this one sees it', {isHeld: true, holder: own, wantedBy: 'b'}, 'keep'],
    [
      'one asks, and this one can not see who is chosen',
      {isHeld: true, holder: own, chosen: undefined, wantedBy: 'b'},
      'give',
    ],
    [
      'its own wish of before is no reason to give',
      {isHeld: true, holder: own, chosen: undefined, wantedBy: own},
      'keep',
    ],
    ['chosen, and another holds it', {holder: 'b'}, 'ask'],
    ['chosen, but not ready yet', {holder: 'b', isReady: false}, 'keep'],
    ['chosen, and it has asked already', {holder: 'b', wantedBy: own}, 'keep'],
    ['chosen, and one that is not asks too', {holder: 'b', wantedBy: 'c'}, 'ask'],
    ['not chosen', {holder: 'b', chosen: 'c'}, 'keep'],
    ['who is chosen can not be seen: it asks for nothing', {holder: 'b', chosen: undefined}, 'keep'],
    ['nobody holds it: there is nobody to ask', {}, 'keep'],
    ['it is its own, of before a restart', {holder: own}, 'keep'],
  ])('%s', (_, situation, turn) => {
    expect(decideTurn({...base, ...situation})).toBe(turn);
  });

  test('of replicas that see the same, at most one asks, and the holder gives to that one alone', () => {
    fc.assert(
      fc.property(identities, fc.nat(), fc.string(), (all, n, member) => {
        const chosen = chooseReplica(member, all);
        const holder = all[n % all.length] ?? '';
        const asking = all.filter(
          (each) => decideTurn({...base, own: each, chosen, holder, isHeld: each === holder}) === 'ask',
        );
        expect(asking).toEqual(chosen === holder ? [] : [chosen]);
        for (const wantedBy of all) {
          const turn = decideTurn({...base, own: holder, chosen, holder, isHeld: true, wantedBy});
          expect(turn === 'give').toBe(wantedBy === chosen && wantedBy !== holder);
        }
      }),
    );
  });
});

describe('mayTake', () => {
  test.each([
    ['the chosen one, at once', own, true, 0, true],
    ['another one, at once', 'b', true, 0, false],
    ['another one, after its patience', 'b', true, 20_000, true],
    ['one that can not see who is chosen, at once', undefined, true, 0, false],
    ['one that can not see who is chosen, after its patience', undefined, true, 20_000, true],
    ['the chosen one that could not begin', own, false, 20_000, false],
    ['another one that could not begin, after its patience', 'b', false, 20_000, false],
  ])('%s', (_, chosen, isReady, freeForMs, may) => {
    expect(mayTake({own, chosen, isReady}, {freeForMs, patienceMs: 20_000})).toBe(may);
  });
});

describe('a replica that does not see its own Lease when two durations are over', () => {
  const forbidden = statusError({code: 403, reason: 'Forbidden', message: 'no'}, {request: 'GET'});
  const away = transportError(new Error('away'), 'GET');

  test.each([
    ['is on its own where it never saw it: it has no right to', 0, Infinity, own],
    ["is not where it saw it, and lost the hub's API since", Infinity, 15_000, undefined],
    ['is no matter where it sees it: it is chosen as the only one', Infinity, Infinity, own],
  ])('%s', async (_, listsUntilMs, answersUntilMs, chosen) => {
    vi.useFakeTimers();
    try {
      const begunMs = performance.now();
      let lease: Lease | undefined;
      const answer = async <T>(work: () => T, untilMs = Infinity): Promise<T> => {
        if (performance.now() - begunMs >= answersUntilMs) throw away;
        if (performance.now() - begunMs >= untilMs) throw forbidden;
        return work();
      };
      const put = async (_r: unknown, object: Lease) => answer(() => (lease = object));
      const client = {
        find: async () => answer(() => lease),
        create: put,
        replace: put,
        delete: async () => answer(() => undefined),
        pages: async function* () {
          yield await answer(() => ({items: lease === undefined ? [] : [lease], resourceVersion: '1'}), listsUntilMs);
        },
        watch: async function* () {
          await pause(1_000, stop.signal);
          yield await answer(() => ({type: 'MODIFIED', object: {...lease, metadata: {...lease?.metadata, uid: 'u'}}}));
        },
      } as unknown as KubeClient;
      const stop = new AbortController();
      const replicas = new Replicas({
        ...{client, namespace: 'isthmus-system', identity: own, leaseRenewMs: 10_000, nowMs: Date.now},
        onChange: () => undefined,
        logger: pino({level: 'silent'}),
      });
      replicas.start(stop.signal);
      await vi.advanceTimersByTimeAsync(12_000);
      if (listsUntilMs > 0) expect(replicas.chosen('m')).toBe(own);
      await vi.advanceTimersByTimeAsync(40_000);
      expect(replicas.chosen('m')).toBe(chosen);
      stop.abort();
      await vi.advanceTimersByTimeAsync(5_000);
      await replicas.closed;
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('keptWish', () => {
  test.each([
    ['of the chosen one', 'b', 'b', 'b'],
    ['of one that is not chosen, or is gone', 'b', 'c', undefined],
    ['of one, where it can not be told who is chosen', 'b', undefined, 'b'],
    ['its own', 'a', undefined, undefined],
    ['none', undefined, 'c', undefined],
  ])('%s', (_, wantedBy, chosen, kept) => {
    expect(keptWish(wantedBy, {own, chosen})).toBe(kept);
  });
});

describe('ReplicaObserver', () => {
  const lease = (holderIdentity: string, renewTime: string, holds?: string): Lease => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {name: holderIdentity, ...(holds === undefined ? {} : {annotations: {[HOLDS_ANNOTATION]: holds}})},
    spec: {holderIdentity, renewTime, leaseDurationSeconds: 25},
  });

  test('one lives as long as its Lease changes; what its clock says is of no matter', () => {
    const observer = new ReplicaObserver(25_000);
    observer.note('a', lease('a', '1999-01-01T00:00:00.000000Z', 'x,y'), 1_000);
    expect(observer.view(25_999, 'a').live).toEqual(new Map([['a', new Set(['x', 'y'])]]));
    expect(observer.view(25_999, 'a').nextExpiryMs).toBe(26_000);
    expect(observer.view(26_000, 'a').live).toEqual(new Map());
    observer.note('a', lease('a', '1999-01-01T00:00:10.000000Z'), 26_500);
    expect(observer.view(51_000, 'a').live).toEqual(new Map([['a', new Set()]]));
  });

  test('seen again without a change, after a list, it is as old as before', () => {
    const observer = new ReplicaObserver(25_000);
    observer.note('a', lease('a', 't1'), 0);
    observer.note('a', lease('a', 't1', 'z'), 20_000);
    expect(observer.view(24_999, 'a').live.get('a')).toEqual(new Set(['z']));
    expect(observer.view(25_000, 'a').live.size).toBe(0);
  });

  test('another one is dead when the own renewal is seen after its time was over, and doubted until then', () => {
    const observer = new ReplicaObserver(25_000);
    observer.note('a', lease('a', 't1'), 9_000);
    observer.note('b', lease('b', 't1'), 0);
    const live = (nowMs: number): readonly string[] => [...observer.view(nowMs, 'a').live.keys()].sort();
    expect(live(24_999)).toEqual(['a', 'b']);
    expect([live(25_000), observer.view(25_000, 'a').isDoubted]).toEqual([['a', 'b'], true]);
    observer.note('a', lease('a', 't2'), 25_010);
    expect([live(25_010), observer.view(25_010, 'a').isDoubted]).toEqual([['a'], false]);
  });

  test('when nothing is seen any more, whatever was seen last, nobody dies for another, and each knows that it can not tell', () => {
    const renewals = fc.array(fc.record({who: fc.constantFrom('a', 'b', 'c'), inMs: fc.nat(9_000)}), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(renewals, (all) => {
        const observer = new ReplicaObserver(25_000);
        let nowMs = 0;
        for (const [n, {who, inMs}] of all.entries()) observer.note(who, lease(who, `t${n}`), (nowMs += inMs));
        const known = [...observer.view(nowMs, 'a').live.keys()].sort();
        for (let later = nowMs; later < nowMs + 60_000; later += 500) {
          const {live} = observer.view(later, 'a');
          if (live.has('a')) expect([...live.keys()].sort()).toEqual(known);
        }
        expect(observer.view(nowMs + 60_000, 'a').live.has('a')).toBe(false);
      }),
    );
  });

  test('one that was released or removed is gone at once; what is left of a released one is garbage', () => {
    const observer = new ReplicaObserver(25_000);
    observer.note('a', lease('', 't1'), 0);
    observer.note('b', lease('b', 't1'), 0);
    observer.note('b', undefined, 1);
    expect(observer.view(2, 'c')).toMatchObject({live: new Map(), garbage: ['a']});
  });

  test('a Lease that nobody renews for twenty durations is garbage', () => {
    const observer = new ReplicaObserver(25_000);
    observer.note('a', lease('a', 't1'), 0);
    expect(observer.view(499_999, 'c').garbage).toEqual([]);
    expect(observer.view(500_000, 'c').garbage).toEqual(['a']);
  });
});

describe('what is left of a replica that is gone', () => {
  const left: Lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {namespace: 'isthmus-system', name: 'isthmus-hub-b', uid: 'u', resourceVersion: '7'},
    spec: {holderIdentity: ''},
  };

  test.each([
    ['is removed', {}, false],
    ['is left where it was taken up again since it was seen', {resourceVersion: '8'}, true],
    ['is left where another one took its name', {uid: 'v', resourceVersion: '9'}, true],
  ])('%s', async (_, since, isThere) => {
    vi.useFakeTimers();
    const stop = new AbortController();
    try {
      const server = new Map([['isthmus-hub-b', {...left, metadata: {...left.metadata, ...since}}]]);
      let asked = 0;
      const client = {
        find: async (_r: unknown, {name}: {name: string}) => server.get(name),
        create: async (_r: unknown, object: Lease) => {
          const made = {...object, metadata: {...object.metadata, uid: 'o', resourceVersion: '1'}};
          server.set(object.metadata.name, made);
          return made;
        },
        replace: async (_r: unknown, object: Lease) => object,
        delete: async (_r: unknown, {name}: {name: string}, of: {uid?: string; resourceVersion?: string}) => {
          if (name !== left.metadata.name) return server.delete(name);
          asked++;
          const {uid, resourceVersion} = server.get(name)?.metadata ?? {};
          if (of.uid !== undefined && of.uid !== uid) return false;
          if (of.resourceVersion === undefined || of.resourceVersion === resourceVersion) return server.delete(name);
          throw statusError({code: 409, reason: 'Conflict', message: 'Conflict'}, {request: 'DELETE'});
        },
        // The watch is a little behind.
        pages: async function* () {
          const seen = [...server.values()].map((each) => (each.metadata.name === left.metadata.name ? left : each));
          yield await Promise.resolve({items: seen, resourceVersion: '7'});
        },
        watch: async function* () {
          await pause(100, stop.signal);
          const [mine] = [...server.values()].filter(({metadata}) => metadata.uid === 'o');
          yield {type: 'MODIFIED', object: mine};
        },
      } as unknown as KubeClient;
      const replicas = new Replicas({
        ...{client, namespace: 'isthmus-system', identity: own, leaseRenewMs: 10_000, nowMs: Date.now},
        onChange: () => undefined,
        logger: pino({level: 'silent'}),
      });
      replicas.start(stop.signal);
      await vi.advanceTimersByTimeAsync(2_000);
      expect(asked).toBeGreaterThan(0);
      expect(server.has(left.metadata.name)).toBe(isThere);
      stop.abort();
      await vi.advanceTimersByTimeAsync(5_000);
      await replicas.closed;
    } finally {
      stop.abort();
      vi.useRealTimers();
    }
  });
});
