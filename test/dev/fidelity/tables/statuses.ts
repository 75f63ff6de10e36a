import {invalid} from '../answers.ts';
import {GADGETS, gadget} from '../kinds.ts';
import {merge, post} from '../row.ts';
import type {Row} from '../row.ts';

type Cause = Parameters<typeof invalid>[1];

const SUBJECT = 'Gadget.t.dev "st"';
const UNCHECKED: Cause = [
  'Invalid',
  '<nil>',
  'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
];
const required = (field: string): Cause => ['Required', field, 'Required value'];
const requiredOf = (at: number, ...fields: readonly string[]): readonly Cause[] =>
  fields.map((field) => required(`status.conditions[${at}].${field}`));
const wrongType = (field: string, type: string, found: string): Cause => [
  'TypeInvalid',
  `status.${field}`,
  `Invalid value: "${found}": ${field} in body must be of type ${type}: "${found}"`,
];

const CASES: readonly (readonly [name: string, conditions: unknown, ...causes: Cause[]])[] = [
  [
    'a condition without anything',
    [{}],
    ...requiredOf(0, 'lastTransitionTime', 'message', 'reason', 'status', 'type'),
    UNCHECKED,
  ],
  [
    'two that lack something, one with a number',
    [{type: 'a'}, {type: 'b', status: 1}],
    ...requiredOf(0, 'lastTransitionTime', 'message', 'reason', 'status'),
    wrongType('conditions[1].status', 'string', 'integer'),
    ...requiredOf(1, 'lastTransitionTime', 'message', 'reason'),
    UNCHECKED,
  ],
  [
    'two of one type',
    [{type: 'a'}, {type: 'a'}],
    ...requiredOf(0, 'lastTransitionTime', 'message', 'reason', 'status'),
    ...requiredOf(1, 'lastTransitionTime', 'message', 'reason', 'status'),
    ['Duplicate', 'status.conditions[1]', 'Duplicate value: {"type":"a"}'],
    UNCHECKED,
  ],
  [
    'a text for a condition',
    ['x'],
    wrongType('conditions[0]', 'object', 'string'),
    ['Invalid', 'status.conditions[0]', 'Invalid value: "x": must be an object for an array of list-type map'],
    UNCHECKED,
  ],
  ['a text for all of them', 'x', wrongType('conditions', 'array', 'string'), UNCHECKED],
  [
    'a time that is none',
    [{type: 'a', status: 'True', reason: 'r', message: 'm', lastTransitionTime: 'x'}],
    [
      'TypeInvalid',
      'status.conditions[0].lastTransitionTime',
      'Invalid value: "x": conditions[0].lastTransitionTime in body must be of type date-time: "x"',
    ],
    UNCHECKED,
  ],
];

/** A status is checked by itself: texts begin at it, fields at the object (apiserver-errors §2.2). */
export const statuses: readonly Row[] = [
  {name: 'the object is there', call: post(GADGETS, gadget('st')), answer: {code: 201}},
  ...CASES.map(([name, conditions, ...causes]): Row => ({
    name,
    call: merge(`${GADGETS}/st/status`, {status: {conditions}}),
    answer: invalid(SUBJECT, ...causes),
  })),
];
