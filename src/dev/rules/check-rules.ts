import {fromJson} from '../../cel/json-data.ts';
import {OBJECT_COST_LIMIT} from '../../cel/limits.ts';
import {Fault, OptionalValue} from '../../cel/values.ts';
import type {Result} from '../../cel/values.ts';
import {Correlation, oldItem} from '../schema/correlation.ts';
import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import type {CompiledRule} from './compiled-rule.ts';
import {ruleError, ruleFault, ruleMessage, ruleName} from './rule-error.ts';
import type {RuleTree} from './rule-tree.ts';

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** A value, what it was before, and where both are. */
interface Place {
  readonly path: string;
  readonly value: unknown;
  /** Undefined: it was not there, or can't be told. */
  readonly old: unknown;
  readonly correlation: Correlation | undefined;
  /** The closest one above that correlates: where that did not change, errors below it are let be. */
  readonly parent: Correlation | undefined;
}

/**
 * Runs the rules of a custom kind on an object that fits its schema, within the budget of one object.
 *
 * @param old - undefined for a create
 * @param warn - is told what is wrong but was so before
 */
export function checkRules(
  tree: RuleTree,
  {object, old}: {readonly object: JsonObject; readonly old: JsonObject | undefined},
  warn: (text: string) => void,
): FieldError[] {
  const correlation = old === undefined ? undefined : new Correlation(object, old, tree.schema);
  const run = new RuleRun(warn);
  run.visit(tree, {path: '', value: object, old, correlation, parent: undefined});
  return run.errors;
}

class RuleRun {
  readonly errors: FieldError[] = [];
  readonly #warn: (text: string) => void;
  #budget = OBJECT_COST_LIMIT;
  #isOver = false;

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  visit(tree: RuleTree, place: Place): void {
    if (this.#isOver || place.value === null || place.value === undefined) return;
    this.#runRules(tree, place);
    // As upstream, what only a part of `allOf` asks for is not excused by being what it was.
    for (const part of tree.allOf) this.visit(part, {...place, correlation: undefined});
    const {value} = place;
    if (Array.isArray(value)) this.#visitItems(tree, place, value);
    else if (isObject(value)) this.#visitMembers(tree, place, value);
  }

  #visitItems(tree: RuleTree, place: Place, list: readonly unknown[]): void {
    const {items} = tree;
    if (items === undefined) return;
    for (const [index, value] of list.entries()) {
      const old = oldItem(tree.schema, place.old, value);
      const child = {path: `${place.path}[${index}]`, value, old};
      this.visit(items, {...child, ...inside(place, (correlation) => correlation.item(index))});
    }
  }

  #visitMembers(tree: RuleTree, place: Place, object: JsonObject): void {
    for (const [name, value] of Object.entries(object)) {
      const old = isObject(place.old) && Object.hasOwn(place.old, name) ? place.old[name] : undefined;
      // Version and kind of both were made the same, so that they are says nothing.
      const isTypeMeta = place.parent === undefined && (name === 'apiVersion' || name === 'kind');
      const correlated = isTypeMeta
        ? {correlation: undefined, parent: undefined}
        : inside(place, (correlation) => correlation.member(name));
      const {values} = tree;
      if (values !== undefined) this.visit(values, {path: `${place.path}[${name}]`, value, old, ...correlated});
      const member = tree.members.get(name);
      const path = place.path === '' ? name : `${place.path}.${name}`;
      if (member !== undefined) this.visit(member, {path, value, old, ...correlated});
    }
  }

  #runRules(tree: RuleTree, place: Place): void {
    for (const compiled of tree.rules) {
      if (this.#isOver) return;
      this.#runRule(tree, place, compiled);
    }
  }

  #runRule(tree: RuleTree, place: Place, compiled: CompiledRule): void {
    const {program, rule, error} = compiled;
    const fault = (text: string): FieldError => ruleFault(place.path, tree.schema, text);
    if (error !== undefined) this.errors.push(fault(`rule compile error: ${error}`));
    if (program === undefined) return;
    const isNew = place.old === undefined || place.old === null;
    const isOptional = rule.optionalOldSelf === true;
    if (compiled.usesOldSelf && isNew && !isOptional) return;
    if (this.#budget <= 0) return this.#end(fault(OUT_OF_BUDGET));
    const old = isNew ? {} : {oldSelf: place.old};
    const bindings = {self: place.value, ...(isOptional ? {oldSelf: optional(place.old, tree)} : old)};
    const outcome = program.evaluate(bindings);
    if (!this.#spend(outcome.cost)) return this.#end(fault(OUT_OF_BUDGET));
    if (!outcome.ok) {
      const said = failedText(outcome.error, ruleName(rule), outcome.costExceeded);
      return outcome.costExceeded ? this.#end(fault(said)) : void this.errors.push(fault(said));
    }
    if (outcome.value === true) return;
    this.#refuse(tree, place, {compiled, bindings: {self: place.value, ...old}});
  }

  /** A rule that does not hold. Its message may be an expression, which has its cost too and may fail. */
  #refuse(
    tree: RuleTree,
    place: Place,
    {compiled, bindings}: {compiled: CompiledRule; bindings: Readonly<Record<string, unknown>>},
  ): void {
    const {rule, messageProgram, fieldPath} = compiled;
    const path = fieldPath === '' ? place.path : place.path === '' ? fieldPath : `${place.path}.${fieldPath}`;
    const add = (error: FieldError): void => this.#add(compiled, place, error);
    let message: string | undefined;
    if (messageProgram !== undefined) {
      const outcome = messageProgram.evaluate(bindings);
      const stop = (text: string): void => {
        this.#isOver = true;
        add(ruleFault(path, tree.schema, text));
      };
      if (!this.#spend(outcome.cost)) {
        return stop(
          'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
        );
      }
      if (!outcome.ok && outcome.costExceeded) {
        const source = JSON.stringify(rule.messageExpression);
        return stop(
          `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${source}`,
        );
      }
      message = outcome.ok ? usable(outcome.value) : undefined;
    }
    add(ruleError(rule, {path, schema: tree.schema, value: place.value, message: message ?? ruleMessage(rule)}));
  }

  #add(compiled: CompiledRule, {correlation, parent}: Place, error: FieldError): void {
    const wasSo = !compiled.usesOldSelf && (correlation ?? parent)?.isUnchanged === true;
    if (wasSo) this.#warn(`${error.field}: ${error.message}`);
    else this.errors.push(error);
  }

  #spend(cost: number): boolean {
    if (cost > this.#budget) return false;
    this.#budget -= cost;
    return true;
  }

  #end(error: FieldError): void {
    this.#isOver = true;
    this.errors.push(error);
  }
}

function inside(
  place: Place,
  step: (from: Correlation) => Correlation | undefined,
): Pick<Place, 'correlation' | 'parent'> {
  const {correlation, parent} = place;
  return correlation === undefined ? {correlation, parent} : {correlation: step(correlation), parent: correlation};
}

function optional(old: unknown, tree: RuleTree): Result {
  if (old === undefined || old === null) return OptionalValue.none;
  const value = fromJson(old, tree.self);
  return value instanceof Fault ? value : new OptionalValue(value);
}

function failedText(error: string, name: string, isCostly: boolean): string {
  if (isCostly) {
    return `'${error}': no further validation rules will be run due to call cost exceeds limit for rule: ${name}`;
  }
  // Only what is typed at run time (int-or-string) can fail so.
  if (error.startsWith('no such overload')) {
    return `'${error}': call arguments did not match a supported operator, function or macro signature for rule: ${name}`;
  }
  return `${error} evaluating rule: ${name}`;
}

const MAX_MESSAGE_BYTES = 5 * 1024;

/** A message of one line that says something and is not too long; else the one that stands in the rule is taken. */
function usable(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' || text.includes('\n') || Buffer.byteLength(text) > MAX_MESSAGE_BYTES ? undefined : text;
}
