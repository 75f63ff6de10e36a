import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {MAX_SOURCE_CODE_POINTS, PER_CALL_COST_LIMIT} from '../../src/cel/limits.ts';
import {DYN} from '../../src/cel/types.ts';
import {compile} from '../../src/cel/compile.ts';
import type {Outcome} from '../../src/cel/compile.ts';

/** An object as large as an API server takes one. */
const LARGE = {
  s: 'a'.repeat(1_000_000),
  l: Array.from({length: 10_000}, (_, index) => index),
  m: Object.fromEntries(Array.from({length: 1000}, (_, index) => [`k${index}`, index])),
};

function nested(times: number, start: string, step: (inner: string, variable: string) => string): string {
  return Array.from({length: times}).reduce<string>((inner, _, index) => step(inner, `v${index}`), start);
}

const TEN = '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]';
const twice = (inner: string, variable: string) => `[${inner}].map(${variable}, ${variable} + ${variable})[0]`;
const pair = (inner: string, variable: string) => `[${inner}].map(${variable}, [${variable}, ${variable}])[0]`;
const shared = nested(60, '1', pair);
const sharedMaps = nested(
  60,
  '1',
  (inner, variable) => `[${inner}].map(${variable}, {'a': ${variable}, 'b': ${variable}})[0]`,
);

/** Sources that would run for ever, or fill memory, without limits. What ends them is either a compile error, an error, or a value. */
const HOSTILE: Readonly<Record<string, string>> = {
  'nested quantifiers': nested(12, 'true', (inner, variable) => `${TEN}.all(${variable}, ${inner})`),
  'nested maps': nested(12, '1', (inner, variable) => `${TEN}.map(${variable}, ${inner})`),
  'a string that doubles': nested(40, "'aaaaaaaaaa'", twice),
  'a list that doubles': nested(40, '[1]', twice),
  'equal trees of shared lists': `${shared} == ${shared}`,
  'equal trees of shared maps': `${sharedMaps} == ${sharedMaps}`,
  'a tree of shared lists as text': `'%s'.format([${shared}])`,
  'a tree of shared map keys': nested(
    60,
    '1',
    (inner, variable) => `[${inner}].map(${variable}, {${variable}: ${variable}})[0]`,
  ),
  'a pattern that backtracks': "x.s.matches('(a+)+$') && x.s.matches('(a|a)*b')",
  'a pattern of counts': `x.s.matches('${'a{0,500}'.repeat(7)}')`,
  'a pattern made anew for every element': `x.l.all(i, !('b' + string(i)).matches(string(i) + '${'a{1,100}'.repeat(5)}'))`,
  'findAll that reads to the end each time': "x.s.substring(0, 20000).findAll('a.*b|a').size() > 0",
  'findAll in a loop': "x.l.all(i, x.s.findAll('a').size() > 0)",
  'strings kept in a list': 'x.l.map(i, x.s + string(i))',
  'lists kept in a list': 'x.l.map(i, x.l + x.l)',
  'bytes kept in a list': 'x.l.map(i, bytes(x.s) + bytes(x.s))',
  'maps kept in a list': 'x.l.map(i, x.l.transformMap(k, v, v))',
  'a replacement that grows': "x.s.replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaa')",
  'a join that grows': "x.s.split('').join(x.s.substring(0, 1000))",
  'a format that grows': `'${'%s'.repeat(40_000)}'.format(x.l.map(i, x.s))`,
  'a format of many digits': "'%.999999999f'.format([1.0])",
  'sizes in a loop': 'x.l.all(i, x.l.all(j, size(x.s) + size(x.m) > 0))',
  'positions in a loop': "x.l.all(i, x.l.all(j, x.s.charAt(j) == 'a'))",
  'searches in a loop': "x.l.all(i, x.l.all(j, x.s.indexOf('aaaaaaaaab') == -1))",
  'membership in a loop': "x.l.all(i, x.l.all(j, !('a' in x.l)))",
  'keys in a loop': 'x.l.all(i, x.m.all(k, k in x.m))',
  'sets in a loop': 'x.l.all(i, sets.contains(x.l, x.l))',
  'time zones in a loop': "x.l.all(i, x.l.all(j, timestamp('2024-01-01T00:00:00Z').getHours('Europe/Vienna') == 1))",
  'quantities in a loop': "x.l.all(i, quantity('1e999').add(quantity('1e-999')).isInteger())",
  'an absorbed exhaustion': 'x.l.all(i, x.l.all(j, x.l.all(k, true))) || true',
  'an absorbed exhaustion in a quantifier': '[1, 2].exists(a, x.l.all(i, x.l.all(j, x.l.all(k, true))) || true)',
  'an integer of many digits': `int('${'9'.repeat(90_000)}')`,
  'a duration of many digits': `duration('${'9'.repeat(90_000)}s')`,
  'a long sum': `1${'+1'.repeat(40_000)}`,
  'a long conjunction': `true${' && true'.repeat(10_000)}`,
  'a long list': `[${'1,'.repeat(45_000)}1]`,
  'a long list of empty lists': `[${'[],'.repeat(30_000)}[]]`,
  'a long list of comparisons': `[${'[]==[],'.repeat(12_000)}true]`,
  'deep parentheses': `${'('.repeat(49_000)}1${')'.repeat(49_000)}`,
  'many negations': `${'!'.repeat(99_000)}true`,
  'a long conditional': `${'true?1:'.repeat(10_000)}1`,
  'chains within chains': `${'('.repeat(240)}1${`${'+1'.repeat(190)})`.repeat(240)}`,
  'deep macros': nested(200, '1', (inner, variable) => `[1].map(${variable}, ${inner})`),
  'deep conditional macros': nested(
    200,
    '1',
    (inner, variable) => `[1].filter(${variable}, true).map(${variable}b, true, ${inner})`,
  ),
  'a chain of optMap': `x.?a${'.optMap(v, v)'.repeat(240)}`,
  'a source of unreadable characters': '$'.repeat(100_000),
  'a source of quotes': '"'.repeat(99_999),
  'a source of broken strings': '"a\\q'.repeat(24_000),
  'an endless string': `"""${'a"'.repeat(48_000)}`,
  'too long a source': '1'.repeat(MAX_SOURCE_CODE_POINTS + 1),
};

function attempt(source: string, costLimit: number): Outcome | string {
  const compiled = compile(source, {variables: {x: DYN}});
  return compiled.ok ? compiled.program.evaluate({x: LARGE}, {costLimit}) : compiled.error;
}

describe('no expression hangs or fills memory', () => {
  // On an idle machine each takes a fifth of a second at most.
  test.each(Object.entries(HOSTILE))('%s', {timeout: 60_000}, (_name, source) => {
    const before = process.memoryUsage().heapUsed;
    const outcome = attempt(source, PER_CALL_COST_LIMIT);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(700 * 1024 * 1024);
    if (typeof outcome === 'string') expect(outcome.length).toBeLessThan(400_000);
    else if (!outcome.ok && outcome.costExceeded)
      expect(outcome.error).toMatch(/^operation cancelled: (?:actual cost|memory) limit exceeded$/);
  });

  test('a spent budget is not absorbed by an operator that absorbs errors', () => {
    for (const source of [HOSTILE['an absorbed exhaustion'], HOSTILE['an absorbed exhaustion in a quantifier']]) {
      expect(attempt(source ?? '', 1000)).toMatchObject({ok: false, costExceeded: true});
    }
  });

  test('kept strings and lists are counted apart from the cost', () => {
    expect(attempt('x.l.map(i, x.l + x.l)', Number.MAX_SAFE_INTEGER)).toMatchObject({
      ok: false,
      error: 'operation cancelled: memory limit exceeded',
    });
  });

  test.each([
    [
      'source',
      '1'.repeat(MAX_SOURCE_CODE_POINTS + 1),
      'expression code point size exceeds limit: size: 100001, limit 100000',
    ],
    ['nesting', `${'['.repeat(251)}${']'.repeat(251)}`, 'expression recursion limit exceeded: 250'],
    ['chain', `1${'+1'.repeat(251)}`, 'max recursion depth exceeded'],
  ])("the limit of the %s is cel-go's, and so is its text", (_name, source, error) => {
    expect(attempt(source, 1)).toBe(`ERROR: <input>:-1:0: ${error}`);
  });

  test('nesting up to the limit is taken', () => {
    expect(attempt(`${'['.repeat(249)}${']'.repeat(249)}`, 100_000)).toMatchObject({ok: true});
  });
});

/** Random sources over everything that grows, loops or nests. */
const sources = fc.letrec<{expr: string; list: string; text: string; flag: string}>((tie) => ({
  expr: fc.oneof(
    {depthSize: 'medium', withCrossShrink: true},
    tie('list'),
    tie('text'),
    tie('flag'),
    fc.constantFrom('1', 'x.l', 'x.s', 'x.m', 'v'),
  ),
  list: fc.oneof(
    {depthSize: 'medium', withCrossShrink: true},
    fc.constantFrom('x.l', '[1, 2, 3]', '[]'),
    fc.tuple(tie('list'), tie('list')).map(([a, b]) => `(${a} + ${b})`),
    fc.tuple(tie('list'), tie('expr')).map(([list, each]) => `${list}.map(v, ${each})`),
    fc.tuple(tie('list'), tie('flag')).map(([list, each]) => `${list}.filter(v, ${each})`),
    fc.tuple(tie('list'), tie('expr')).map(([list, each]) => `${list}.transformList(i, v, ${each})`),
    tie('text').map((text) => `${text}.split('a')`),
    tie('text').map((text) => `${text}.findAll('a*')`),
    tie('expr').map((each) => `[dyn(${each}), dyn(${each})]`),
  ),
  text: fc.oneof(
    {depthSize: 'medium', withCrossShrink: true},
    fc.constantFrom('x.s', "'aaa'", 'string(v)'),
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
    tie('text').map((text) => `${text}.replace('a', 'bb')`),
    tie('list').map((list) => `'%s'.format([${list}])`),
    tie('list').map((list) => `${list}.map(w, string(w)).join('a')`),
  ),
  flag: fc.oneof(
    {depthSize: 'medium', withCrossShrink: true},
    fc.constantFrom('true', 'false'),
    fc.tuple(tie('list'), tie('flag')).map(([list, each]) => `${list}.all(v, ${each})`),
    fc.tuple(tie('list'), tie('flag')).map(([list, each]) => `${list}.exists(v, ${each})`),
    fc.tuple(tie('expr'), tie('expr')).map(([a, b]) => `dyn(${a}) == dyn(${b})`),
    fc
      .tuple(tie('text'), fc.constantFrom('(a+)+$', 'a{0,9}b', '(a|aa)+'))
      .map(([text, pattern]) => `${text}.matches('${pattern}')`),
    fc.tuple(tie('flag'), tie('flag')).map(([a, b]) => `(${a} || ${b})`),
  ),
}));

describe('whatever the source', () => {
  test('compiling and evaluating answer, and a budget is overdrawn by one step at most', {timeout: 120_000}, () => {
    fc.assert(
      fc.property(sources.expr, (source) => {
        const outcome = attempt(source, 20_000);
        if (typeof outcome === 'string') expect(outcome).toMatch(/^ERROR: <input>:/);
        else if (outcome.ok) expect(outcome.cost).toBeLessThanOrEqual(20_000);
      }),
      {numRuns: 300},
    );
  });

  test('any text is compiled to a program or an error', {timeout: 60_000}, () => {
    const text = fc.oneof(
      fc.string({unit: 'binary', maxLength: 60}),
      fc
        .array(
          fc.constantFrom(
            ...'( ) [ ] { } . , ? : ! - + * / % == && || in a b 1 2u 1.5 "x" \' """ b"a" true null all map has \\ ` \n'.split(
              ' ',
            ),
          ),
          {maxLength: 30},
        )
        .map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(text, (source) => {
        const outcome = attempt(source, 1000);
        if (typeof outcome === 'string') expect(outcome).toMatch(/^ERROR: <input>:/);
      }),
      {numRuns: 1000},
    );
  });
});
