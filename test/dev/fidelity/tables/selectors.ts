import {refused} from '../answers.ts';
import {CM, configMap, GADGETS} from '../kinds.ts';
import {get, post} from '../row.ts';
import type {Row} from '../row.ts';

type Case = readonly [selector: string, why: string];

const OPERATORS = 'in, notin, =, ==, !=, gt, lt';
const START = "!, identifier, or 'end of string'";
const GO_ON = "',' or 'end of string'";
const INTEGER = "for 'Gt', 'Lt' operators, the value must be an integer";
const NAME =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const KEY =
  "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') " +
  "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
const VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const LONG = 'K'.repeat(64);

/** Between requirements. */
const WHOLE: readonly Case[] = [
  ['a=b=c', `found '=', expected: ${GO_ON}`],
  ['a=b c', `found 'c', expected: ${GO_ON}`],
  ['a!=b!', `found '!', expected: ${GO_ON}`],
  ['!a=b', `found '=', expected: ${GO_ON}`],
  ['a in (b)c', `found 'c', expected: ${GO_ON}`],
  ['=a', `found '=', expected: ${START}`],
  [',a', `found ',', expected: ${START}`],
  ['()', `found '(', expected: ${START}`],
  ['a,', "found '', expected: identifier after ','"],
  ['a==b,', "found '', expected: identifier after ','"],
  ['!a,', "found '', expected: identifier after ','"],
];

/** Within one. */
const PARTS: readonly Case[] = [
  ['a===', "found '=', expected: identifier"],
  ['!', "found '', expected: identifier"],
  ['a=(', "found '(', expected: identifier"],
  ['a!', `found '!', expected: ${OPERATORS}`],
  ['a!in', `found '!', expected: ${OPERATORS}`],
  ['a gt 1', `found 'gt', expected: ${OPERATORS}`],
  ['a()', `found '(', expected: ${OPERATORS}`],
  ['a in', "found '' expected: '('"],
  ['a notin', "found '' expected: '('"],
  ['a in b', "found 'b' expected: '('"],
  ['a in (', "found '', expected: ',', ')' or identifier"],
  ['a in ((b)', "found '(', expected: ',', ')' or identifier"],
  ['a notin (b', "found '', expected: ',' or ')'"],
  ['a in (b c)', "found 'c', expected: ',' or ')'"],
  ['a in (b=)', "found '=', expected: ',' or ')'"],
  ['a in (,', "found '', expected: ',', or identifier"],
  ['a>x', `values[0]: Invalid value: "x": ${INTEGER}`],
  ['a<', `values[0]: Invalid value: "": ${INTEGER}`],
  ['b>1.5', `values[0]: Invalid value: "1.5": ${INTEGER}`],
  ['x/y/z=1', `<nil>: Invalid value: "x/y/z": ${KEY}`],
  ['_a=1', `<nil>: Invalid value: "_a": ${NAME}`],
  ['é=1', `<nil>: Invalid value: "é": ${NAME}`],
  [LONG, `<nil>: Invalid value: "${LONG}": name part must be no more than 63 bytes`],
  ['a=_x', `values[0][a]: Invalid value: "_x": ${VALUE}`],
  ['a=é', `values[0][a]: Invalid value: "é": ${VALUE}`],
  ['a in (_x,-)', `[values[0][a]: Invalid value: "-": ${VALUE}, values[1][a]: Invalid value: "_x": ${VALUE}]`],
];

const cannot = (selector: string): string => `invalid selector: '${selector}'; can't understand '${selector}'`;
const FIELDS: readonly Case[] = [
  ['a', cannot('a')],
  ['metadata.name', cannot('metadata.name')],
  ['metadata.name in (a)', cannot('metadata.name in (a)')],
  ['metadata.name>a', cannot('metadata.name>a')],
  ['metadata.name=a=b', 'invalid field selector: unescaped character in value: 61'],
];

const LABELS = {sel: 'yes', tier: 'front', n: '5', in: 'x'};

/** Each selects the one object that there is, or nothing. */
const FINDS: readonly (readonly [selector: string, finds: boolean])[] = [
  ['tier=front', true],
  ['tier==front', true],
  ['tier!=front', false],
  ['tier=', false],
  ['tier', true],
  ['!tier', false],
  ['nope!=x', true],
  ['tier in (front,back)', true],
  ['tier in (,front)', true],
  ['tier in ()', false],
  ['tier notin (front)', false],
  ['nope notin (a)', true],
  ['n>4', true],
  ['n>5', false],
  ['n<6', true],
  ['tier>1', false],
  ['in in (x)', true],
  ['in', true],
  ['notin=a', false],
];

function list(path: string, kind: 'label' | 'field', selector: string): Row['call'] {
  return get(`${path}?limit=1&${kind}Selector=${encodeURIComponent(selector)}`);
}

/** Selectors of lists (apiserver §3.1): what they find, and the words that a wrong one is refused with. */
export const selectors: readonly Row[] = [
  ...WHOLE.map(([selector, why]): Row => ({
    name: `labels ${selector}`,
    call: list(CM, 'label', selector),
    answer: refused(400, 'BadRequest', why),
  })),
  ...PARTS.map(([selector, why]): Row => ({
    name: `labels ${selector}`,
    call: list(GADGETS, 'label', selector),
    answer: refused(400, 'BadRequest', `unable to parse requirement: ${why}`),
  })),
  ...FIELDS.map(([selector, why]): Row => ({
    name: `fields ${selector}`,
    call: list(CM, 'field', selector),
    answer: refused(400, 'BadRequest', why),
  })),
  {
    name: 'fields =x of a built-in kind',
    call: list(CM, 'field', '=x'),
    answer: refused(400, 'BadRequest', '"" is not a known field selector: only "metadata.name", "metadata.namespace"'),
  },
  {
    name: 'fields =x of a custom kind',
    call: list(GADGETS, 'field', '=x'),
    answer: refused(400, 'BadRequest', 'field label not supported: '),
  },
  {
    name: 'fields of a name that says nothing more',
    before: [post(CM, configMap('selected', {}, {labels: LABELS}))],
    call: list(CM, 'field', 'metadata.name=selected,'),
    answer: {code: 200, object: {items: [{metadata: {name: 'selected'}}]}},
  },
  {
    name: 'fields with an escaped comma',
    call: list(CM, 'field', 'metadata.name=a\\,b'),
    answer: {code: 200, object: {items: []}},
  },
  {
    name: 'fields of both names',
    call: list(CM, 'field', 'metadata.name==selected,metadata.namespace!=other'),
    answer: {code: 200, object: {items: [{metadata: {name: 'selected'}}]}},
  },
  ...FINDS.map(([selector, finds]): Row => ({
    name: `labels sel=yes,${selector} ${finds ? 'is there' : 'is nobody'}`,
    call: list(CM, 'label', `sel=yes,${selector}`),
    answer: {code: 200, object: {items: finds ? [{metadata: {name: 'selected'}}] : []}},
  })),
];
