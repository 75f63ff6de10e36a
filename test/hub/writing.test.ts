import {beforeEach, describe, expect, test} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {configMaps} from '../../src/api/resources.ts';
import {AppliedRecords} from '../../src/hub/applied-records.ts';
import {DeliveryLedger} from '../../src/hub/delivery-ledger.ts';
import {ObjectWriter} from '../../src/hub/object-writer.ts';
import {parseSyncItem, syncItemText} from '../../src/hub/sync-item.ts';
import {SyncPass} from '../../src/hub/sync-pass.ts';
import {WriteThrough} from '../../src/hub/write-through.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';

describe('what was just written', () => {
  test('counts until the watch reports a change of its key', async () => {
    const written = new WriteThrough<string>();
    await written.run('a', async () => 'new');
    expect(written.resolve('a', 'old')).toBe('new');
    written.noteChange('a');
    expect(written.resolve('a', 'old')).toBe('old');
  });

  test('a deletion counts too', async () => {
    const written = new WriteThrough<string>();
    await written.run('a', async () => undefined);
    expect(written.resolve('a', 'old')).toBeUndefined();
  });

  test('a watch that was faster than the answer wins: it may know of what came after the write', async () => {
    const written = new WriteThrough<string>();
    await written.run('a', async () => {
      written.noteChange('a');
      return 'new';
    });
    expect(written.resolve('a', 'newer')).toBe('newer');
  });

  test('a write that fails leaves what was known', async () => {
    const written = new WriteThrough<string>();
    await expect(written.run('a', async () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(written.resolve('a', 'old')).toBe('old');
  });
});

const object = (labels: Record<string, string>, uid?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {namespace: 'bar', name: 'foo', labels, ...(uid === undefined ? {} : {uid})},
});

describe('records of what was applied', () => {
  let records: AppliedRecords;
  const applied = (uid: string, labels: Record<string, string>) => ({uid, desired: object(labels, uid)});

  beforeEach(() => {
    records = new AppliedRecords();
    records.set('a', 'object', {uid: 'uid-1', desired: object({x: '1'})});
  });

  test('the first apply has no uid, the next one has: the same content all the same', () => {
    expect(records.isLast('a', 'object', applied('uid-1', {x: '1'}))).toBe(true);
  });

  test('other content, or an object that was made again, is not what was applied last', () => {
    expect(records.isLast('a', 'object', applied('uid-1', {}))).toBe(false);
    expect(records.isLast('a', 'object', applied('uid-2', {x: '1'}))).toBe(false);
    expect(records.knows('a', 'object', 'uid-1')).toBe(true);
    expect(records.knows('a', 'object', 'uid-2')).toBe(false);
  });

  test('the status is applied by itself, and says nothing of the rest', () => {
    expect(records.knows('a', 'status', 'uid-1')).toBe(false);
    records.set('a', 'status', applied('uid-1', {x: '2'}));
    expect(records.isLast('a', 'status', applied('uid-1', {x: '2'}))).toBe(true);
    expect(records.isLast('a', 'object', applied('uid-1', {x: '1'}))).toBe(true);
  });

  test('what was applied to an object that is gone says nothing of the status of the next one', () => {
    records.set('a', 'status', applied('uid-1', {x: '2'}));
    records.set('a', 'object', applied('uid-2', {x: '1'}));
    expect(records.knows('a', 'status', 'uid-2')).toBe(false);
  });

  test('both are forgotten with their object', () => {
    records.set('a', 'status', applied('uid-1', {x: '2'}));
    records.delete('a');
    expect([records.knows('a', 'object', 'uid-1'), records.knows('a', 'status', 'uid-1')]).toEqual([false, false]);
  });
});

describe('a writer', () => {
  function start(stored: KubeObject | undefined) {
    const applied: KubeObject[] = [];
    let refusal: KubeError | undefined;
    const refuse = (status: 409 | 500 | undefined): void => {
      const reason = status === 409 ? 'Conflict' : 'InternalError';
      refusal =
        status === undefined ? undefined : new KubeError('ISTHMUS_KUBE_STATUS', `answered ${status}`, {status, reason});
    };
    const client = {
      apply: async (_: unknown, desired: KubeObject) => {
        if (refusal !== undefined) throw refusal;
        applied.push(desired);
        return {...desired, metadata: {...desired.metadata, uid: 'uid-1'}};
      },
    } as unknown as KubeClient;
    const store = new Map(stored === undefined ? [] : [['bar/foo', stored]]);
    const writer = new ObjectWriter(client, {resource: configMaps, store, keep: (raw) => raw, comparison: {}});
    const apply = async (desired: KubeObject) => writer.apply(desired, undefined, AbortSignal.timeout(1_000));
    return {applied, writer, apply, refuse};
  }

  test('sends nothing twice', async () => {
    const {applied, apply} = start(undefined);
    await apply(object({x: '1'}));
    await apply(object({x: '1'}));
    expect(applied).toHaveLength(1);
  });

  test('sends nothing after a restart where all is as it should be, and still sees a field that is dropped later', async () => {
    const {applied, apply} = start(object({x: '1', y: '2'}, 'uid-1'));
    await apply(object({x: '1', y: '2'}, 'uid-1'));
    expect(applied).toHaveLength(0);
    await apply(object({x: '1'}, 'uid-1'));
    expect(applied).toHaveLength(1);
  });

  test('sends once after a restart where there is more: it may be what an earlier hub gave up', async () => {
    const {applied, apply} = start(object({x: '1', old: '1'}, 'uid-1'));
    await apply(object({x: '1'}, 'uid-1'));
    await apply(object({x: '1'}, 'uid-1'));
    expect(applied).toHaveLength(1);
  });

  test('sends again what somebody else has changed', async () => {
    const {applied, apply, writer} = start(object({x: '2'}, 'uid-1'));
    await apply(object({x: '1'}, 'uid-1'));
    expect(applied).toHaveLength(1);
    writer.noteChanges(['bar/foo']);
    await apply(object({x: '1'}, 'uid-1'));
    expect(applied).toHaveLength(2);
  });

  test('sends again when a field is dropped, although the store still has all that is desired', async () => {
    const {applied, apply} = start(undefined);
    await apply(object({x: '1', y: '2'}));
    await apply(object({x: '1'}));
    expect(applied).toHaveLength(2);
  });

  test('what is forgotten of one object is compared anew: another one added to it meanwhile', async () => {
    const {applied, apply, writer} = start(object({x: '1', added: '1'}, 'uid-1'));
    await apply(object({x: '1'}, 'uid-1'));
    writer.noteChanges(['bar/foo']);
    await apply(object({x: '1'}, 'uid-1'));
    expect(applied).toHaveLength(1);
    writer.forget('bar/other');
    await apply(object({x: '1'}, 'uid-1'));
    expect(applied).toHaveLength(1);
    writer.forget('bar/foo');
    await apply(object({x: '1'}, 'uid-1'));
    expect(applied).toHaveLength(2);
  });

  test('a conflict shows that what was believed beyond the store is not so: the next try is made of the store alone', async () => {
    const {applied, apply, writer, refuse} = start(undefined);
    await apply(object({x: '1'}));
    expect(writer.actual('bar/foo')?.metadata.uid).toBe('uid-1');
    refuse(409);
    await expect(apply(object({x: '2'}, 'uid-1'))).rejects.toThrow('409');
    expect(writer.actual('bar/foo')).toBeUndefined();
    refuse(undefined);
    await apply(object({x: '2'}));
    expect(applied).toHaveLength(2);
  });

  test('another failure says nothing of what was believed', async () => {
    const {apply, writer, refuse} = start(undefined);
    await apply(object({x: '1'}));
    refuse(500);
    await expect(apply(object({x: '2'}, 'uid-1'))).rejects.toThrow('500');
    expect(writer.actual('bar/foo')?.metadata.uid).toBe('uid-1');
  });

  test('a status is applied to the object that the first apply made', async () => {
    const {applied, writer} = start(undefined);
    await writer.apply(object({}), {...object({}), status: {a: 1}} as KubeObject, AbortSignal.timeout(1_000));
    expect(applied.map(({metadata}) => metadata.uid)).toEqual([undefined, 'uid-1']);
  });
});

describe('a pass over everything', () => {
  test('is done when each item was carried out, and stays so while single items are repeated', () => {
    const pass = new SyncPass();
    expect(pass.isDone).toBe(false);
    pass.begin(['a', 'b']);
    pass.noteDone('a');
    expect(pass.isDone).toBe(false);
    pass.noteDone('b');
    expect(pass.isDone).toBe(true);
  });

  test('names the first failure by name, and forgets it when the item succeeds', () => {
    const pass = new SyncPass();
    pass.begin(['a', 'b']);
    pass.noteFailure('b', 'too long');
    pass.noteFailure('a', 'too wide');
    expect(pass.firstFailure).toBe('a: too wide');
    pass.noteDone('a');
    expect(pass.firstFailure).toBe('b: too long');
  });

  test('that is stopped proves nothing', () => {
    const pass = new SyncPass();
    pass.begin([]);
    expect(pass.isDone).toBe(true);
    pass.stop();
    expect(pass.isDone).toBe(false);
  });
});

test('a delivery is told once, and again when it says something else', () => {
  const told: string[] = [];
  const ledger = new DeliveryLedger((key) => told.push(key));
  ledger.set('a', {state: 'Applied'});
  ledger.set('a', {state: 'Applied'});
  ledger.set('a', {state: 'Failed', message: 'x'});
  ledger.set('a', {state: 'Failed', message: 'y'});
  ledger.set('b', undefined);
  expect(told).toEqual(['a', 'a', 'a']);
});

test('an item of the queue is read as it was written', () => {
  expect(parseSyncItem(syncItemText('flomesh-import', 'bar/foo'))).toEqual({kind: 'flomesh-import', key: 'bar/foo'});
});
