import {describe, expect, test} from 'vitest';
import {humanAge, humanDuration} from '../../../src/dev/table/age.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

describe('an age', () => {
  test.each([
    {ms: -3 * second, text: '<invalid>'},
    {ms: -1.5 * second, text: '0s'},
    {ms: 0, text: '0s'},
    {ms: 119.9 * second, text: '119s'},
    {ms: 2 * minute, text: '2m'},
    {ms: 6 * minute + 6 * second, text: '6m6s'},
    {ms: 9 * minute + 48 * second, text: '9m48s'},
    {ms: 10 * minute + 5 * second, text: '10m'},
    {ms: 179 * minute, text: '179m'},
    {ms: 3 * hour, text: '3h'},
    {ms: 3 * hour + 12 * minute, text: '3h12m'},
    {ms: 47 * hour + 59 * minute, text: '47h'},
    {ms: 2 * day, text: '2d'},
    {ms: 3 * day + 4 * hour, text: '3d4h'},
    {ms: 8 * day + 4 * hour, text: '8d'},
    {ms: 729 * day, text: '729d'},
    {ms: 730 * day, text: '2y'},
    {ms: 731 * day, text: '2y1d'},
    {ms: 3000 * day, text: '8y'},
  ])('of $ms ms reads $text', ({ms, text}) => {
    expect(humanDuration(ms)).toBe(text);
  });

  test.each([
    {name: 'a time', timestamp: '2026-01-01T00:00:00Z', text: '5s'},
    {name: 'no time', timestamp: undefined, text: '<unknown>'},
    {name: 'something else', timestamp: 'yesterday', text: '<invalid>'},
  ])('since $name reads $text', ({timestamp, text}) => {
    expect(humanAge(timestamp, Date.parse('2026-01-01T00:00:05Z'))).toBe(text);
  });
});
