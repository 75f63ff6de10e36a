import type {IncrementalTest, IncrementalTestSuite} from '@bufbuild/cel-spec/testdata/tests.js';

import {bindingOf, shown, typeOf, Unsupported, valueOf} from './conformance-values.ts';
import type {CelType} from '../../src/cel/types.ts';
import type {CelValue} from '../../src/cel/values.ts';
import {check} from '../../src/cel/checker.ts';
import {compile, Program} from '../../src/cel/compile.ts';
import {DYN, typeName} from '../../src/cel/types.ts';
import {KUBERNETES} from '../../src/cel/library/kubernetes.ts';
import {parse} from '../../src/cel/parser.ts';
import {plan} from '../../src/cel/interpreter.ts';
import {problemsText} from '../../src/cel/problem.ts';

export interface PublishedTest {
  /** `file/section/name`; a number behind it where the data uses a name twice. */
  readonly name: string;
  readonly test: IncrementalTest;
}

/** Every test of a suite with its path, in the published order. */
export function testsOf(suite: IncrementalTestSuite): PublishedTest[] {
  const tests: PublishedTest[] = [];
  const used = new Map<string, number>();
  const visit = ({name, suites, tests: own}: IncrementalTestSuite, path: readonly string[]): void => {
    for (const test of own) {
      const full = [...path, name, test.name].slice(1).join('/');
      const count = (used.get(full) ?? 0) + 1;
      used.set(full, count);
      tests.push({name: count === 1 ? full : `${full}#${count}`, test});
    }
    for (const each of suites) visit(each, [...path, name]);
  };
  visit(suite, []);
  return tests;
}

function environmentOf({original}: IncrementalTest): Record<string, CelType> {
  const variables: Record<string, CelType> = {};
  for (const {name, declKind} of original.typeEnv) {
    if (declKind.case === 'ident' && declKind.value.type !== undefined) variables[name] = typeOf(declKind.value.type);
    if (declKind.case === 'function') throw new Unsupported('declared function');
  }
  return variables;
}

/** Undefined: as published. Otherwise what was wrong. */
export function runPublished(test: IncrementalTest): string | undefined {
  try {
    return judge(test);
  } catch (error) {
    if (error instanceof Unsupported) return error.message;
    throw error;
  }
}

function judge(test: IncrementalTest): string | undefined {
  const {original} = test;
  if (original.container !== '') throw new Unsupported(`container ${original.container}`);
  if (original.disableMacros) throw new Unsupported('macros disabled');
  const {resultMatcher} = original;
  const failing = resultMatcher.case === 'evalError' || resultMatcher.case === 'anyEvalErrors';
  const variables = environmentOf(test);
  if (original.disableCheck) return judgeUnchecked(test, variables, failing);
  const compiled = compile(original.expr, {variables, homogeneous: false});
  // Where the data wants an error at run time, one that is found sooner is as good.
  if (!compiled.ok) return failing ? undefined : compiled.error;
  const type = resultMatcher.case === 'typedResult' ? resultMatcher.value.deducedType : undefined;
  if (type !== undefined && typeName(typeOf(type)) !== typeName(compiled.program.type))
    return `type ${typeName(compiled.program.type)}`;
  if (original.checkOnly) return undefined;
  const bindings = Object.fromEntries(
    Object.entries(original.bindings).map(([name, value]) => [name, bindingOf(value)]),
  );
  const outcome = compiled.program.evaluate(bindings);
  if (!outcome.ok) return failing ? undefined : outcome.error;
  return failing ? `no error: ${JSON.stringify(shown(outcome.value))}` : compareWith(outcome.value, expectedOf(test));
}

/** As `compile` does it, but whatever the checker finds, the tree is run. */
function judgeUnchecked(
  test: IncrementalTest,
  variables: Readonly<Record<string, CelType>>,
  failing: boolean,
): string | undefined {
  const parsed = parse(test.original.expr);
  if (!parsed.ok) return failing ? undefined : problemsText(test.original.expr, parsed.problems);
  const checked = check(parsed.expr, {
    variables: new Map(Object.entries(variables)),
    library: KUBERNETES,
    homogeneous: false,
  });
  const bindings = Object.entries(test.original.bindings).map(([name, value]) => [name, bindingOf(value)] as const);
  const program = new Program(test.original.expr, DYN, {plan: plan(parsed.expr, checked, KUBERNETES), variables});
  const outcome = program.evaluate(Object.fromEntries(bindings));
  if (!outcome.ok) return failing ? undefined : outcome.error;
  return failing ? `no error: ${JSON.stringify(shown(outcome.value))}` : compareWith(outcome.value, expectedOf(test));
}

function expectedOf({original: {resultMatcher}}: IncrementalTest): CelValue {
  if (resultMatcher.case === 'value') return valueOf(resultMatcher.value);
  if (resultMatcher.case === 'typedResult' && resultMatcher.value.result !== undefined)
    return valueOf(resultMatcher.value.result);
  return true;
}

function compareWith(value: CelValue, expected: CelValue): string | undefined {
  const [have, want] = [JSON.stringify(shown(value)), JSON.stringify(shown(expected))];
  return have === want ? undefined : `${have} instead of ${want}`;
}
