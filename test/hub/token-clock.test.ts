import {pino} from 'pino';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';

import {CredentialCare} from '../../src/hub/credential-care.ts';
import type {Member} from '../../src/hub/member.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import type {EventRecorder} from '../../src/kube/event-recorder.ts';
import {statusError, transportError} from '../../src/kube/status-error.ts';

/** When a token of one hour is renewed whose times are by another clock than the hub's (RFC 7519 §4.1.4, §4.1.6). */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Of the member's API server. */
let aheadMs: number;
let tellsTime: 'yes' | 'no' | 'away';
/** How far the clock that its answers tell of is ahead of that one. */
let toldMs: number;
let renewals: number;
let member: {
  id: string;
  cluster: object;
  access: {kubeconfig: string};
  session: object | undefined;
  connection: object;
};
let care: CredentialCare;
let stop: AbortController;

/** As the API server makes it now. */
function access(): {ok: true; kubeconfig: string; fingerprint: string; credentials: object} {
  const iat = Math.floor((Date.now() + aheadMs) / 1_000);
  const claims = {iat, exp: iat + 3_600, sub: 'system:serviceaccount:isthmus-system:isthmus-hub'};
  const token = `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
  const kubeconfig = `of ${Date.now()}`;
  return {ok: true, kubeconfig, fingerprint: kubeconfig, credentials: {server: 'https://c1', ca: '', token}};
}

async function answer(path: string): Promise<object> {
  if (path !== '/version') throw statusError({code: 403, message: 'not asked here'}, {request: path});
  if (tellsTime === 'away') throw transportError(new Error('no answer'), path);
  const date = new Date(Date.now() + aheadMs + toldMs).toUTCString();
  return {status: 200, body: '{}', headers: tellsTime === 'no' ? {} : {date}};
}

beforeEach(() => {
  vi.useFakeTimers({now: 1_800_000_000_000});
  [aheadMs, toldMs, tellsTime, renewals] = [0, 0, 'yes', 0];
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  vi.useRealTimers();
});

function start(): void {
  member = {
    id: 'c1',
    cluster: {metadata: {name: 'c1'}, spec: {}},
    access: access(),
    session: {uid: 'u'},
    connection: {client: {raw: async (_: string, path: string) => answer(path)}},
  };
  const data = (): object => ({kubeconfig: Buffer.from(member.access.kubeconfig).toString('base64')});
  const metadata = {labels: {'app.kubernetes.io/managed-by': 'isthmus-hub'}};
  care = new CredentialCare({
    client: {find: async () => ({metadata, type: 'isthmus.dev/kubeconfig', data: data()})} as unknown as KubeClient,
    members: new Map([['c1', member as unknown as Member]]),
    recorder: {record: () => undefined} as unknown as EventRecorder,
    isResponsible: () => true,
    ...{onOpinion: () => undefined, onRenewed: () => undefined},
    ...{namespace: 'isthmus-system', userAgent: 'isthmus-hub', nowMs: Date.now, logger: pino({level: 'silent'})},
    renew: async () => {
      renewals++;
      member.access = access();
      return true;
    },
  });
  care.start(stop.signal);
}

async function pass(minutes: number): Promise<void> {
  care.noteMember('c1');
  await vi.advanceTimersByTimeAsync(minutes * MINUTE_MS);
}

async function reconnect(): Promise<void> {
  for (const session of [undefined, {uid: 'u'}]) {
    member.session = session;
    await pass(0);
  }
}

const told = (): string => {
  const {token} = care.opinions('c1');
  return typeof token === 'object' ? `${token.status}/${token.reason}: ${token.message}` : String(token);
};

describe.each([
  ['the same as', 0],
  ['an hour ahead of', HOUR_MS],
  ['an hour behind', -HOUR_MS],
  ['five hours ahead of', 5 * HOUR_MS],
])('a clock of the member %s the hub’s', (_, ms) => {
  test('a token is renewed at half of its time, once, however often the member is connected anew', async () => {
    aheadMs = ms;
    start();
    await pass(29);
    await reconnect();
    expect([renewals, told()]).toEqual([0, expect.stringMatching(/^True\/Bound: Good until .* renews it from/)]);
    await pass(2);
    expect(renewals).toBe(1);
    for (let each = 0; each < 20; each++) {
      await reconnect();
      await pass(1);
    }
    expect([renewals, told()]).toEqual([1, expect.stringMatching(/^True\/Bound: Good until/)]);
    await pass(11);
    expect(renewals).toBe(2);
  });
});

describe('an API server that tells no time', () => {
  test('has its token renewed when it looks late, and not again at each connection', async () => {
    // By the hub's clock it is over when it is made.
    [aheadMs, tellsTime] = [-2 * HOUR_MS, 'no'];
    start();
    for (let each = 0; each < 14; each++) {
      await reconnect();
      await pass(1);
    }
    expect([renewals, told()]).toEqual([1, expect.stringContaining('renewed it a short time ago')]);
    await pass(3);
    expect(renewals).toBe(2);
  });

  test('for a while is believed as it was seen before', async () => {
    aheadMs = -HOUR_MS;
    start();
    await pass(1);
    tellsTime = 'away';
    await reconnect();
    await pass(20);
    await reconnect();
    expect(renewals).toBe(0);
  });
});

describe('a clock that is not the one that made the token', () => {
  test.each([
    ['two hours before it was made: the hub’s own counts', -2 * HOUR_MS],
    ['years before', -40_000 * HOUR_MS],
  ])('%s', async (_, ms) => {
    toldMs = ms;
    start();
    await pass(29);
    expect(renewals).toBe(0);
    await pass(2);
    expect(renewals).toBe(1);
  });

  test('half a minute before it was made is one of that cluster all the same', async () => {
    [aheadMs, toldMs] = [HOUR_MS, -MINUTE_MS / 2];
    start();
    await pass(29);
    expect(renewals).toBe(0);
    await pass(3);
    expect(renewals).toBe(1);
  });
});
