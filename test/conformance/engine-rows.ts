/** A sentence of the standard that is about a decision, not about an object: given and answer as text. */
export interface EngineRow {
  readonly title: string;
  readonly ask:
    | 'may a cluster have this id'
    | 'which clusters get the traffic of an import that these export'
    | 'how many of so many endpoints are imported';
  readonly given: string;
  readonly answer: string;
}

const id = (given: string, answer: 'yes' | 'no'): EngineRow => ({
  title: '[2] a cluster id is one DNS label of at most 63 characters, so that it fits a label value and a name',
  ask: 'may a cluster have this id',
  given,
  answer,
});
const spread = (given: string, answer: string): EngineRow => ({
  title: '[32] requests are spread over all clusters that export',
  ask: 'which clusters get the traffic of an import that these export',
  given,
  answer,
});
const endpoints = (given: string, answer: string): EngineRow => ({
  title: '[46] endpoints are imported up to a limit, and beyond it none of them',
  ask: 'how many of so many endpoints are imported',
  given,
  answer,
});

export const ENGINE_ROWS: readonly EngineRow[] = [
  id('c1', 'yes'),
  id('1-a', 'yes'),
  id('a'.repeat(63), 'yes'),
  id('a'.repeat(64), 'no'),
  id('a.b', 'no'),
  id('A', 'no'),
  id('-a', 'no'),
  spread('a b c', 'a:100 b:100 c:100'),
  spread('a', 'a:100'),
  endpoints('1000', '1000'),
  endpoints('5000', '5000'),
  endpoints('5001', '0, and why: TooManyEndpoints'),
];
