import {wrongLabelValue, wrongQualifiedName} from '../../builtin/name-rules.ts';
import {badRequest} from '../api-error.ts';

export type LabelMatcher = (labels: Readonly<Record<string, string>>) => boolean;

const SYMBOLS = new Set(['!', '=', '==', '!=', '>', '<', '(', ')', ',']);
const START = "!, identifier, or 'end of string'";
const OPERATORS = 'in, notin, =, ==, !=, gt, lt';

/**
 * Parses the `labelSelector` of a request: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.
 *
 * @throws ApiError 400 for anything else
 */
export function parseLabelSelector(text: string): LabelMatcher {
  const words = new Words(text);
  const requirements: LabelMatcher[] = [];
  while (words.peek() !== '') {
    if (words.peek() !== '!' && !words.atName()) throw badRequest(`found '${words.peek()}', expected: ${START}`);
    requirements.push(parseRequirement(words));
    if (words.peek() === '') break;
    if (words.peek() !== ',') throw badRequest(`found '${words.peek()}', expected: ',' or 'end of string'`);
    words.take();
    if (words.peek() !== '!' && !words.atName()) {
      throw badRequest(`found '${words.peek()}', expected: identifier after ','`);
    }
  }
  return (labels) => requirements.every((matches) => matches(labels));
}

/** What is left of a selector, symbol by symbol; the end is an empty text. */
class Words {
  readonly #words: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#words = text.match(/!=|==|[=,()<>!]|[^\s=,()<>!]+/g) ?? [];
  }

  peek(): string {
    return this.#words[this.#at] ?? '';
  }

  atName(): boolean {
    return this.peek() !== '' && !SYMBOLS.has(this.peek());
  }

  take(): string {
    const word = this.peek();
    this.#at++;
    return word;
  }

  takeName(): string {
    if (!this.atName()) throw wrong(`found '${this.peek()}', expected: identifier`);
    return this.take();
  }
}

function parseRequirement(words: Words): LabelMatcher {
  const absent = words.peek() === '!';
  if (absent) words.take();
  const key = words.takeName();
  refuse(wrongQualifiedName(key).map((text) => `<nil>: Invalid value: ${JSON.stringify(key)}: ${text}`));
  if (absent) return (labels) => !Object.hasOwn(labels, key);
  if (words.peek() === '' || words.peek() === ',') return (labels) => Object.hasOwn(labels, key);
  const operator = words.take();
  switch (operator) {
    case '=':
    case '==':
    case 'in': {
      const values = takeValues(words, key, operator);
      return (labels) => Object.hasOwn(labels, key) && values.has(labels[key] ?? '');
    }
    case '!=':
    case 'notin': {
      const values = takeValues(words, key, operator);
      return (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key] ?? '');
    }
    case '>':
    case '<': {
      const bound = takeInteger(words);
      return (labels) =>
        isInteger(labels[key]) && (operator === '>' ? Number(labels[key]) > bound : Number(labels[key]) < bound);
    }
    default:
      throw wrong(`found '${operator}', expected: ${OPERATORS}`);
  }
}

function takeValues(words: Words, key: string, operator: string): ReadonlySet<string> {
  const values = operator === 'in' || operator === 'notin' ? takeList(words) : new Set([takeValue(words)]);
  refuse(
    [...values]
      .toSorted()
      .flatMap((value, at) =>
        wrongLabelValue(value).map((text) => `values[${at}][${key}]: Invalid value: ${JSON.stringify(value)}: ${text}`),
      ),
  );
  return values;
}

/** `a=` asks for the empty value. */
function takeValue(words: Words): string {
  return words.peek() === '' || words.peek() === ',' ? '' : words.takeName();
}

function takeInteger(words: Words): number {
  const value = takeValue(words);
  if (isInteger(value)) return Number(value);
  const rule = "for 'Gt', 'Lt' operators, the value must be an integer";
  throw wrong(`values[0]: Invalid value: ${JSON.stringify(value)}: ${rule}`);
}

function isInteger(value: string | undefined): boolean {
  return /^[-+]?\d+$/.test(value ?? '');
}

/** `(a,b)`; between two commas, and in empty parentheses, is the empty value. */
function takeList(words: Words): ReadonlySet<string> {
  if (words.peek() !== '(') throw wrong(`found '${words.peek()}' expected: '('`);
  words.take();
  const values = new Set<string>();
  if (!words.atName() && words.peek() !== ',' && words.peek() !== ')') {
    throw wrong(`found '${words.peek()}', expected: ',', ')' or identifier`);
  }
  for (;;) {
    const named = words.atName();
    values.add(named ? words.take() : '');
    const end = words.peek();
    if (end !== ',' && end !== ')')
      throw wrong(`found '${end}', expected: ${named ? "',' or ')'" : "',', or identifier"}`);
    words.take();
    if (end === ')') return values;
    // A comma right before the end stands for one more empty value, and the end of the text for nothing.
    if (words.peek() === '') throw wrong(`found '', expected: ',', or identifier`);
  }
}

function refuse(errors: readonly string[]): void {
  if (errors.length > 0) throw wrong(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`);
}

function wrong(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}
