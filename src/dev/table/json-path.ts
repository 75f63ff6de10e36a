import {isObject, jsonEquals} from '../schema/json.ts';

type Step =
  | {readonly kind: 'member'; readonly name: string}
  | {readonly kind: 'index'; readonly index: number}
  | {readonly kind: 'all'}
  | {readonly kind: 'filter'; readonly path: readonly Step[]; readonly operator: string; readonly value: unknown};

/**
 * Compiles the JSONPath of a printer column: members (`.a`, `.a\.b`, `['a']`), indices, `[*]`, and one comparison
 * (`[?(@.type=="Ready")]`). Braces and `$` around it are taken as well.
 *
 * @returns a function that lists the values found; undefined where the path uses more than that
 */
export function compileJsonPath(text: string): ((root: unknown) => unknown[]) | undefined {
  const steps = parseSteps(text.replace(/^\{(.*)\}$/su, '$1').replace(/^\$/u, ''));
  return steps === undefined ? undefined : (root) => walk(steps, root);
}

/** Sticky, so that each match has to begin where the one before ended. */
const token =
  /\.(?<name>(?:\\.|[^.[\]\\])+)|\[(?:(?<index>-?\d+)|(?<all>\*)|(?<quoted>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|\?\(@(?<path>(?:\.(?:\\.|[\w-])+)+)\s*(?<operator>==|!=|<=|>=|<|>)\s*(?<value>'[^']*'|"[^"]*"|[-\w.]+)\))\]/uy;

function parseSteps(text: string): Step[] | undefined {
  const steps: Step[] = [];
  const normal = text.startsWith('.') || text.startsWith('[') ? text : `.${text}`;
  const scanner = new RegExp(token);
  while (scanner.lastIndex < normal.length) {
    const found = scanner.exec(normal)?.groups;
    const step = found === undefined ? undefined : toStep(found);
    if (step === undefined) return undefined;
    steps.push(step);
  }
  return steps;
}

function toStep(found: Readonly<Record<string, string | undefined>>): Step | undefined {
  if (found['name'] !== undefined)
    return found['name'] === '*' ? {kind: 'all'} : {kind: 'member', name: unescaped(found['name'])};
  if (found['quoted'] !== undefined) return {kind: 'member', name: unescaped(found['quoted'].slice(1, -1))};
  if (found['index'] !== undefined) return {kind: 'index', index: Number(found['index'])};
  if (found['all'] !== undefined) return {kind: 'all'};
  const path = parseSteps(found['path'] ?? '');
  return path === undefined
    ? undefined
    : {kind: 'filter', path, operator: found['operator'] ?? '', value: literal(found['value'] ?? '')};
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/gu, '$1');
}

function literal(text: string): unknown {
  if (/^['"]/u.test(text)) return text.slice(1, -1);
  if (text === 'true' || text === 'false') return text === 'true';
  return Number.isNaN(Number(text)) ? text : Number(text);
}

function walk(steps: readonly Step[], root: unknown): unknown[] {
  let found: unknown[] = [root];
  for (const step of steps) found = found.flatMap((value) => take(step, value));
  return found;
}

function take(step: Step, value: unknown): unknown[] {
  switch (step.kind) {
    case 'member':
      return isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'index':
      return Array.isArray(value) ? value.slice(step.index).slice(0, 1) : [];
    case 'all':
      return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
    case 'filter':
      return Array.isArray(value)
        ? value.filter((item) => walk(step.path, item).some((left) => holds(step, left)))
        : [];
  }
}

function holds(filter: {readonly operator: string; readonly value: unknown}, left: unknown): boolean {
  const {operator, value: right} = filter;
  if (operator === '==') return jsonEquals(left, right);
  if (operator === '!=') return !jsonEquals(left, right);
  if (typeof left !== 'number' || typeof right !== 'number') return false;
  const order = Math.sign(left - right);
  return operator === '<' ? order < 0 : operator === '<=' ? order <= 0 : operator === '>' ? order > 0 : order >= 0;
}
