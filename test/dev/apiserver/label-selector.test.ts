import {describe, expect, test} from 'vitest';
import {parseLabelSelector} from '../../../src/dev/apiserver/read/label-selector.ts';

const labels = {'app': 'web', 'tier': 'front', 'empty': '', 'example.dev/x': '1', 'n': '5'};

describe('a label selector matches', () => {
  const cases: {name: string; selector: string; matches: boolean}[] = [
    {name: 'everything when empty', selector: '', matches: true},
    {name: 'equality', selector: 'app=web', matches: true},
    {name: 'double equality', selector: 'app==web', matches: true},
    {name: 'another value', selector: 'app=db', matches: false},
    {name: 'inequality of another value', selector: 'app!=db', matches: true},
    {name: 'inequality of a missing key', selector: 'nope!=x', matches: true},
    {name: 'inequality of the same value', selector: 'app!=web', matches: false},
    {name: 'an empty value by "key="', selector: 'empty=', matches: true},
    {name: 'no missing key by "key="', selector: 'nope=', matches: false},
    {name: 'presence', selector: 'tier', matches: true},
    {name: 'absence', selector: '!tier', matches: false},
    {name: 'absence of a missing key', selector: '!nope', matches: true},
    {name: 'a set', selector: 'app in (db, web)', matches: true},
    {name: 'not a set without the value', selector: 'app in (db)', matches: false},
    {name: 'not a set where the key is missing', selector: 'nope in (db,)', matches: false},
    {name: 'outside a set', selector: 'app notin (db)', matches: true},
    {name: 'outside a set where the key is missing', selector: 'nope notin (db)', matches: true},
    {name: 'greater', selector: 'n>4', matches: true},
    {name: 'less', selector: 'n<5', matches: false},
    {name: 'qualified keys', selector: 'example.dev/x=1', matches: true},
    {name: 'all requirements at once', selector: 'app=web,tier in (front),!nope', matches: true},
    {name: 'not where one requirement fails', selector: 'app=web,tier=back', matches: false},
  ];
  test.each(cases)('$name', ({selector, matches}) => {
    expect(parseLabelSelector(selector)(labels)).toBe(matches);
  });
});

describe('a selector that cannot be parsed is a 400', () => {
  test.each([
    ['words in a row', 'a b c', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a set without parentheses', 'a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['no key', '=b', "found '=', expected: !, identifier, or 'end of string'"],
  ])('%s', (_, selector, message) => {
    expect(() => parseLabelSelector(selector)).toThrow(expect.objectContaining({code: 400, message}));
  });
});
