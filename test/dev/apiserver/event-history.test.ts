import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {ObjectStorage} from '../../../src/dev/apiserver/storage/object-storage.ts';
import {widget} from './support/widget-type.ts';

const KEY = 'widgets.example.dev';

function namesAt(storage: ObjectStorage, revision: number): string[] | undefined {
  return storage
    .table(KEY)
    .entriesAt(revision)
    ?.map(([key, object]) => `${key}@${JSON.stringify(object['spec'])}`);
}

describe('storage', () => {
  test('any past state can be listed as it was, as long as history reaches back', () => {
    const operation = fc.record({name: fc.constantFrom('a', 'b', 'c', 'd'), remove: fc.boolean(), value: fc.nat(5)});
    fc.assert(
      fc.property(fc.array(operation, {maxLength: 40}), (operations) => {
        const storage = new ObjectStorage(1000);
        storage.table(KEY);
        const states: [number, string[]][] = [];
        for (const {name, remove, value} of operations) {
          if (remove) storage.remove(KEY, `default/${name}`);
          else storage.put(KEY, widget(name, {spec: {value}}));
          states.push([
            storage.revision,
            storage
              .table(KEY)
              .entries()
              .map(([key, o]) => `${key}@${JSON.stringify(o['spec'])}`),
          ]);
        }
        for (const [revision, state] of states) expect(namesAt(storage, revision)).toEqual(state);
      }),
    );
  });

  test('one revision counts the writes of all resources', () => {
    const storage = new ObjectStorage(10);
    const before = storage.revision;
    storage.put(KEY, widget('a'));
    storage.put('gadgets.example.dev', widget('a'));
    expect(storage.revision).toBe(before + 2);
  });

  test('history is bounded: what lies further back is too old, and the bound itself is not', () => {
    const storage = new ObjectStorage(10);
    for (let i = 0; i < 200; i++) storage.put(KEY, widget('a', {spec: {i}}));
    const {history} = storage.table(KEY);
    expect(storage.revision - history.oldest).toBeLessThanOrEqual(20);
    expect(history.after(history.oldest - 1)).toBeUndefined();
    expect(history.after(history.oldest)?.[0]?.revision).toBe(history.oldest + 1);
    expect(history.after(storage.revision)).toEqual([]);
  });

  test('after a compaction nothing before it can be watched from, but everything after it can', () => {
    const storage = new ObjectStorage(10);
    storage.put(KEY, widget('a'));
    const before = storage.revision;
    storage.put(KEY, widget('b'));
    storage.forgetAllHistory();
    expect(storage.table(KEY).history.after(before)).toBeUndefined();
    expect(storage.table(KEY).history.after(storage.revision)).toEqual([]);
  });

  test('a deletion carries the last state with a revision of its own', () => {
    const storage = new ObjectStorage(10);
    storage.put(KEY, widget('a', {spec: {x: 1}}));
    const gone = storage.remove(KEY, 'default/a');
    expect(gone).toMatchObject({spec: {x: 1}, metadata: {resourceVersion: String(storage.revision)}});
  });

  test('stored objects cannot be changed in place', () => {
    const storage = new ObjectStorage(10);
    const stored = storage.put(KEY, widget('a', {spec: {x: 1}})) as {spec: {x: number}};
    expect(() => (stored.spec.x = 2)).toThrow(TypeError);
  });

  test('a listener that writes does not overtake the event it answers', () => {
    const storage = new ObjectStorage(10);
    const seen: string[] = [];
    storage.onChange(({kind, key}) => {
      if (kind === 'ADDED' && key === 'default/a') storage.put(KEY, widget('b'));
    });
    storage.onChange(({kind, key}) => void seen.push(`${kind} ${key}`));
    storage.put(KEY, widget('a'));
    expect(seen).toEqual(['ADDED default/a', 'ADDED default/b']);
  });
});
