import {pino} from 'pino';
import {beforeEach, describe, expect, test} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {EventRecorder} from '../../src/kube/event-recorder.ts';
import type {EventRecorderOptions} from '../../src/kube/event-recorder.ts';
import {answerError, transportError} from '../../src/kube/status-error.ts';

type Sent = {verb: 'create' | 'patch'; name: string; body: Record<string, unknown>};

const about: KubeObject = {
  apiVersion: 'flomesh.io/v1alpha1',
  kind: 'ServiceExport',
  metadata: {name: 'foo', namespace: 'bar', uid: 'u1', resourceVersion: '7'},
};
const event = {type: 'Warning', reason: 'Conflict', message: 'ports differ'} as const;

let sent: Sent[];
let failWith: Error | undefined;
let patchFailsWith: Error | undefined;
let now: number;
let recorder: EventRecorder;
beforeEach(() => {
  sent = [];
  failWith = undefined;
  patchFailsWith = undefined;
  now = 1_800_000_000_000;
  const client: EventRecorderOptions['client'] = {
    create: async (_r, object) => {
      if (failWith !== undefined) throw failWith;
      sent.push({verb: 'create', name: object.metadata.name, body: object as unknown as Record<string, unknown>});
      return object;
    },
    patch: async <T extends KubeObject>(_r: unknown, at: {name: string}, {body}: {body: unknown}) => {
      if (patchFailsWith !== undefined) throw patchFailsWith;
      sent.push({verb: 'patch', name: at.name, body: body as Record<string, unknown>});
      return {} as T;
    },
  };
  recorder = new EventRecorder({client, component: 'isthmus-hub', logger: pino({level: 'silent'}), nowMs: () => now});
});

describe('events', () => {
  test('name their object, and live in its namespace', async () => {
    recorder.record(about, event);
    await recorder.flush();
    expect(sent[0]?.body).toMatchObject({
      metadata: {namespace: 'bar', name: expect.stringMatching(/^foo\.[0-9a-f]{16}$/)},
      involvedObject: {kind: 'ServiceExport', name: 'foo', namespace: 'bar', uid: 'u1'},
      type: 'Warning',
      reason: 'Conflict',
      message: 'ports differ',
      count: 1,
      firstTimestamp: '2027-01-15T08:00:00Z',
      source: {component: 'isthmus-hub'},
    });
  });

  test('about cluster-scoped objects live in default; endless messages are cut', async () => {
    recorder.record({...about, metadata: {name: 'c'}}, {...event, message: 'x'.repeat(5_000)});
    await recorder.flush();
    expect(sent[0]?.body['metadata']).toMatchObject({namespace: 'default'});
    expect(String(sent[0]?.body['message'])).toHaveLength(1_024);
  });

  test('that repeat are one with a count, told once in 10 s', async () => {
    for (let i = 0; i < 100; i++) recorder.record(about, event);
    await recorder.flush();
    now += 10_000;
    recorder.record(about, event);
    await recorder.flush();
    await recorder.flush();
    expect(sent.map(({verb, body}) => [verb, body['count']])).toEqual([
      ['create', 100],
      ['patch', 101],
    ]);
    expect(sent[1]?.name).toBe(sent[0]?.name);
  });

  test('about a new object of the same name are new', async () => {
    recorder.record(about, event);
    recorder.record({...about, metadata: {...about.metadata, uid: 'u2'}}, event);
    await recorder.flush();
    expect(sent.map(({verb}) => verb)).toEqual(['create', 'create']);
  });

  test('that were cleaned away meanwhile are made anew', async () => {
    recorder.record(about, event);
    await recorder.flush();
    now += 3_600_000;
    const body = JSON.stringify({kind: 'Status', code: 404, reason: 'NotFound', message: 'gone', details: {name: 'x'}});
    patchFailsWith = answerError({status: 404, headers: {}, body}, 'PATCH', now);
    recorder.record(about, event);
    await recorder.flush();
    expect(sent.map(({verb, body: {count}}) => [verb, count])).toEqual([
      ['create', 1],
      ['create', 2],
    ]);
  });

  test('a flood is held back, and told as time passes', async () => {
    for (let i = 0; i < 100; i++) recorder.record(about, {...event, message: `message ${i}`});
    await recorder.flush();
    expect(sent).toHaveLength(25);
    now += 20_000;
    await recorder.flush();
    expect(sent).toHaveLength(35);
  });

  test('an API server that is away throws nothing', async () => {
    failWith = transportError(new Error('refused'), 'POST');
    recorder.record(about, event);
    await expect(recorder.flush()).resolves.toBeUndefined();
  });
});
