import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {GatewayAddresses} from '../../src/hub/gateway-addresses.ts';
import {MemberIdentity, type Claim} from '../../src/hub/member-identity.ts';
import {Reachability} from '../../src/hub/reachability.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {quietLogger} from './clusterset.ts';
import {eventually} from '../tools/eventually.ts';

describe('reachability', () => {
  let nowMs = 0;
  const start = (): Reachability => {
    nowMs = 0;
    return new Reachability({unreachableAfterMs: 10_000, nowMs: () => nowMs});
  };

  test('is not known before an answer or enough silence', () => {
    const reachability = start();
    expect(reachability.judge(undefined)).toBe(false);
    expect(reachability.opinion()).toMatchObject({status: 'Unknown', reason: 'Pending'});
    nowMs = 10_001;
    expect(reachability.judge(undefined)).toBe(true);
    expect(reachability.signal).toEqual({state: 'Unreachable', sinceMs: 10_001});
  });

  test('is lost by silence alone, never by a failed request', () => {
    const reachability = start();
    reachability.judge(0);
    reachability.noteFailure(new Error('reset'));
    nowMs = 10_000;
    expect(reachability.judge(0)).toBe(false);
    nowMs = 10_001;
    expect(reachability.judge(0)).toBe(true);
    expect(reachability.opinion()).toMatchObject({status: 'False', reason: 'Unreachable'});
  });

  test('comes back with the first answer, and since tells when', () => {
    const reachability = start();
    nowMs = 20_000;
    reachability.judge(0);
    nowMs = 21_000;
    expect(reachability.judge(20_999)).toBe(true);
    expect(reachability.signal).toEqual({state: 'Reachable', sinceMs: 21_000});
  });

  test('an opinion that stays says the same words: the text of later failures is no news', () => {
    const reachability = start();
    reachability.noteFailure(new Error('first'));
    nowMs = 10_001;
    reachability.judge(undefined);
    const before = reachability.opinion();
    reachability.noteFailure(new Error('second'));
    reachability.judge(undefined);
    expect(reachability.opinion()).toEqual(before);
  });

  test('without any way in it is lost at once, and only a new answer brings it back', () => {
    const reachability = start();
    reachability.judge(0);
    reachability.lose('no kubeconfig');
    expect(reachability.signal?.state).toBe('Unreachable');
    nowMs = 1;
    reachability.judge(undefined);
    reachability.judge(0);
    expect(reachability.signal?.state).toBe('Unreachable');
    reachability.judge(1);
    expect(reachability.signal?.state).toBe('Reachable');
  });

  test('refused credentials are told at once: waiting would not help', () => {
    const reachability = start();
    const refused = new KubeError('ISTHMUS_KUBE_STATUS', 'no', {status: 401, reason: 'Unauthorized'});
    reachability.noteFailure(refused);
    reachability.judge(undefined);
    expect(reachability.opinion()).toMatchObject({status: 'False', reason: 'Unauthorized'});
  });
});

describe('the identity of a member', () => {
  function start(claim: (uid: string) => Claim = () => ({ok: true})) {
    const asked: (() => void)[] = [];
    const client = {
      get: async () =>
        new Promise((resolve) => {
          asked.push(() => resolve({metadata: {name: 'kube-system', uid: 'uid-1'}}));
        }),
    } as unknown as KubeClient;
    const identity = new MemberIdentity({client, claim, timeoutMs: 1_000});
    return {asked, identity, signal: AbortSignal.timeout(5_000)};
  }

  test('is asked for once, by all that wait together, and then believed until an interruption', async () => {
    const {asked, identity, signal} = start();
    const all = Promise.all([identity.ensure(signal), identity.ensure(signal)]);
    await eventually('asked', () => asked.length === 1);
    asked[0]?.();
    await all;
    await identity.ensure(signal);
    expect(asked).toHaveLength(1);
    identity.noteInterruption();
    expect(identity.isVerified).toBe(false);
  });

  test('an answer from before an interruption says nothing about after it', async () => {
    const {asked, identity, signal} = start();
    const first = identity.ensure(signal);
    await eventually('asked', () => asked.length === 1);
    identity.noteInterruption();
    asked[0]?.();
    await first;
    expect(identity.isVerified).toBe(false);
  });

  test('another uid ends it', async () => {
    const {asked, identity, signal} = start(() => ({ok: false, reason: 'ClusterChanged', message: 'another one'}));
    const verified = identity.verify(signal);
    await eventually('asked', () => asked.length === 1);
    asked[0]?.();
    await expect(verified).rejects.toMatchObject({code: 'ISTHMUS_HUB_CLUSTER_CHANGED'});
  });
});

describe('addresses of gateways', () => {
  let stop: AbortController;
  let changes: string[];
  let answers: Map<string, readonly string[]>;
  let gateways: GatewayAddresses;

  beforeEach(() => {
    stop = new AbortController();
    changes = [];
    answers = new Map();
    gateways = new GatewayAddresses({
      development: false,
      logger: quietLogger,
      refreshEveryMs: 5,
      onChange: (host) => changes.push(host),
      resolve: async (host) => {
        const found = answers.get(host);
        if (found === undefined) throw new Error('no such name');
        return {addresses: found, ttlMs: undefined};
      },
    });
    gateways.start(stop.signal);
  });
  afterEach(async () => {
    stop.abort();
    await gateways.closed;
  });

  test('an address is itself, at once', () => {
    expect(gateways.of('192.0.2.7')).toEqual(['192.0.2.7']);
    expect(gateways.of(undefined)).toEqual([]);
  });

  test.each(['127.0.0.1', '169.254.169.254', '0.0.0.0', '::1', '224.0.0.1'])('%s is refused', (host) => {
    expect(gateways.of(host)).toEqual([]);
    expect(gateways.isRefused(host)).toBe(true);
  });

  test('a name is resolved in the background; what no gateway can have is dropped from the answer', async () => {
    answers.set('gw.example.org', ['192.0.2.9', '169.254.169.254', '192.0.2.8']);
    gateways.want(new Set(['gw.example.org']));
    expect(gateways.of('gw.example.org')).toEqual([]);
    expect([gateways.isKnown('gw.example.org'), gateways.isKnown('192.0.2.7')]).toEqual([false, true]);
    expect(gateways.isRefused('gw.example.org')).toBe(false);
    await eventually('resolved', () => gateways.of('gw.example.org').join() === '192.0.2.8,192.0.2.9');
    expect(gateways.isKnown('gw.example.org')).toBe(true);
    expect(changes).toEqual(['gw.example.org']);
  });

  test('a name that moves is followed, and one that fails keeps its last answer', async () => {
    answers.set('gw.example.org', ['192.0.2.1']);
    gateways.want(new Set(['gw.example.org']));
    await eventually('resolved', () => changes.length === 1);
    answers.set('gw.example.org', ['192.0.2.2']);
    await eventually('followed', () => gateways.of('gw.example.org')[0] === '192.0.2.2');
    answers.clear();
    expect(gateways.of('gw.example.org')).toEqual(['192.0.2.2']);
  });

  test('a name that nobody wants any more is forgotten', async () => {
    answers.set('gw.example.org', ['192.0.2.1']);
    gateways.want(new Set(['gw.example.org']));
    await eventually('resolved', () => changes.length === 1);
    gateways.want(new Set());
    expect(gateways.of('gw.example.org')).toEqual([]);
  });
});
