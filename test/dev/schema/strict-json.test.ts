import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {MAX_DEPTH} from '../../../src/dev/schema/bounded-json.ts';
import {parseJson} from '../../../src/dev/schema/strict-json.ts';

describe('parseJson', () => {
  test.each([
    {name: 'a field twice', text: '{"spec":{"min":1,"min":2}}', duplicates: ['spec.min']},
    {name: 'a field thrice is named once', text: '{"a":1,"a":2,"a":3}', duplicates: ['a']},
    {name: 'a field of a list item', text: '{"p":[{"b":1},{"b":1,"b":2}]}', duplicates: ['p[1].b']},
    {name: 'the same name in different objects', text: '{"a":{"x":1},"b":{"x":1}}', duplicates: []},
    {name: 'an escaped name', text: String.raw`{"a":1,"\u0061":2}`, duplicates: ['a']},
    {name: 'brackets and quotes in strings', text: String.raw`{"a":"{\"b\":1,","c":"\\"}`, duplicates: []},
    {name: 'a list of lists', text: '[[{"a":1}],{"a":1,"a":1}]', duplicates: ['[1].a']},
  ])('$name', ({text, duplicates}) => {
    expect(parseJson(text)).toEqual({value: JSON.parse(text), duplicates});
  });

  test('depth costs no stack', () => {
    const text = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(() => parseJson(text)).toThrow(`invalid character '[' exceeded max depth of ${MAX_DEPTH}`);
  });

  test('finds none in what JSON.stringify writes', () => {
    fc.assert(fc.property(fc.json(), (text) => parseJson(text).duplicates.length === 0));
  });

  test('says where a text is no JSON', () => {
    expect(() => parseJson('{"a":')).toThrow('unexpected end of JSON input');
  });
});
