import {pino} from 'pino';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import type {Lease} from '../../src/api/kinds.ts';
import {EPOCH_ANNOTATION, HUB_ANNOTATION} from '../../src/api/names.ts';
import {HubEpoch} from '../../src/hub/hub-epoch.ts';
import {checkClaim, claimOn, markAnnotations} from '../../src/hub/hub-mark.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {statusError, transportError} from '../../src/kube/status-error.ts';

/** Two hubs in two clusters never write to one member (design §3), without any I/O. */

function lease(epoch: string | undefined, uid: string | undefined): Lease {
  const annotations = {
    ...(epoch === undefined ? {} : {[EPOCH_ANNOTATION]: epoch}),
    ...(uid === undefined ? {} : {[HUB_ANNOTATION]: uid}),
  };
  return {apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: {name: 'isthmus-hub', annotations}};
}

describe('whose a Lease is', () => {
  test.each([
    ['there is none', undefined, 'here', 'Own'],
    ['of this hub', lease('2', 'here'), 'here', 'Own'],
    ['of a hub in another cluster, in the same epoch', lease('2', 'there'), 'here', 'Other'],
    ['of a hub in another cluster that was taken over from', lease('1', 'there'), 'here', 'Own'],
    ['of a hub in another cluster that took over', lease('3', 'there'), 'here', 'Passed'],
    ['of this hub, in an epoch that its own API has forgotten', lease('3', 'here'), 'here', 'Passed'],
    ['of an older version, which names no hub', lease('2', undefined), 'here', 'Own'],
    ['without an epoch', lease(undefined, 'there'), 'here', 'Own'],
    ['with an epoch that can not be read', lease('x', 'here'), 'here', 'Passed'],
    ['of a hub in another cluster, for one that does not know its own', lease('2', 'there'), undefined, 'Own'],
    ['of a hub that wrote an empty name', lease('2', ''), 'here', 'Other'],
  ] as const)('%s', (_, given, uid, claim) => {
    expect(claimOn(given, {epoch: 2, uid})).toBe(claim);
  });

  test('who is refused is told which hub has it, and what to run', () => {
    const check = (): void => checkClaim(lease('2', 'there'), {epoch: 2, uid: 'here'});
    expect(check).toThrow(/kube-system there, here it is here.*run isthmus hub takeover/);
    expect(check).toThrow(expect.objectContaining({code: 'ISTHMUS_HUB_FENCED', details: {reason: 'OtherHub'}}));
    expect(() => checkClaim(lease('3', 'here'), {epoch: 2, uid: 'here'})).toThrow(
      expect.objectContaining({code: 'ISTHMUS_HUB_EPOCH_PASSED'}),
    );
    expect(() => checkClaim(lease('2', 'here'), {epoch: 2, uid: 'here'})).not.toThrow();
  });

  test.each(['x', 'Infinity', '-'])('an epoch that can not be read, "%s", is not taken for another hub', (epoch) => {
    const check = (): void => checkClaim(lease(epoch, 'here'), {epoch: 2, uid: 'here'});
    expect(check).toThrow(`"${epoch}", which can't be read`);
    expect(check).not.toThrow(/NaN|Another hub took over/);
    expect(check).toThrow(expect.objectContaining({details: {reason: 'EpochUnreadable'}}));
  });

  test('a hub that does not know who it is writes under nobody else’s name', () => {
    expect(markAnnotations({epoch: 2, uid: 'here'})).toEqual({[EPOCH_ANNOTATION]: '2', [HUB_ANNOTATION]: 'here'});
    expect(markAnnotations({epoch: 2, uid: undefined})).toEqual({[EPOCH_ANNOTATION]: '2', [HUB_ANNOTATION]: undefined});
  });
});

describe('who this hub is', () => {
  const forbidden = (): never => {
    throw statusError({code: 403, reason: 'Forbidden', message: 'no right'}, {request: 'GET'});
  };
  const away = (): never => {
    throw transportError(new Error('no answer'), 'GET');
  };
  const epochIs = (epoch: string) => () => ({data: {epoch}});
  const isHere = () => ({metadata: {uid: 'here'}});

  let answers: {configmaps: () => unknown; namespaces: () => unknown};
  let isKnown: boolean;
  let warnings: string[];
  let stop: AbortController;
  let hub: HubEpoch;

  beforeEach(() => {
    vi.useFakeTimers();
    [isKnown, warnings, stop] = [false, [], new AbortController()];
  });
  afterEach(async () => {
    stop.abort();
    await hub.closed;
    vi.useRealTimers();
  });

  async function start(first: typeof answers): Promise<void> {
    answers = first;
    const find = async ({plural}: {plural: keyof typeof answers}): Promise<unknown> => answers[plural]();
    const logger = pino(
      {level: 'warn'},
      {write: (line: string) => warnings.push((JSON.parse(line) as {msg: string}).msg)},
    );
    hub = new HubEpoch({client: {find} as unknown as KubeClient, namespace: 'isthmus-system'}, undefined, logger);
    hub.start(stop.signal);
    void hub.known.then(() => (isKnown = true));
    await seconds(0);
  }
  const seconds = async (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 1_000);

  test('is known at once where its API answers', async () => {
    await start({configmaps: () => undefined, namespaces: isHere});
    expect([isKnown, hub.mark, warnings]).toEqual([true, {epoch: 1, uid: 'here'}, []]);
  });

  test.each([
    ['its epoch', {configmaps: away, namespaces: isHere}],
    ['its cluster', {configmaps: epochIs('3'), namespaces: away}],
    ['anything, for an API server that refuses all of it', {configmaps: forbidden, namespaces: forbidden}],
  ])('is not known, however long, while it can not read %s; that is said seldom', async (_, first) => {
    await start(first);
    await seconds(64);
    expect(isKnown).toBe(false);
    // Of 128 failures each that doubles them.
    expect(warnings).toHaveLength(8);
    answers = {configmaps: epochIs('3'), namespaces: isHere};
    await seconds(1);
    expect([isKnown, hub.mark]).toEqual([true, {epoch: 3, uid: 'here'}]);
  });

  test('goes without a fence where the right is refused again and again, says which, and has it when it is given', async () => {
    await start({configmaps: epochIs('3'), namespaces: forbidden});
    expect(isKnown).toBe(false);
    await seconds(1);
    expect([isKnown, hub.mark]).toEqual([true, {epoch: 3, uid: undefined}]);
    expect(warnings[0]).toContain('get namespace kube-system (manifests/install/hub.yaml)');
    answers.namespaces = isHere;
    await seconds(10);
    expect(hub.mark).toEqual({epoch: 3, uid: 'here'});
  });

  test('goes without a fence where there is no kube-system for ten seconds, says so, and has it when there is one', async () => {
    await start({configmaps: epochIs('3'), namespaces: () => undefined});
    await seconds(9);
    expect(isKnown).toBe(false);
    answers.namespaces = away;
    await seconds(0.5);
    answers.namespaces = () => undefined;
    await seconds(9.5);
    expect(isKnown).toBe(false);
    await seconds(0.5);
    expect([isKnown, hub.mark]).toEqual([true, {epoch: 3, uid: undefined}]);
    expect(warnings[0]).toContain('without a namespace kube-system');
    answers.namespaces = isHere;
    await seconds(10);
    expect(hub.mark).toEqual({epoch: 3, uid: 'here'});
  });

  test('does not take an API server that has just started at its word', async () => {
    await start({configmaps: epochIs('3'), namespaces: forbidden});
    answers.namespaces = away;
    await seconds(1);
    answers.namespaces = forbidden;
    await seconds(0.5);
    expect(isKnown).toBe(false);
    answers.namespaces = isHere;
    await seconds(0.5);
    expect([isKnown, hub.mark.uid]).toEqual([true, 'here']);
  });

  test('its epoch rises while it runs, and never falls', async () => {
    await start({configmaps: epochIs('3'), namespaces: isHere});
    for (const [said, epoch] of [
      ['4', 4],
      ['2', 4],
    ] as const) {
      answers.configmaps = epochIs(said);
      await seconds(10);
      expect(hub.mark.epoch).toBe(epoch);
    }
  });
});
