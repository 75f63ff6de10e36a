import {
  BOOL,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  mapType,
  objectType,
  STRING,
  TIMESTAMP,
} from '../../src/cel/types.ts';
import type {CelType} from '../../src/cel/types.ts';
import {compile} from '../../src/cel/compile.ts';
import type {Compiled, Outcome} from '../../src/cel/compile.ts';
import {shown} from './conformance-values.ts';

/** Variables the tables use, with a value each. */
const VARIABLES: Readonly<Record<string, readonly [CelType, unknown]>> = {
  any: [DYN, {text: 'abc', number: 3, list: [1, 2, 3], nothing: null, half: 1.5}],
  text: [STRING, 'hello'],
  number: [INT, 7],
  ratio: [DOUBLE, 3],
  flag: [BOOL, true],
  words: [listType(STRING), ['b', 'a', 'c']],
  labels: [mapType(STRING, STRING), {app: 'web', tier: 'front'}],
  when: [TIMESTAMP, '2024-02-29T12:30:45.123Z'],
  pause: [DURATION, '1h30m'],
  port: [objectType('test.Port', {name: STRING, number: INT}), {name: 'http', number: 80, hidden: true}],
};

export function compileWithVariables(source: string): Compiled {
  const types = Object.fromEntries(Object.entries(VARIABLES).map(([name, [type]]) => [name, type]));
  return compile(source, {variables: types});
}

export function run(source: string, costLimit?: number): Outcome {
  const compiled = compileWithVariables(source);
  if (!compiled.ok) throw new Error(compiled.error);
  const bindings = Object.fromEntries(Object.entries(VARIABLES).map(([name, [, value]]) => [name, value]));
  return compiled.program.evaluate(bindings, costLimit === undefined ? {} : {costLimit});
}

/** The value as the tables write it (`int 3`), `error: …` or `compile: …` with the message alone. */
export function answer(source: string): unknown {
  const compiled = compileWithVariables(source);
  if (!compiled.ok)
    return `compile: ${/ERROR: <input>:\S+: (?<message>.*)/.exec(compiled.error)?.groups?.['message'] ?? compiled.error}`;
  const outcome = run(source);
  return outcome.ok ? shown(outcome.value) : `error: ${outcome.error}`;
}
