import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Lease, ServiceImport} from '../../src/api/kinds.ts';
import {EPOCH_ANNOTATION, HUB_ANNOTATION, OLDEST_EXPORT_ANNOTATION, WANTED_BY_ANNOTATION} from '../../src/api/names.ts';
import {writeHubEpoch} from '../../src/hub/hub-epoch.ts';
import {judgeTakeover, planEpoch, raisedLease, refuseEpoch} from '../../src/hub/plan-takeover.ts';
import {recallAges} from '../../src/hub/recalled-ages.ts';
import type {KubeClient} from '../../src/kube/client.ts';

/** A hub that is put in the place of a lost one (design §3), without any I/O. */

const lease = (epoch: string | undefined, hub?: string, holderIdentity = 'old'): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: {
    name: 'isthmus-hub',
    resourceVersion: '7',
    annotations: {
      ...{team: 'x', [WANTED_BY_ANNOTATION]: 'b'},
      ...(epoch === undefined ? {} : {[EPOCH_ANNOTATION]: epoch}),
      ...(hub === undefined ? {} : {[HUB_ANNOTATION]: hub}),
    },
  },
  spec: {holderIdentity, renewTime: 't', leaseTransitions: 3},
});

/** @param epoch - 0: no hub was there */
const seenIn = (epoch: number, hub?: string): Lease | undefined =>
  epoch === 0 ? undefined : lease(String(epoch), hub);

describe('planEpoch', () => {
  test.each([
    ['members of a first hub', undefined, [1, 1, 1], 2],
    ['members that no hub was in', undefined, [0, 0], 2],
    ['no member that answers', undefined, [], 2],
    ['it is run again after some were taken', 2, [2, 1], 2],
    ['it is run again, and the rest can not be reached', 2, [2], 2],
    ['the hub took over long ago, and another one took over from it', 2, [3, 3, 2], 4],
    ['a third one, of members in different epochs', undefined, [2, 4, 3], 5],
  ])('%s', (_, stored, seen, epoch) => {
    for (const hub of [undefined, 'here']) {
      const leases = seen.map((each) => seenIn(each, hub));
      expect(planEpoch(stored, leases, 'here')).toBe(epoch);
    }
  });

  test.each([
    ['a lost hub', undefined, [seenIn(1, 'there'), seenIn(1, 'there')], 2],
    ['it is run again after some were taken', 2, [seenIn(2, 'here'), seenIn(1, 'there')], 2],
    ['two hubs that took over at the same time', 2, [seenIn(2, 'here'), seenIn(2, 'there')], 3],
    ['this one under the uid of before a restore', 4, [seenIn(4, 'before'), seenIn(4, 'before')], 5],
    ['another one that was passed long ago', 4, [seenIn(3, 'there'), seenIn(4, 'here')], 4],
  ])('marks of other hubs: %s', (_, stored, leases, epoch) => {
    expect(planEpoch(stored, leases, 'here')).toBe(epoch);
  });

  test('it is never lower than any that was seen, and the same when it is run again', () => {
    const some = fc.record({epoch: fc.nat({max: 50}), hub: fc.constantFrom(undefined, 'here', 'there')});
    fc.assert(
      fc.property(fc.option(fc.integer({min: 2, max: 50}), {nil: undefined}), fc.array(some), (stored, seen) => {
        const leases = seen.map(({epoch: each, hub}) => seenIn(each, hub));
        const epoch = planEpoch(stored, leases, 'here');
        for (const {epoch: each} of seen) expect(epoch).toBeGreaterThanOrEqual(each);
        expect(planEpoch(epoch, [...leases, seenIn(epoch, 'here')], 'here')).toBe(epoch);
        const isAbove = seen.filter(({epoch: each, hub}) => each > 0 && (stored === undefined || hub === 'there'));
        for (const {epoch: each} of isAbove) expect(epoch).toBeGreaterThan(each);
      }),
    );
  });
});

describe('what one member says must not decide about the others', () => {
  test.each([
    ['of a first hub', '1', undefined, false],
    ['of a later one', '7', undefined, false],
    ['none', undefined, undefined, false],
    ['no number', 'x', undefined, true],
    ['no end', 'Infinity', undefined, true],
    ['where counting ends', '9007199254740991', undefined, true],
    ['more than there ever are', '1000000000', undefined, true],
    ['below all', '-1', undefined, true],
    ['between two', '1.5', undefined, true],
    ['what this hub has itself, when it is run again', '1000000000', 1_000_000_000, false],
  ])('%s', (_, epoch, stored, isRefused) => {
    expect(refuseEpoch(lease(epoch), stored) !== undefined).toBe(isRefused);
  });

  test('a member that no hub was in is not refused', () => {
    expect(refuseEpoch(undefined, undefined)).toBeUndefined();
  });

  test.each([Number.NaN, Infinity, 2 ** 53, 0, -1, 1.5])('%d is never written down as an epoch', async (epoch) => {
    const written: unknown[] = [];
    const apply = async (_: unknown, object: object) => (written.push(object), object);
    const client = {find: async () => undefined, apply} as unknown as KubeClient;
    const at = {client, namespace: 'isthmus-system', signal: new AbortController().signal};
    await expect(writeHubEpoch(epoch, at, 'test')).rejects.toThrow('epoch');
    expect(written).toEqual([]);
    await writeHubEpoch(2, at, 'test');
    expect(written).toHaveLength(1);
  });
});

describe('judgeTakeover', () => {
  test.each([
    ['nobody renews it', lease('1'), false, 'raise'],
    ['it says no epoch, and nobody renews it', lease(undefined), false, 'raise'],
    ['a hub renews it', lease('1'), true, 'alive'],
    ['a hub in another cluster renews it', lease('1', 'there'), true, 'alive'],
    ['a replica of this hub renews it', lease('1', 'here', 'own'), true, 'own'],
    ['an older version renews it, which leaves the mark of this hub', lease('1', 'here'), true, 'alive'],
    ['a hub in another cluster renews it, with a replica of the same name', lease('1', 'there', 'own'), true, 'alive'],
    ['this hub released it a moment ago', lease('1', 'here', ''), true, 'alive'],
    ['this hub has it, and does not renew it', lease('1', 'here'), false, 'raise'],
    ['it was taken before', lease('2'), false, 'done'],
    ['it was taken before, and the new hub renews it', lease('2'), true, 'done'],
    ['there is none', undefined, false, 'never'],
  ] as const)('%s', (_, given, wasRenewed, verdict) => {
    const replicas = new Set(['own']);
    expect(judgeTakeover(given, {epoch: 2, uid: 'here', wasRenewed, replicas})).toBe(verdict);
  });
});

test('the raised Lease is free and marked, on top of what was read, and keeps what others wrote', () => {
  const annotations = {team: 'x', [EPOCH_ANNOTATION]: '2', [HUB_ANNOTATION]: 'here'};
  const raised = {
    ...lease('1', 'there'),
    metadata: {name: 'isthmus-hub', resourceVersion: '7', annotations},
    spec: {holderIdentity: '', renewTime: 't', leaseTransitions: 3},
  };
  expect(raisedLease(lease('1', 'there'), {epoch: 2, uid: 'here'})).toEqual(raised);
  const {[HUB_ANNOTATION]: _, ...unmarked} = annotations;
  expect(raisedLease(lease('1', 'there'), {epoch: 2, uid: undefined}).metadata.annotations).toEqual(unmarked);
});

describe('recallAges', () => {
  const at = Date.parse('2026-03-01T00:00:00.000Z');
  const imported = (
    oldest: string | undefined,
    exporters: readonly string[],
    label = 'isthmus-hub',
  ): ServiceImport => ({
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata: {
      ...{namespace: 'bar', name: 'foo', labels: {'app.kubernetes.io/managed-by': label}},
      annotations: oldest === undefined ? {} : {[OLDEST_EXPORT_ANNOTATION]: `${oldest}/${new Date(at).toISOString()}`},
    },
    status: {clusters: exporters.map((cluster) => ({cluster}))},
  });
  const both = ['a', 'b'];

  test.each([
    ['who did not decide counts as younger', [imported('a', both), imported('a', both)], at + 1],
    [
      'one member of three that says otherwise',
      [imported('a', both), imported('b', both), imported('a', both)],
      at + 1,
    ],
    ['two members that contradict each other: nobody gets older', [imported('b', both), imported('a', both)], at + 1],
    ['it decided itself', [imported('b', both)], undefined],
    ['nothing is told', [imported(undefined, both)], undefined],
    ['an import of somebody else', [imported('a', both, 'other')], undefined],
    ['what can not be read', [imported('a/x', both)], undefined],
  ])('%s', (_, imports, age) => {
    expect(recallAges(imports).get('b')?.get('bar/foo')).toBe(age);
  });
});
