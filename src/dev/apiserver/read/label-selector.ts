import {badRequest} from '../api-error.ts';

export type LabelMatcher = (labels: Readonly<Record<string, string>>) => boolean;

type Token = string;

/**
 * Parses the `labelSelector` of a request: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.
 *
 * @throws ApiError 400 for anything else
 */
export function parseLabelSelector(text: string): LabelMatcher {
  const tokens = tokenize(text);
  const requirements: LabelMatcher[] = [];
  let at = 0;
  while (at < tokens.length) {
    const parsed = parseRequirement(tokens, at);
    requirements.push(parsed.matches);
    at = parsed.next;
    if (at < tokens.length && tokens[at] !== ',') {
      throw badRequest(`unable to parse requirement: found '${tokens[at]}', expected: ',' or 'end of string'`);
    }
    at++;
  }
  return (labels) => requirements.every((matches) => matches(labels));
}

function tokenize(text: string): readonly Token[] {
  return text.match(/!=|==|[=,()<>!]|[^\s=,()<>!]+/g) ?? [];
}

interface Parsed {
  readonly matches: LabelMatcher;
  readonly next: number;
}

function parseRequirement(tokens: readonly Token[], at: number): Parsed {
  const first = tokens[at] ?? '';
  if (first === '!') {
    const key = checkKey(tokens[at + 1]);
    return {matches: (labels) => !Object.hasOwn(labels, key), next: at + 2};
  }
  const key = checkKey(first);
  const operator = tokens[at + 1];
  if (operator === undefined || operator === ',') {
    return {matches: (labels) => Object.hasOwn(labels, key), next: at + 1};
  }
  switch (operator) {
    case '=':
    case '==':
      return withValue(tokens, at, (value) => (labels) => labels[key] === value);
    case '!=':
      return withValue(tokens, at, (value) => (labels) => labels[key] !== value);
    case '>':
      return withValue(tokens, at, (value) => (labels) => Number(labels[key]) > Number(value));
    case '<':
      return withValue(tokens, at, (value) => (labels) => Number(labels[key]) < Number(value));
    case 'in':
      return withSet(tokens, at, (values) => (labels) => values.has(labels[key] ?? '') && Object.hasOwn(labels, key));
    case 'notin':
      return withSet(tokens, at, (values) => (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key] ?? ''));
    default:
      throw badRequest(`unable to parse requirement: found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
  }
}

function checkKey(token: Token | undefined): string {
  if (token === undefined || !/^([a-z0-9.-]+\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(token)) {
    throw badRequest(`unable to parse requirement: found '${token ?? ''}', expected: identifier`);
  }
  return token;
}

function withValue(tokens: readonly Token[], at: number, matcher: (value: string) => LabelMatcher): Parsed {
  const value = tokens[at + 2];
  // `a=` asks for the empty value.
  if (value === undefined || value === ',') return {matches: matcher(''), next: at + 2};
  return {matches: matcher(value), next: at + 3};
}

function withSet(tokens: readonly Token[], at: number, matcher: (values: ReadonlySet<string>) => LabelMatcher): Parsed {
  const close = tokens.indexOf(')', at);
  if (tokens[at + 2] !== '(' || close < 0) {
    throw badRequest(`unable to parse requirement: found '${tokens[at + 2] ?? ''}', expected: '('`);
  }
  const values = tokens.slice(at + 3, close).filter((token) => token !== ',');
  return {matches: matcher(new Set(values)), next: close + 1};
}
