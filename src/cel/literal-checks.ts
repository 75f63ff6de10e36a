import type {CallExpr, Expr} from './ast.ts';
import type {Problem} from './problem.ts';
import {compilePattern} from './pattern.ts';
import {parseDuration, parseTimestamp} from './time.ts';

/** Why a literal argument can't be right; undefined: it can. */
const RULES: ReadonlyMap<string, (literal: string) => boolean> = new Map([
  ['timestamp', (literal: string) => parseTimestamp(literal) !== undefined],
  ['duration', (literal: string) => parseDuration(literal) !== undefined],
  ['matches', (literal: string) => typeof compilePattern(literal) !== 'string'],
]);

function argumentOf(expr: CallExpr): Expr | undefined {
  return expr.name === 'matches' ? expr.args.at(-1) : expr.args[0];
}

/** A literal duration, timestamp or pattern that can't be read is an error of the source, as Kubernetes has it since 1.29. */
export function checkLiteral(expr: CallExpr): Problem | undefined {
  const rule = RULES.get(expr.name);
  const argument = argumentOf(expr);
  if (rule === undefined || argument?.kind !== 'literal' || typeof argument.value !== 'string') return undefined;
  return rule(argument.value) ? undefined : {at: argument.at, message: `invalid ${expr.name} argument`};
}
