import {describe, expect, test} from 'vitest';
import {scenarios} from '../../kubectl/scenarios.ts';
import {answerRows} from '../admission-answers.ts';
import {reviewRows} from '../admission-reviews.ts';
import {allTables} from '../all-tables.ts';
import {KNOWN_DIFFERENCES} from '../known-differences.ts';
import {readCoverage, REASONS, RECORDED} from './read-coverage.ts';

const exchanges = await readCoverage();
const {requests, watches} = await allTables();
const tables = [
  ...requests,
  ...watches,
  {name: 'admission-answers', rows: answerRows},
  {name: 'admission-reviews', rows: reviewRows},
];
const rows = tables.flatMap(({name: table, rows: those}) => those.map(({name}) => `${table} › ${name}`));
const known = new Set([...rows, ...scenarios.map(({name}) => `kubectl: ${name}`), ...Object.keys(REASONS)]);

describe('what was recorded of a real API server', () => {
  test.each(Object.entries(RECORDED))('%s: each of its %i exchanges stands here once', (file, count) => {
    const lines = exchanges.filter((exchange) => exchange.file === file).map(({line}) => line);
    expect(lines).toEqual(Array.from({length: count}, (_, i) => i + 1));
  });

  test('is covered by a row or a scenario that there is, or says why not', () => {
    expect(exchanges.filter(({by}) => !known.has(by)).map(({file, line, by}) => `${file} ${line}: ${by}`)).toEqual([]);
  });

  test('no reason is left that nothing needs', () => {
    const used = new Set(exchanges.map(({by}) => by));
    expect(Object.keys(REASONS).filter((reason) => !used.has(reason))).toEqual([]);
  });
});

describe('the tables', () => {
  test('have 300 rows at least', () => {
    expect(rows.length).toBeGreaterThanOrEqual(300);
  });

  test('say nothing twice by one name', () => {
    expect(rows.filter((row, i) => rows.indexOf(row) !== i)).toEqual([]);
  });

  test('have every row that a known difference speaks of', () => {
    const names = KNOWN_DIFFERENCES.map(({row}) => row.split('*')[0] ?? '');
    expect(names.filter((start) => !rows.some((row) => row.startsWith(start)))).toEqual([]);
  });
});
