import {pino} from 'pino';
import {describe, expect, test} from 'vitest';
import {StorageApi} from '../../../src/dev/apiserver/storage-api.ts';
import {ObjectStorage} from '../../../src/dev/apiserver/storage/object-storage.ts';
import {TypeRegistry} from '../../../src/dev/apiserver/type-registry.ts';
import {WriteCounter} from '../../../src/dev/writes.ts';
import {widget, widgetType} from './support/widget-type.ts';

const REF = {group: 'example.dev', plural: 'widgets'};

function storageApi(lines: string[] = []) {
  const storage = new ObjectStorage(100);
  const namespaces = widgetType({
    group: '',
    plural: 'namespaces',
    kind: 'Namespace',
    storageKey: 'namespaces',
    namespaced: false,
  });
  const registry = new TypeRegistry([widgetType(), namespaces]);
  const logger = pino({}, {write: (line: string) => void lines.push(JSON.parse(line).msg)});
  const api = new StorageApi({storage, registry, writes: new WriteCounter(), logger, nowMs: () => 0});
  storage.put('namespaces', {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'default'}});
  return api;
}

describe('the API for controllers', () => {
  test('gives out frozen objects, with uid and version', () => {
    const api = storageApi();
    const created = api.create(REF, widget('a', {spec: {x: 1}}));
    expect(Object.isFrozen(created['spec'])).toBe(true);
    expect(created).toMatchObject({
      metadata: {uid: expect.any(String), resourceVersion: expect.any(String), generation: 1},
    });
    expect(api.get(REF, 'default', 'a')).toEqual(created);
    expect(api.list(REF, 'other')).toEqual([]);
  });

  test('writes nothing where nothing changed', () => {
    const api = storageApi();
    const created = api.create(REF, widget('a', {spec: {x: 1}}));
    const changes: string[] = [];
    api.onChange(({kind}) => void changes.push(kind));
    api.update(REF, created);
    expect(changes).toEqual([]);
    expect(api.get(REF, 'default', 'a')).toEqual(created);
  });

  test('conflicts with a stale version, and overwrites without one', () => {
    const api = storageApi();
    const created = api.create(REF, widget('a', {spec: {x: 1}}));
    api.update(REF, {...created, spec: {x: 2}});
    expect(() => api.update(REF, {...created, spec: {x: 3}})).toThrow(expect.objectContaining({code: 409}));
    expect(api.update(REF, widget('a', {spec: {x: 4}}))['spec']).toEqual({x: 4});
  });

  test('status and the rest are apart', () => {
    const api = storageApi();
    const created = api.create(REF, widget('a', {spec: {x: 1}}));
    const status = api.update(REF, {...created, spec: {x: 2}, status: {phase: 'p'}}, 'status');
    expect(status).toMatchObject({spec: {x: 1}, status: {phase: 'p'}});
    expect(api.update(REF, {...status, spec: {x: 3}, status: {}})).toMatchObject({spec: {x: 3}, status: {phase: 'p'}});
  });

  test('deletes what is there, waits for finalizers, and is content with nothing', () => {
    const api = storageApi();
    const held = widget('held');
    api.create(REF, {...held, metadata: {...held.metadata, finalizers: ['example.dev/x']}});
    api.create(REF, widget('free'));
    for (const name of ['held', 'free', 'nope']) api.delete(REF, 'default', name);
    expect(api.list(REF)).toMatchObject([{metadata: {name: 'held', deletionTimestamp: expect.any(String)}}]);
    const waiting = api.get(REF, 'default', 'held') as any;
    api.update(REF, {...waiting, metadata: {...waiting.metadata, finalizers: []}});
    expect(api.list(REF)).toEqual([]);
  });

  test('a listener that throws is logged, and hurts neither the write nor the others', () => {
    const lines: string[] = [];
    const api = storageApi(lines);
    const seen: string[] = [];
    api.onChange(() => {
      throw new Error('broken');
    });
    const stop = api.onChange(({kind, type}) => void seen.push(`${kind} ${type.kind}`));
    api.create(REF, widget('a'));
    stop();
    api.create(REF, widget('b'));
    expect(seen).toEqual(['ADDED Widget']);
    expect(lines).toEqual(['controller failed on a change', 'controller failed on a change']);
  });

  test('nothing is created in a namespace that is not there', () => {
    expect(() => storageApi().create(REF, widget('a', {namespace: 'nope'}))).toThrow('namespaces "nope" not found');
  });
});
