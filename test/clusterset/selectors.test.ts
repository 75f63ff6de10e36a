import {expect, test} from 'vitest';

import type {LabelSelector} from '../../src/api/kinds.ts';
import {matchesSelector} from '../../src/clusterset/selectors.ts';

const labels = {team: 'pay', tier: ''};
const one = (operator: string, key: string, values?: readonly string[]): LabelSelector => ({
  matchExpressions: [{key, operator: operator as 'In', ...(values === undefined ? {} : {values})}],
});

const cases: readonly (readonly [string, LabelSelector | undefined, boolean])[] = [
  ['none matches everything', undefined, true],
  ['an empty one matches everything', {}, true],
  ['matchLabels: equal', {matchLabels: {team: 'pay'}}, true],
  ['matchLabels: an empty value is a value', {matchLabels: {tier: ''}}, true],
  ['matchLabels: another value', {matchLabels: {team: 'shop'}}, false],
  ['matchLabels: a label that is not there', {matchLabels: {zone: ''}}, false],
  ['matchLabels: all of them', {matchLabels: {team: 'pay', tier: 'x'}}, false],
  ['In', one('In', 'team', ['shop', 'pay']), true],
  ['In: not there', one('In', 'zone', ['a']), false],
  ['In: no values', one('In', 'team'), false],
  ['NotIn', one('NotIn', 'team', ['shop']), true],
  ['NotIn: there', one('NotIn', 'team', ['pay']), false],
  ['NotIn: a label that is not there is not in the set', one('NotIn', 'zone', ['a']), true],
  ['Exists', one('Exists', 'tier'), true],
  ['Exists: not there', one('Exists', 'zone'), false],
  ['Exists: what every JavaScript object has is no label', one('Exists', 'constructor'), false],
  ['DoesNotExist', one('DoesNotExist', 'zone'), true],
  ['DoesNotExist: there', one('DoesNotExist', 'tier'), false],
  ['an operator that nobody knows matches nothing', one('Like', 'team', ['p*']), false],
  ['labels and expressions together', {matchLabels: {team: 'pay'}, ...one('Exists', 'zone')}, false],
];

test.each(cases)('%s', (_name, selector, matches) => {
  expect(matchesSelector(selector, labels)).toBe(matches);
});
