import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';

import {clustersetRows} from './clusterset-rows.ts';
import {ENGINE_ROWS} from './engine-rows.ts';
import {membershipRows} from './membership-rows.ts';
import {mergeVectors} from './merge-vectors.ts';
import {refusedRows} from './refused-rows.ts';

/** Every sentence of the standard has a row that would fail, at one height at least; README.md lists which. */

const ENGINE = [...mergeVectors.map(({name}) => name), ...ENGINE_ROWS.map(({title}) => title)];
const SERVERS = [...clustersetRows, ...membershipRows, ...refusedRows].map(({title}) => title);
const NUMBERS = Array.from({length: 46}, (_, i) => i + 1);
/** The lines of the conflict table (MCS §2.5). */
const LINES = [
  'ports',
  'port traffic',
  'appProtocol',
  'headlessness',
  'sessionAffinity',
  'sessionAffinityConfig',
  'internalTrafficPolicy',
  'trafficDistribution',
  'exportedLabels',
  'exportedAnnotations',
  'ipFamilies',
];

const hasNumber =
  (number: number) =>
  (title: string): boolean => {
    const list = /^\[([^\]]+)\]/.exec(title)?.[1] ?? '';
    return list.split(',').some((each) => Number.parseInt(each, 10) === number);
  };
const hasLine =
  (line: string) =>
  (title: string): boolean =>
    title.includes(`table: ${line}:`);

type Height = 'on both' | 'on API servers alone' | 'on the engine alone' | 'nowhere';

function heightOf(isAbout: (title: string) => boolean): Height {
  const [engine, servers] = [ENGINE, SERVERS].map((all) => all.some(isAbout));
  if (engine === true) return servers === true ? 'on both' : 'on the engine alone';
  return servers === true ? 'on API servers alone' : 'nowhere';
}

/** As README.md has it: one line for each height. */
function listed(height: Height): string {
  const numbers = NUMBERS.filter((number) => heightOf(hasNumber(number)) === height);
  const lines = LINES.filter((line) => heightOf(hasLine(line)) === height);
  return `| ${height} | ${[...numbers, ...lines].join(', ')} |`;
}

describe('the tables of the standard', () => {
  test.each(NUMBERS)('requirement %i has a row', (number) => {
    expect([...ENGINE, ...SERVERS].filter(hasNumber(number))).not.toEqual([]);
  });

  test.each(LINES)('the line %s of the conflict table has a row on API servers', (line) => {
    expect(SERVERS.filter(hasLine(line))).not.toEqual([]);
  });

  test('no row is named by a number that the standard does not have', () => {
    for (const title of [...ENGINE, ...SERVERS]) {
      const list = /^\[([^\]]+)\]/.exec(title)?.[1];
      for (const each of list?.split(',') ?? []) expect(NUMBERS, title).toContain(Number.parseInt(each, 10));
    }
  });

  test('README.md lists at which height each of them has rows', () => {
    const page = readFileSync(new URL('README.md', import.meta.url), 'utf8').replaceAll(/ +/g, ' ');
    for (const height of ['on both', 'on API servers alone', 'on the engine alone'] as const)
      expect(page).toContain(listed(height));
  });
});
