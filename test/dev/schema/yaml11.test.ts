import {describe, expect, test} from 'vitest';
import {parseYaml11} from '../../../src/dev/schema/yaml11.ts';

describe('parseYaml11', () => {
  test('reads unquoted y, yes, on, no and off as booleans, as API servers do', () => {
    expect(parseYaml11('tags: [x, y, Yes, on, no, OFF, "y"]')).toEqual({
      tags: ['x', true, true, true, false, false, 'y'],
    });
  });

  test.each([
    {name: 'a date stays text', text: 'a: 2026-01-01', value: {a: '2026-01-01'}},
    {name: 'a time is no number of base 60', text: 'a: 12:30', value: {a: '12:30'}},
    {name: 'octal numbers', text: 'a: 0644', value: {a: 420}},
    {name: 'merged anchors', text: 'a: &x {b: 1}\nc: {<<: *x, d: 2}', value: {a: {b: 1}, c: {b: 1, d: 2}}},
    {name: 'numbers as keys', text: '8080: a', value: {8080: 'a'}},
    {name: 'of two equal keys the last', text: 'a: 1\na: 2', value: {a: 2}},
    {name: 'JSON, tabs included', text: '{\t"a":\t"y"}', value: {a: 'y'}},
    {name: 'a flow map that is no JSON', text: '{a: y}', value: {a: true}},
    {name: 'nothing', text: '', value: null},
  ])('$name', ({text, value}) => {
    expect(parseYaml11(text)).toEqual(value);
  });

  test.each([
    {name: 'a list without an end', text: 'a: ['},
    {name: 'what nests too deep', text: `a: ${'['.repeat(300)}${']'.repeat(300)}`},
    {name: 'two documents', text: 'a: 1\n---\nb: 2'},
    {
      name: 'a bomb of aliases',
      text: `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]`,
    },
  ])('$name is refused', ({text}) => {
    expect(() => parseYaml11(text)).toThrow('yaml: ');
  });
});
