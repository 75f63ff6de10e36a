import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {applyJsonPatch} from '../../../src/dev/patch/json-patch.ts';
import {jsonClone} from '../../../src/dev/schema/json.ts';

describe('JSON patch (RFC 6902)', () => {
  const rows: readonly {
    readonly name: string;
    readonly target: unknown;
    readonly ops: readonly unknown[];
    readonly value: unknown;
  }[] = [
    {name: 'add: a member', target: {a: 1}, ops: [{op: 'add', path: '/b', value: 2}], value: {a: 1, b: 2}},
    {name: 'add: over a member', target: {a: 1}, ops: [{op: 'add', path: '/a', value: null}], value: {a: null}},
    {name: 'add: into a list', target: [1, 3], ops: [{op: 'add', path: '/1', value: 2}], value: [1, 2, 3]},
    {
      name: 'add: at the end of a list',
      target: {l: [1]},
      ops: [{op: 'add', path: '/l/-', value: [2]}],
      value: {l: [1, [2]]},
    },
    {name: 'add: after the last item', target: [1], ops: [{op: 'add', path: '/1', value: 2}], value: [1, 2]},
    {name: 'add: the whole', target: {a: 1}, ops: [{op: 'add', path: '', value: {b: 1}}], value: {b: 1}},
    {name: 'remove: a member', target: {a: 1, b: 2}, ops: [{op: 'remove', path: '/b'}], value: {a: 1}},
    {name: 'remove: an item', target: [1, 2, 3], ops: [{op: 'remove', path: '/1'}], value: [1, 3]},
    {name: 'replace: an item', target: [1, 2], ops: [{op: 'replace', path: '/0', value: 'x'}], value: ['x', 2]},
    {
      name: 'replace: keeps the place of an item',
      target: {l: [1, 2, 3]},
      ops: [{op: 'replace', path: '/l/1', value: 9}],
      value: {l: [1, 9, 3]},
    },
    {
      name: 'move: a member',
      target: {a: {x: 1}, b: {}},
      ops: [{op: 'move', from: '/a/x', path: '/b/y'}],
      value: {a: {}, b: {y: 1}},
    },
    {name: 'move: an item', target: [1, 2, 3], ops: [{op: 'move', from: '/0', path: '/2'}], value: [2, 3, 1]},
    {name: 'move: to where it is', target: {a: 1}, ops: [{op: 'move', from: '/a', path: '/a'}], value: {a: 1}},
    {
      name: 'copy: by value',
      target: {a: {x: 1}},
      ops: [
        {op: 'copy', from: '/a', path: '/b'},
        {op: 'add', path: '/b/x', value: 2},
      ],
      value: {a: {x: 1}, b: {x: 2}},
    },
    {
      name: 'test: objects in any order',
      target: {a: {x: 1, y: 2}},
      ops: [{op: 'test', path: '/a', value: {y: 2, x: 1}}],
      value: {a: {x: 1, y: 2}},
    },
    {name: 'test: null where nothing is', target: {}, ops: [{op: 'test', path: '/a', value: null}], value: {}},
    {
      name: 'escaped names',
      target: {'a/b': {'m~n': 1}},
      ops: [{op: 'replace', path: '/a~1b/m~0n', value: 2}],
      value: {'a/b': {'m~n': 2}},
    },
    {name: 'an empty name', target: {'': 1}, ops: [{op: 'remove', path: '/'}], value: {}},
    {
      name: 'unknown members of an operation',
      target: {},
      ops: [{op: 'add', path: '/a', value: 1, x: 1}],
      value: {a: 1},
    },
  ];

  test.each(rows)('$name', ({target, ops, value}) => {
    const before = jsonClone(target);
    expect(applyJsonPatch(target, ops)).toEqual({ok: true, value});
    expect(target, 'the target stays as it was').toEqual(before);
  });

  test.each([
    {name: 'a failed test', ops: [{op: 'test', path: '/a', value: 'zz'}], says: 'operation 0: the test failed'},
    {
      name: 'a member that is not there',
      ops: [{op: 'remove', path: '/zz'}],
      says: 'operation 0: there is nothing at /zz',
    },
    {
      name: 'replacing what is not there',
      ops: [{op: 'replace', path: '/zz', value: 1}],
      says: 'there is nothing at /zz',
    },
    {
      name: 'adding below what is not there',
      ops: [{op: 'add', path: '/zz/a', value: 1}],
      says: 'there is nothing at /zz',
    },
    {name: 'adding below a scalar', ops: [{op: 'add', path: '/a/b', value: 1}], says: 'there is nothing at /a'},
    {name: 'a place behind the end of a list', ops: [{op: 'add', path: '/l/3', value: 1}], says: 'there is no place 3'},
    {name: 'an index with a zero in front', ops: [{op: 'remove', path: '/l/00'}], says: 'there is nothing at /l/00'},
    {name: 'removing at the end mark', ops: [{op: 'remove', path: '/l/-'}], says: 'there is nothing at /l/-'},
    {name: 'moving into itself', ops: [{op: 'move', from: '/o', path: '/o/x'}], says: 'cannot be moved into itself'},
    {name: 'an operation that is none', ops: [{op: 'spam', path: '/a'}], says: 'there is no operation "spam"'},
    {name: 'no value', ops: [{op: 'add', path: '/a'}], says: 'value is missing'},
    {name: 'a path that is no pointer', ops: [{op: 'remove', path: 'a'}], says: 'path is no JSON pointer'},
    {name: 'a stray tilde', ops: [{op: 'remove', path: '/a~2'}], says: 'path is no JSON pointer'},
    {
      name: 'an inherited member',
      ops: [{op: 'remove', path: '/constructor'}],
      says: 'there is nothing at /constructor',
    },
    {
      name: 'the second of two',
      ops: [
        {op: 'add', path: '/b', value: 1},
        {op: 'remove', path: '/zz'},
      ],
      says: 'operation 1:',
    },
    {name: 'no list', ops: {}, says: 'a JSON patch is a list'},
  ])('$name changes nothing', ({ops, says}) => {
    const target = {a: 1, l: [1, 2], o: {}};
    const result = applyJsonPatch(target, ops);
    expect(result.ok ? 'it worked' : result.message).toContain(says);
    expect(target).toEqual({a: 1, l: [1, 2], o: {}});
  });

  test.each([
    {
      name: 'too many operations',
      ops: Array.from({length: 10_001}, () => ({op: 'test', path: '/a', value: 1})),
      says: 'The allowed maximum operations in a JSON patch is 10000, got 10001',
    },
    {
      name: 'copies that double and double',
      ops: Array.from({length: 40}, (_, i) => ({op: 'copy', from: '', path: `/copy${i}`})),
      says: 'Unable to complete the copy, the accumulated size increase of copy is',
    },
  ])('$name are refused for their size', ({ops, says}) => {
    const result = applyJsonPatch({a: 1}, ops);
    expect(result).toMatchObject({ok: false, tooLarge: true});
    expect(result.ok ? '' : result.message).toContain(says);
  });

  test('nothing grows deeper than a body may be', () => {
    const ops = Array.from({length: 300}, (_, i) => ({op: 'add', path: '/n'.repeat(i + 1), value: {}}));
    const result = applyJsonPatch({}, ops);
    expect(result.ok ? 'it worked' : result.message).toContain('it nests deeper than 256');
  });

  test('a member called __proto__ is data', () => {
    const result = applyJsonPatch({}, [{op: 'add', path: '/__proto__', value: {polluted: true}}]);
    expect(JSON.stringify(result)).toBe('{"ok":true,"value":{"__proto__":{"polluted":true}}}');
    expect(({} as {polluted?: boolean}).polluted).toBeUndefined();
  });

  test('what is added can be removed again', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.jsonValue(), (target, name, value) => {
        fc.pre(!Object.hasOwn(target, name));
        const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        const ops = [
          {op: 'add', path, value},
          {op: 'test', path, value},
          {op: 'remove', path},
        ];
        expect(applyJsonPatch(target, ops)).toEqual({ok: true, value: target});
      }),
    );
  });
});
