import {ArrayList, CelList, CelMap, EntryMap, Fault, TypeValue, valueTypeName} from './values.ts';
import {ACCU} from './ast.ts';
import type {CallExpr, Expr, FoldExpr, ListExpr, MapExpr, SelectExpr} from './ast.ts';
import type {CelValue, Result} from './values.ts';
import type {Checked} from './checker.ts';
import {contentOf, fieldOf, has, indexed, insert, optionalFieldOf, optionalIndexed} from './access.ts';
import {dispatch} from './dispatch.ts';
import {DENOTED_TYPES} from './denoted-types.ts';
import type {Library} from './signature.ts';
import {LIST_ENTRY_BYTES, MAP_ENTRY_BYTES, MAX_ENTRIES} from './limits.ts';
import type {Meter} from './meter.ts';
import {runtimeTypeName} from './types.ts';

/** What one evaluation carries. Comprehension variables live in `locals`, at the index planning gave them. */
export interface Run {
  readonly meter: Meter;
  readonly locals: Result[];
  readonly variable: (name: string) => Result;
}

type Step = (run: Run) => Result;

/** A list or map under construction: the accumulator of a comprehension, which only its own step can see, grows in place. */
class Growing extends ArrayList {
  readonly items: CelValue[];

  constructor(items: CelValue[]) {
    super(items);
    this.items = items;
  }
}

interface Local {
  readonly name: string;
  readonly index: number;
  readonly outer: Local | undefined;
}

const TOO_MANY = new Fault(`list or map has more than ${MAX_ENTRIES} entries`);

/** Turns a checked tree into closures once, so that an evaluation only calls them. */
class Planner {
  readonly #checked: Checked;
  readonly #library: Library;
  #locals: Local | undefined;
  #depth = 0;
  slots = 0;

  constructor(checked: Checked, library: Library) {
    this.#checked = checked;
    this.#library = library;
  }

  plan(expr: Expr): Step {
    const name = this.#checked.names.get(expr);
    if (name !== undefined) return this.#named(name);
    switch (expr.kind) {
      case 'literal': {
        const {value} = expr;
        return () => value;
      }
      case 'ident':
        return this.#local(expr.name);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'struct': {
        const fault = new Fault(`unknown type: ${expr.name}`);
        return () => fault;
      }
      case 'fold':
        return this.#fold(expr);
    }
  }

  #named(name: string): Step {
    const denoted = DENOTED_TYPES.get(name);
    if (denoted?.kind === 'type' && denoted.of !== undefined) {
      const value = new TypeValue(runtimeTypeName(denoted.of));
      return (run) => {
        const found = run.variable(name);
        return found instanceof Fault ? value : found;
      };
    }
    return (run) => run.meter.charge(1) ?? run.variable(name);
  }

  #local(name: string): Step {
    let local = this.#locals;
    while (local !== undefined && local.name !== name) local = local.outer;
    const index = local?.index ?? -1;
    if (index < 0) {
      const fault = new Fault(`undeclared reference to '${name}' (in container '')`);
      return () => fault;
    }
    return (run) => run.meter.charge(1) ?? run.locals[index] ?? null;
  }

  #select({operand, field, testOnly}: SelectExpr): Step {
    const inner = this.plan(operand);
    if (testOnly) return (run) => has(inner(run), field);
    return (run) => {
      const value = inner(run);
      return value instanceof Fault ? value : (run.meter.charge(1) ?? fieldOf(value, field));
    };
  }

  #call(expr: CallExpr): Step {
    switch (expr.name) {
      case '_&&_':
        return this.#logical(expr, false);
      case '_||_':
        return this.#logical(expr, true);
      case '_?_:_':
        return this.#conditional(expr);
      case '@not_strictly_false':
        return this.#notStrictlyFalse(expr);
      case '_?._':
        return this.#optionalSelect(expr);
      case '_[_]':
        return this.#index(expr, indexed);
      case '_[?_]':
        return this.#index(expr, optionalIndexed);
      default:
        return this.#function(expr);
    }
  }

  /** Either side may decide alone, whatever the other one is: `false && error` is false, and so is `error && false`. */
  #logical({args}: CallExpr, decisive: boolean): Step {
    const [left, right] = args.map((arg) => this.plan(arg));
    if (left === undefined || right === undefined) return () => new Fault('no such overload');
    return (run) => {
      const first = left(run);
      if (first === decisive || (first instanceof Fault && first.fatal)) return first;
      const second = right(run);
      if (second === decisive || (second instanceof Fault && second.fatal)) return second;
      if (first instanceof Fault) return first;
      if (second instanceof Fault) return second;
      return typeof first === 'boolean' && typeof second === 'boolean' ? !decisive : new Fault('no such overload');
    };
  }

  #conditional({args}: CallExpr): Step {
    const [condition, yes, no] = args.map((arg) => this.plan(arg));
    if (condition === undefined || yes === undefined || no === undefined) return () => new Fault('no such overload');
    return (run) => {
      const value = condition(run);
      if (value === true) return yes(run);
      if (value === false) return no(run);
      return value instanceof Fault ? value : new Fault('no such overload');
    };
  }

  #notStrictlyFalse({args}: CallExpr): Step {
    const inner = args[0] === undefined ? () => true : this.plan(args[0]);
    return (run) => {
      const value = inner(run);
      if (value instanceof Fault && value.fatal) return value;
      return run.meter.charge(1) ?? value !== false;
    };
  }

  #optionalSelect({args}: CallExpr): Step {
    const [operand, field] = args;
    if (operand === undefined || field?.kind !== 'literal' || typeof field.value !== 'string')
      return () => new Fault('no such overload');
    const inner = this.plan(operand);
    const name = field.value;
    return (run) => {
      const value = inner(run);
      return value instanceof Fault ? value : (run.meter.charge(1) ?? optionalFieldOf(value, name));
    };
  }

  /** Not dispatched by type: a dynamic index may be any integral number. */
  #index({args}: CallExpr, read: (container: CelValue, key: CelValue) => Result): Step {
    const [container, key] = args.map((arg) => this.plan(arg));
    if (container === undefined || key === undefined) return () => new Fault('no such overload');
    return (run) => {
      const from = container(run);
      if (from instanceof Fault) return from;
      const at = key(run);
      return at instanceof Fault ? at : (run.meter.charge(1) ?? read(from, at));
    };
  }

  #function(expr: CallExpr): Step {
    const overloads = this.#checked.overloads.get(expr) ?? this.#library.get(expr.name) ?? [];
    const member = overloads[0]?.member ?? expr.target !== undefined;
    const all = expr.target !== undefined && member ? [expr.target, ...expr.args] : expr.args;
    const steps = all.map((arg) => this.plan(arg));
    const {name} = expr;
    if (name === '_+_') return concatenation(steps, (args, meter) => dispatch(name, overloads, args, meter));
    return (run) => {
      const args: CelValue[] = [];
      for (const step of steps) {
        const value = step(run);
        if (value instanceof Fault) return value;
        args.push(value);
      }
      return dispatch(name, overloads, args, run.meter);
    };
  }

  #list({elements, optional}: ListExpr): Step {
    const steps = elements.map((element) => this.plan(element));
    return (run) => {
      const spent =
        run.meter.charge(10 + steps.length * 0.1) ?? run.meter.allocate((1 + steps.length) * LIST_ENTRY_BYTES);
      if (spent !== undefined) return spent;
      const items: CelValue[] = [];
      for (const [index, step] of steps.entries()) {
        const value = step(run);
        if (value instanceof Fault) return value;
        const content = optional.has(index) ? contentOf(value) : value;
        if (content instanceof Fault) return content;
        if (content !== undefined) items.push(content);
      }
      return new ArrayList(items);
    };
  }

  #map({entries}: MapExpr): Step {
    const steps = entries.map(({key, value, optional}) => ({key: this.plan(key), value: this.plan(value), optional}));
    return (run) => {
      const spent =
        run.meter.charge(30 + steps.length * 0.1) ?? run.meter.allocate((1 + steps.length) * MAP_ENTRY_BYTES);
      if (spent !== undefined) return spent;
      const map = new EntryMap();
      for (const {key, value, optional} of steps) {
        const name = key(run);
        if (name instanceof Fault) return name;
        const read = value(run);
        if (read instanceof Fault) return read;
        const content = optional ? contentOf(read) : read;
        if (content instanceof Fault) return content;
        if (content === undefined) continue;
        const fault = insert(map, name, content);
        if (fault !== undefined) return fault;
      }
      return map;
    };
  }

  #declare(name: string): number {
    const index = this.#depth;
    this.#locals = {name, index, outer: this.#locals};
    this.#depth += 1;
    this.slots = Math.max(this.slots, this.#depth);
    return index;
  }

  #fold(expr: FoldExpr): Step {
    const range = this.plan(expr.range);
    const init = this.plan(expr.init);
    const [outer, depth] = [this.#locals, this.#depth];
    const accu = this.#declare(expr.accu);
    const withAccu = this.#locals;
    const first = this.#declare(expr.iter);
    const second = expr.iter2 === undefined ? undefined : this.#declare(expr.iter2);
    const condition = this.plan(expr.condition);
    const step = this.plan(expr.step);
    this.#locals = withAccu;
    const result = this.plan(expr.result);
    [this.#locals, this.#depth] = [outer, depth];
    // A bound name (optMap) is an accumulator that the source can see: it must not change under it.
    const grows = expr.accu === ACCU;
    return (run) => {
      const over = range(run);
      if (over instanceof Fault) return over;
      const {locals, meter} = run;
      const started = init(run);
      locals[accu] = grows ? growable(started) : started;
      const loop = {accu, first, second, condition, step};
      const ended =
        over instanceof CelList
          ? overList(run, over, loop)
          : over instanceof CelMap
            ? overMap(run, over, loop)
            : undefined;
      if (ended === undefined) return new Fault(`got '${valueTypeName(over)}', expected iterable type`);
      if (ended !== true) return ended;
      const value = result(run);
      locals[accu] = null;
      return meter.exceeded ? (meter.charge(0) ?? value) : frozen(value);
    };
  }
}

interface FoldLoop {
  readonly accu: number;
  readonly first: number;
  readonly second: number | undefined;
  readonly condition: Step;
  readonly step: Step;
}

/** One round. True: go on; false: the condition ended the loop. */
function round(run: Run, {accu, condition, step}: FoldLoop): boolean | Fault {
  const spent = run.meter.charge(1);
  if (spent !== undefined) return spent;
  const goOn = condition(run);
  if (goOn instanceof Fault) return goOn;
  if (goOn !== true) return false;
  const value = step(run);
  if (value instanceof Fault && value.fatal) return value;
  run.locals[accu] = value;
  return true;
}

function overList(run: Run, list: CelList, loop: FoldLoop): true | Fault {
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    run.locals[loop.first] = loop.second === undefined ? item : BigInt(index);
    if (loop.second !== undefined) run.locals[loop.second] = item;
    const goOn = round(run, loop);
    if (goOn instanceof Fault) return goOn;
    if (!goOn) break;
  }
  return true;
}

function overMap(run: Run, map: CelMap, loop: FoldLoop): true | Fault {
  for (const key of map.keys()) {
    run.locals[loop.first] = key;
    if (loop.second !== undefined) run.locals[loop.second] = map.get(key) ?? null;
    const goOn = round(run, loop);
    if (goOn instanceof Fault) return goOn;
    if (!goOn) break;
  }
  return true;
}

/** An empty list literal that starts a comprehension may grow in place. */
function growable(value: Result): Result {
  return value instanceof ArrayList && value.size === 0 ? new Growing([]) : value;
}

function frozen(value: Result): Result {
  return value instanceof Growing ? new ArrayList(value.items) : value;
}

function concatenation(steps: readonly Step[], fallback: (args: readonly CelValue[], meter: Meter) => Result): Step {
  const [leftStep, rightStep] = steps;
  if (leftStep === undefined || rightStep === undefined) return () => new Fault('no such overload');
  return (run) => {
    const left = leftStep(run);
    if (left instanceof Fault) return left;
    const right = rightStep(run);
    if (right instanceof Fault) return right;
    if (!(left instanceof Growing) || !(right instanceof CelList)) return fallback([left, right], run.meter);
    if (left.size + right.size > MAX_ENTRIES) return TOO_MANY;
    const spent = run.meter.charge(1 + right.size * 0.1) ?? run.meter.allocate(right.size * LIST_ENTRY_BYTES);
    if (spent !== undefined) return spent;
    for (let index = 0; index < right.size; index += 1) {
      const item = right.at(index);
      if (item instanceof Fault) return item;
      left.items.push(item);
    }
    return left;
  };
}

/** A checked tree, ready to run. */
export interface Plan {
  readonly slots: number;
  readonly step: Step;
}

export function plan(expr: Expr, checked: Checked, library: Library): Plan {
  const planner = new Planner(checked, library);
  const step = planner.plan(expr);
  return {slots: planner.slots, step};
}
