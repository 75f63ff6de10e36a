import {Fault} from './values.ts';
import type {CelType} from './types.ts';
import type {CelValue, Result} from './values.ts';
import {KUBERNETES} from './library/kubernetes.ts';
import type {Library} from './signature.ts';
import {Meter} from './meter.ts';
import {PER_CALL_COST_LIMIT} from './limits.ts';
import type {Plan} from './interpreter.ts';
import {check} from './checker.ts';
import {checkTree} from './tree.ts';
import {parse} from './parser.ts';
import {plan} from './interpreter.ts';
import {problemsText} from './problem.ts';
import {readBinding} from './binding.ts';
import type {Binding} from './binding.ts';

/** What an expression may use. */
export interface Environment {
  /** Variables by name with their types; a name may have dots. */
  readonly variables: Readonly<Record<string, CelType>>;
  /** Functions; a kube-apiserver's by default. */
  readonly library?: Library;
  /** Kubernetes' rule that list and map literals have elements of one type. On by default. */
  readonly homogeneous?: boolean;
}

export type Compiled = {readonly ok: true; readonly program: Program} | {readonly ok: false; readonly error: string};

export type Outcome =
  | {readonly ok: true; readonly value: CelValue; readonly cost: number}
  | {readonly ok: false; readonly error: string; readonly costExceeded: boolean; readonly cost: number};

export interface EvaluateOptions {
  /** Most cost units this call may take; a kube-apiserver's limit for one call by default. */
  readonly costLimit?: number;
}

/** A compiled expression. Immutable; evaluations don't know of each other. */
export class Program {
  readonly source: string;
  /** What it evaluates to, as far as the checker knows. */
  readonly type: CelType;
  readonly #plan: Plan;
  readonly #variables: Readonly<Record<string, CelType>>;

  constructor(
    source: string,
    type: CelType,
    {plan: planned, variables}: {readonly plan: Plan; readonly variables: Environment['variables']},
  ) {
    this.source = source;
    this.type = type;
    this.#plan = planned;
    this.#variables = variables;
  }

  /** Evaluates with these values of the declared variables. Never throws; ends within the cost limit. */
  evaluate(bindings: Readonly<Record<string, Binding>>, options: EvaluateOptions = {}): Outcome {
    const meter = new Meter(options.costLimit ?? PER_CALL_COST_LIMIT);
    const known = new Map<string, Result>();
    const variable = (name: string): Result => {
      const before = known.get(name);
      if (before !== undefined) return before;
      const value = readBinding(name, bindings, this.#variables);
      known.set(name, value);
      return value;
    };
    const value = this.#plan.step({meter, locals: Array.from({length: this.#plan.slots}, () => null), variable});
    const cost = Math.ceil(meter.cost);
    if (!(value instanceof Fault)) return {ok: true, value, cost};
    return {ok: false, error: value.message, costExceeded: value.fatal, cost};
  }
}

/** Compiles a source for an environment. Errors have cel-go's texts, with the place in the source. */
export function compile(source: string, environment: Environment): Compiled {
  const parsed = parse(source);
  if (!parsed.ok) return {ok: false, error: problemsText(source, parsed.problems)};
  const deep = checkTree(parsed.expr);
  if (deep !== undefined) return {ok: false, error: problemsText(source, [deep])};
  const library = environment.library ?? KUBERNETES;
  const {variables} = environment;
  const scope = {variables: new Map(Object.entries(variables)), library, homogeneous: environment.homogeneous ?? true};
  const checked = check(parsed.expr, scope);
  if (checked.problems.length > 0) return {ok: false, error: problemsText(source, checked.problems)};
  const planned = plan(parsed.expr, checked, library);
  return {ok: true, program: new Program(source, checked.type, {plan: planned, variables})};
}
