import {compile} from '../../cel/compile.ts';
import type {Program} from '../../cel/compile.ts';
import {sameType, typeName} from '../../cel/types.ts';
import type {CelType} from '../../cel/types.ts';
import {declaredVariables} from './environment.ts';
import type {Declared} from './environment.ts';

export type CompiledExpression =
  {readonly ok: true; readonly program: Program} | {readonly ok: false; readonly error: string};

/**
 * Compiles an expression about a request.
 *
 * @param returns - one of these exactly: dyn is none of them. Empty: anything
 */
export function compileExpression(
  source: string,
  declared: Declared,
  returns: readonly CelType[] = [],
): CompiledExpression {
  const compiled = compile(source, {variables: declaredVariables(declared)});
  if (!compiled.ok) return {ok: false, error: `compilation failed: ${compiled.error}`};
  const {type} = compiled.program;
  if (returns.length === 0 || returns.some((wanted) => sameType(wanted, type))) return compiled;
  const wanted = returns.map(nameOf);
  const choice = wanted.length === 1 ? wanted[0] : `one of [${wanted.join(' ')}]`;
  return {ok: false, error: `must evaluate to ${choice} but got ${nameOf(type)}`};
}

/** Basic types have the name that `type()` gives them. */
function nameOf(type: CelType): string {
  return type.kind === 'primitive' ? type.name : typeName(type);
}
