import {describe, expect, test} from 'vitest';
import {parseSelection} from '../../../src/dev/apiserver/read/selection.ts';
import {WatchHub} from '../../../src/dev/apiserver/read/watch-hub.ts';
import type {WatchSink} from '../../../src/dev/apiserver/read/watch-hub.ts';
import {ObjectStorage} from '../../../src/dev/apiserver/storage/object-storage.ts';
import {VersionConversion} from '../../../src/dev/apiserver/version-conversion.ts';
import {widget, widgetType} from './support/widget-type.ts';

const type = widgetType();

function hub() {
  const storage = new ObjectStorage(100);
  storage.table(type.storageKey);
  const watches = new WatchHub(storage, new VersionConversion());
  const watch = (since: number | undefined, query = '', namespace: string = 'default') => {
    const seen: string[] = [];
    const sink: WatchSink = {
      event: (kind, object) => {
        const {name, resourceVersion, labels} = object['metadata'] as Record<string, unknown>;
        seen.push(
          `${kind} ${String(name)}@${String(resourceVersion)}${labels === undefined ? '' : JSON.stringify(labels)}`,
        );
      },
      end: () => void seen.push('end'),
      fail: ({code, message}) => void seen.push(`${code} ${message}`),
    };
    const stop = watches.add(
      parseSelection(type, namespace === 'all' ? undefined : namespace, new URLSearchParams(query)),
      since,
      sink,
    );
    return {seen, stop};
  };
  return {storage, watches, watch};
}

describe('a watch', () => {
  test('from a version gets every later write, then those to come, and nothing twice', () => {
    const {storage, watch} = hub();
    storage.put(type.storageKey, widget('a'));
    const since = storage.revision;
    storage.put(type.storageKey, widget('b'));
    const {seen} = watch(since);
    storage.remove(type.storageKey, 'default/a');
    expect(seen).toEqual([`ADDED b@${since + 1}`, `DELETED a@${since + 2}`]);
  });

  test.each([undefined, 0])('from %s gets what there is by name, then changes', (since) => {
    const {storage, watch} = hub();
    storage.put(type.storageKey, widget('b'));
    storage.put(type.storageKey, widget('a'));
    const {seen} = watch(since);
    storage.put(type.storageKey, widget('a', {spec: {x: 1}}));
    const at = storage.revision;
    expect(seen).toEqual([`ADDED a@${at - 1}`, `ADDED b@${at - 2}`, `MODIFIED a@${at}`]);
  });

  test('from a forgotten version fails with 410 and the oldest one that would do', () => {
    const {storage, watch} = hub();
    storage.put(type.storageKey, widget('a'));
    storage.forgetAllHistory();
    expect(watch(1).seen).toEqual([`410 too old resource version: 1 (${storage.revision})`]);
  });

  test('from the future waits silently', () => {
    const {storage, watch} = hub();
    const {seen} = watch(storage.revision + 1);
    storage.put(type.storageKey, widget('a'));
    storage.put(type.storageKey, widget('b'));
    expect(seen).toEqual([`ADDED b@${storage.revision}`]);
  });

  test('an object that leaves the selector is DELETED with its last matching state and the new version', () => {
    const {storage, watch} = hub();
    storage.put(type.storageKey, widget('a', {labels: {x: '1'}}));
    const {seen} = watch(storage.revision, 'labelSelector=x%3D1');
    storage.put(type.storageKey, widget('a', {labels: {x: '2'}}));
    storage.put(type.storageKey, widget('a', {labels: {x: '1'}}));
    const at = storage.revision;
    expect(seen).toEqual([`DELETED a@${at - 1}{"x":"1"}`, `ADDED a@${at}{"x":"1"}`]);
  });

  test('of one namespace or one name hears of nothing else', () => {
    const {storage, watch} = hub();
    const one = watch(storage.revision, 'fieldSelector=metadata.name%3Da');
    const all = watch(storage.revision, '', 'all');
    storage.put(type.storageKey, widget('a', {namespace: 'other'}));
    storage.put(type.storageKey, widget('b'));
    storage.put(type.storageKey, widget('a'));
    expect(one.seen).toEqual([`ADDED a@${storage.revision}`]);
    expect(all.seen).toHaveLength(3);
  });

  test('that was left hears no more', () => {
    const {storage, watch} = hub();
    const {seen, stop} = watch(storage.revision);
    stop();
    storage.put(type.storageKey, widget('a'));
    expect(seen).toEqual([]);
  });

  test('ends with its type', () => {
    const {storage, watches, watch} = hub();
    const {seen} = watch(storage.revision);
    watches.endAll(type.storageKey);
    storage.put(type.storageKey, widget('a'));
    expect(seen).toEqual(['end']);
  });
});
