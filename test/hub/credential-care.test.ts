import {pino} from 'pino';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';

import type {Cluster} from '../../src/api/kinds.ts';
import {CredentialCare} from '../../src/hub/credential-care.ts';
import type {Member} from '../../src/hub/member.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import type {EventRecorder} from '../../src/kube/event-recorder.ts';

/** When a member is asked what the hub's credential may do there; its answers are played. */

const MINUTE_MS = 60_000;
const logger = pino({level: 'silent'});
const recorder = {record: () => undefined} as unknown as EventRecorder;
const hubClient = {find: () => Promise.resolve(undefined)} as unknown as KubeClient;

/** How many rounds of questions: a credential that may do everything is asked one of them. */
let asked = 0;
let mayDoAll = true;
let isResponsible = true;
let member: {id: string; cluster: Cluster; access: object; session: object | undefined; connection: object};
let care: CredentialCare;
let stop: AbortController;

function answer(_method: string, _path: string, {body}: {body: {spec: {resourceAttributes: {verb: string}}}}): object {
  const isFirst = body.spec.resourceAttributes.verb === '*';
  if (isFirst) asked++;
  return {status: 201, body: JSON.stringify({status: {allowed: isFirst && mayDoAll}})};
}

const excess = (): string | undefined => {
  const {excess: opinion} = care.opinions('c1');
  return typeof opinion === 'string' ? opinion : opinion?.reason;
};

beforeEach(() => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date']});
  [asked, mayDoAll, isResponsible] = [0, true, true];
  stop = new AbortController();
  member = {
    id: 'c1',
    cluster: {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: 'c1'}, spec: {}},
    access: {ok: true, credentials: {server: 'https://c1', ca: '', token: 'not-a-jwt'}, fingerprint: 'first'},
    session: {uid: 'u'},
    connection: {client: {raw: async (...of: Parameters<typeof answer>) => Promise.resolve(answer(...of))}},
  };
  care = new CredentialCare({
    client: hubClient,
    members: new Map([['c1', member as unknown as Member]]),
    recorder,
    isResponsible: () => isResponsible,
    onOpinion: () => undefined,
    onRenewed: () => undefined,
    namespace: 'isthmus-system',
    userAgent: 'isthmus-hub',
    nowMs: Date.now,
    logger,
  });
  care.start(stop.signal);
});

afterEach(() => {
  stop.abort();
  vi.useRealTimers();
});

async function after(ms: number): Promise<void> {
  care.noteMember('c1');
  await vi.advanceTimersByTimeAsync(ms);
}

describe('the rights of the hub in a member', () => {
  test('are asked for when it connects, and again every hour', async () => {
    await after(0);
    expect({asked, excess: excess()}).toEqual({asked: 1, excess: 'MoreThanNeeded'});
    await after(59 * MINUTE_MS);
    expect(asked).toBe(1);
    mayDoAll = false;
    await after(2 * MINUTE_MS);
    expect({asked, excess: excess()}).toEqual({asked: 2, excess: 'none'});
  });

  test('are not known before it is connected', async () => {
    const {session} = member;
    member.session = undefined;
    await after(MINUTE_MS);
    expect({asked, excess: excess()}).toEqual({asked: 0, excess: undefined});
    member.session = session;
    await after(0);
    expect(asked).toBe(1);
  });

  test('of another credential are asked for at once, and nothing of the one before counts', async () => {
    await after(0);
    member.access = {...member.access, fingerprint: 'second'};
    mayDoAll = false;
    await after(0);
    expect({asked, excess: excess()}).toEqual({asked: 2, excess: 'none'});
  });

  test('are not asked for anew with each connection', async () => {
    await after(0);
    for (const session of [undefined, {uid: 'u'}, undefined, {uid: 'u'}]) {
      member.session = session;
      await after(0);
    }
    expect(asked).toBe(1);
  });

  test('are the business of the replica that is responsible, and of the next one soon after', async () => {
    isResponsible = false;
    await after(10 * MINUTE_MS);
    expect(asked).toBe(0);
    isResponsible = true;
    await after(MINUTE_MS);
    expect(asked).toBe(1);
  });

  test('that can not be asked for leave what was known', async () => {
    await after(0);
    member.connection = {client: {raw: async () => Promise.resolve({status: 503, body: '', headers: {}})}};
    await after(120 * MINUTE_MS);
    expect(excess()).toBe('MoreThanNeeded');
  });
});
