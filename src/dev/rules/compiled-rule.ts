import {compile} from '../../cel/compile.ts';
import type {Compiled, Program} from '../../cel/compile.ts';
import {BOOL, optionalType, sameType, STRING} from '../../cel/types.ts';
import type {CelType} from '../../cel/types.ts';
import type {Schema} from '../schema/schema.ts';
import {shownFieldPath} from './field-path.ts';
import type {ValidationRule} from './validation-rule.ts';

/** A rule that can run, or why it can't. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Undefined: an empty rule, or one with an error. */
  readonly program: Program | undefined;
  readonly error: string | undefined;
  /** It compares with what was before, so it speaks about updates only. */
  readonly usesOldSelf: boolean;
  readonly messageProgram: Program | undefined;
  readonly messageError: string | undefined;
  /** Below the value that the rule is about, as errors print it; empty for the value itself. */
  readonly fieldPath: string;
}

/** @param self - the type of the value that the rules are about */
export function compileRule(rule: ValidationRule, self: CelType, schema: Schema): CompiledRule {
  const without = {rule, program: undefined, error: undefined, usesOldSelf: false} as const;
  const message = {messageProgram: undefined, messageError: undefined, fieldPath: ''} as const;
  if (rule.rule.trim() === '') return {...without, ...message};
  const variables = {self, oldSelf: rule.optionalOldSelf === true ? optionalType(self) : self};
  // What compiles without `oldSelf` does not use it.
  const alone = compile(rule.rule, {variables: {self}});
  const compiled = alone.ok ? alone : compile(rule.rule, {variables});
  if (!compiled.ok) return {...without, ...message, error: `compilation failed: ${compiled.error}`};
  const {program} = compiled;
  if (!sameType(program.type, BOOL)) return {...without, ...message, error: 'cel expression must evaluate to a bool'};
  return {
    rule,
    program,
    error: undefined,
    usesOldSelf: !alone.ok,
    ...messageOf(rule, compile(rule.messageExpression, {variables})),
    fieldPath: rule.fieldPath === '' ? '' : (shownFieldPath(rule.fieldPath, schema) ?? ''),
  };
}

function messageOf(rule: ValidationRule, compiled: Compiled): Pick<CompiledRule, 'messageProgram' | 'messageError'> {
  const none = {messageProgram: undefined, messageError: undefined};
  if (rule.messageExpression === '') return none;
  if (!compiled.ok) return {...none, messageError: `messageExpression compilation failed: ${compiled.error}`};
  if (sameType(compiled.program.type, STRING)) return {...none, messageProgram: compiled.program};
  return {...none, messageError: 'messageExpression must evaluate to a string'};
}
