import {invalid} from '../answers.ts';
import {definition, DEFINITIONS, version} from '../kinds.ts';
import {merge, post} from '../row.ts';
import type {Call, Row} from '../row.ts';

const CHECKS = '/apis/zoo.dev/v1/namespaces/default/checks';
const SUBJECT = 'Check.zoo.dev';

const TEXT = {type: 'string', maxLength: 20};
const COUNT = {type: 'integer', minimum: 0, maximum: 1000};

/** One rule of every sort; every list, map and text has its maximum, as estimates of costs ask for. */
const CHECK = {
  'type': 'object',
  'x-kubernetes-validations': [{rule: "self.metadata.name.startsWith('c')", message: 'names begin with c'}],
  'properties': {
    spec: {
      'type': 'object',
      'x-kubernetes-validations': [
        {rule: '!has(self.min) || !has(self.max) || self.min <= self.max', message: 'min must not be above max'},
        {
          rule: "!has(self.name) || self.name.startsWith('a')",
          messageExpression: "'name ' + self.name + ' must start with a'",
          reason: 'FieldValueForbidden',
          fieldPath: '.name',
        },
        {rule: "!has(self.pair) || self.pair != 'same'", reason: 'FieldValueDuplicate', fieldPath: '.pair'},
        {
          rule: 'has(self.pair) || !has(self.min) || self.min < 900',
          reason: 'FieldValueRequired',
          fieldPath: '.pair',
          message: ' needed from 900 ',
        },
        {rule: '!has(self.max) || self.max != 13', message: 'unlucky', messageExpression: "self.name + ' is unlucky'"},
        {rule: "!has(self.labels) || self.labels.all(k, k != 'forbidden')", fieldPath: ".labels['forbidden']"},
      ],
      'properties': {
        min: COUNT,
        max: COUNT,
        name: TEXT,
        pair: TEXT,
        tags: {
          type: 'array',
          maxItems: 5,
          items: {...TEXT, 'x-kubernetes-validations': [{rule: "self != 'bad'"}]},
        },
        labels: {
          type: 'object',
          maxProperties: 5,
          additionalProperties: {...TEXT, 'x-kubernetes-validations': [{rule: "self != 'bad'", message: 'is bad'}]},
        },
        ports: {
          'type': 'array',
          'maxItems': 5,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          'items': {
            'type': 'object',
            'required': ['name'],
            'properties': {
              name: TEXT,
              port: {...COUNT, 'x-kubernetes-validations': [{rule: 'self == oldSelf', message: 'is fixed'}]},
            },
            'x-kubernetes-validations': [{rule: "self.name != 'none' || self.port == 0"}],
          },
        },
        fixed: {...TEXT, 'x-kubernetes-validations': [{rule: 'self == oldSelf', message: 'cannot be changed'}]},
        steps: {
          ...COUNT,
          'x-kubernetes-validations': [
            {
              rule: 'oldSelf.hasValue() ? self == oldSelf.value() + 1 : self == 1',
              optionalOldSelf: true,
              message: 'counts by one',
            },
          ],
        },
        either: {
          'x-kubernetes-int-or-string': true,
          'x-kubernetes-validations': [{rule: 'self < 100', message: 'is below 100'}],
        },
        third: {
          'type': 'array',
          'maxItems': 5,
          'items': TEXT,
          'x-kubernetes-validations': [{rule: "self[2] == 'c'"}],
        },
        set: {
          'type': 'array',
          'maxItems': 5,
          'x-kubernetes-list-type': 'set',
          'items': TEXT,
          'x-kubernetes-validations': [{rule: 'oldSelf.all(x, x in self)', message: 'only grows'}],
        },
      },
    },
    status: {
      'type': 'object',
      'properties': {
        phase: {
          ...TEXT,
          'x-kubernetes-validations': [{rule: "oldSelf != 'Done' || self == 'Done'", message: 'is done'}],
        },
      },
      'x-kubernetes-validations': [{rule: "has(self.phase) && self.phase != 'Nope'", message: 'has a phase'}],
    },
  },
};

function check(name: string, spec: object = {}): object {
  return {apiVersion: 'zoo.dev/v1', kind: 'Check', metadata: {name}, spec};
}

function create(name: string, spec: object = {}): Call {
  return post(CHECKS, check(name, spec));
}

function tried(name: string, spec: object): Call {
  return post(`${CHECKS}?dryRun=All`, check(name, spec));
}

/** Rules of a CustomResourceDefinition, run on its objects. */
export const celRules: readonly Row[] = [
  {
    name: 'an object that keeps all rules',
    before: [post(DEFINITIONS, definition('checks', 'Check', [version('v1', CHECK, {subresources: {status: {}}})]))],
    call: tried('c1', {min: 1, max: 2, name: 'abc', tags: ['good'], labels: {a: 'b'}, steps: 1}),
    answer: {code: 201},
    eventually: true,
  },
  {
    name: 'a message',
    call: tried('c1', {min: 2, max: 1}),
    answer: invalid(`${SUBJECT} "c1"`, ['Invalid', 'spec', 'Invalid value: min must not be above max']),
  },
  {
    name: 'a message made by an expression, with a reason and a field',
    call: tried('c1', {name: 'bcd'}),
    answer: invalid(`${SUBJECT} "c1"`, ['Forbidden', 'spec.name', 'Forbidden: name bcd must start with a']),
  },
  {
    name: 'the reason Duplicate says nothing more',
    call: tried('c1', {pair: 'same'}),
    answer: invalid(`${SUBJECT} "c1"`, ['Duplicate', 'spec.pair', 'Duplicate value']),
  },
  {
    name: 'the reason Required, with its message trimmed',
    call: tried('c1', {min: 950}),
    answer: invalid(`${SUBJECT} "c1"`, ['Required', 'spec.pair', 'Required value: needed from 900']),
  },
  {
    name: 'a message expression that fails leaves the message',
    call: tried('c1', {max: 13}),
    answer: invalid(`${SUBJECT} "c1"`, ['Invalid', 'spec', 'Invalid value: unlucky']),
  },
  {
    name: 'a field path into a map',
    call: tried('c1', {labels: {forbidden: 'x'}}),
    answer: invalid(`${SUBJECT} "c1"`, [
      'Invalid',
      'spec.labels[forbidden]',
      "Invalid value: failed rule: !has(self.labels) || self.labels.all(k, k != 'forbidden')",
    ]),
  },
  {
    name: 'a rule at the root',
    call: tried('d1', {}),
    answer: invalid(`${SUBJECT} "d1"`, ['Invalid', '<nil>', 'Invalid value: names begin with c']),
  },
  {
    name: 'items of a list and values of a map; without a message the rule is quoted',
    call: tried('c1', {tags: ['good', 'bad'], labels: {x: 'bad'}}),
    answer: invalid(
      `${SUBJECT} "c1"`,
      ['Invalid', 'spec.tags[1]', `Invalid value: "bad": failed rule: self != 'bad'`],
      ['Invalid', 'spec.labels[x]', 'Invalid value: "bad": is bad'],
    ),
  },
  {
    name: 'several errors are told together',
    call: tried('d1', {min: 2, max: 1, name: 'b', tags: ['bad']}),
    answer: invalid(
      `${SUBJECT} "d1"`,
      ['Invalid', '<nil>', 'Invalid value: names begin with c'],
      ['Invalid', 'spec', 'Invalid value: min must not be above max'],
      ['Forbidden', 'spec.name', 'Forbidden: name b must start with a'],
      ['Invalid', 'spec.tags[0]', `Invalid value: "bad": failed rule: self != 'bad'`],
    ),
  },
  {
    name: 'a rule that fails at run time: a field that is not there',
    call: tried('c1', {ports: [{name: 'none'}]}),
    answer: invalid(`${SUBJECT} "c1"`, [
      'Invalid',
      'spec.ports[0]',
      `Invalid value: "object": no such key: port evaluating rule: self.name != 'none' || self.port == 0`,
    ]),
  },
  {
    name: 'a rule that fails at run time: an index',
    call: tried('c1', {third: ['a']}),
    answer: invalid(`${SUBJECT} "c1"`, [
      'Invalid',
      'spec.third',
      `Invalid value: "array": index out of bounds: 2 evaluating rule: self[2] == 'c'`,
    ]),
  },
  {
    name: 'a rule that fails at run time: a type',
    call: tried('c1', {either: 'x'}),
    answer: invalid(`${SUBJECT} "c1"`, [
      'Invalid',
      'spec.either',
      `Invalid value: "": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: is below 100`,
    ]),
  },
  {
    name: 'rules wait for a valid object',
    call: tried('d1', {min: 'x', tags: ['bad']}),
    answer: invalid(
      `${SUBJECT} "d1"`,
      ['TypeInvalid', 'spec.min', 'Invalid value: "string": spec.min in body must be of type integer: "string"'],
      [
        'Invalid',
        '<nil>',
        'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
      ],
    ),
  },
  {
    name: 'they do not wait for a value within its bounds',
    call: tried('d1', {min: -1}),
    answer: invalid(
      `${SUBJECT} "d1"`,
      ['Invalid', 'spec.min', 'Invalid value: -1: spec.min in body should be greater than or equal to 0'],
      ['Invalid', '<nil>', 'Invalid value: names begin with c'],
    ),
  },
  {
    name: 'a first value of what must count by one',
    call: tried('c1', {steps: 2}),
    answer: invalid(`${SUBJECT} "c1"`, ['Invalid', 'spec.steps', 'Invalid value: 2: counts by one']),
  },
  {
    name: 'transitions: what must not change may be set',
    before: [create('c2', {fixed: 'a', steps: 1, ports: [{name: 'http', port: 1}], set: ['a']})],
    call: merge(`${CHECKS}/c2`, {spec: {steps: 2, set: ['b', 'a']}}),
    answer: {code: 200},
  },
  {
    name: 'transitions: and not be changed',
    call: merge(`${CHECKS}/c2`, {spec: {fixed: 'b', steps: 4, set: ['b']}}),
    answer: invalid(
      `${SUBJECT} "c2"`,
      ['Invalid', 'spec.fixed', 'Invalid value: "b": cannot be changed'],
      ['Invalid', 'spec.steps', 'Invalid value: 4: counts by one'],
      ['Invalid', 'spec.set', 'Invalid value: only grows'],
    ),
  },
  {
    name: 'transitions: items of a list are found by their keys',
    call: merge(`${CHECKS}/c2`, {
      spec: {
        steps: 3,
        ports: [
          {name: 'new', port: 7},
          {name: 'http', port: 2},
        ],
      },
    }),
    answer: invalid(`${SUBJECT} "c2"`, ['Invalid', 'spec.ports[1].port', 'Invalid value: 2: is fixed']),
  },
  {
    name: 'a rule that counts is not excused where nothing changes',
    call: merge(`${CHECKS}/c2`, {metadata: {labels: {a: 'b'}}}),
    answer: invalid(`${SUBJECT} "c2"`, ['Invalid', 'spec.steps', 'Invalid value: 2: counts by one']),
  },
  {
    name: 'the status has rules of its own',
    before: [create('c3', {min: 1}), merge(`${CHECKS}/c3/status`, {status: {phase: 'Done'}})],
    call: merge(`${CHECKS}/c3/status`, {status: {phase: 'Nope'}}),
    answer: invalid(
      `${SUBJECT} "c3"`,
      ['Invalid', 'status', 'Invalid value: has a phase'],
      ['Invalid', 'status.phase', 'Invalid value: "Nope": is done'],
    ),
  },
  {
    name: 'a PUT without a change',
    call: merge(`${CHECKS}/c3`, {spec: {max: 2}}),
    answer: {code: 200},
  },
];

const OLDER = {
  type: 'object',
  properties: {spec: {type: 'object', properties: {a: COUNT, l: {type: 'array', maxItems: 3, items: TEXT}}}},
};
const NEWER = {
  type: 'object',
  properties: {
    spec: {
      'type': 'object',
      'x-kubernetes-validations': [{rule: 'self.a < 10', message: 'a is below 10'}],
      'properties': {
        a: {...COUNT, maximum: 20},
        l: {
          type: 'array',
          maxItems: 3,
          items: {...TEXT, 'x-kubernetes-validations': [{rule: "self == 'x'", message: 'is x'}]},
        },
      },
    },
  },
};
const OLDIES = '/apis/zoo.dev/v1/namespaces/default/oldies';

function oldie(spec: object): object {
  return {apiVersion: 'zoo.dev/v1', kind: 'Oldie', metadata: {name: 'o1'}, spec};
}

/** What was so before a rule was made is let be until it changes. */
export const ratcheting: readonly Row[] = [
  {
    name: 'an object from before the rules',
    before: [post(DEFINITIONS, definition('oldies', 'Oldie', [version('v1', OLDER)]))],
    call: post(OLDIES, oldie({a: 50, l: ['p', 'q']})),
    answer: {code: 201},
    eventually: true,
  },
  {
    name: 'the rules come',
    call: merge(`${DEFINITIONS}/oldies.zoo.dev`, {spec: {versions: [version('v1', NEWER)]}}),
    answer: {code: 200},
  },
  {
    name: 'they hold for new objects',
    call: post(`${OLDIES}?dryRun=All`, {...oldie({a: 15}), metadata: {name: 'o2'}}),
    answer: invalid('Oldie.zoo.dev "o2"', ['Invalid', 'spec', 'Invalid value: a is below 10']),
    eventually: true,
  },
  {
    name: 'a change beside what is wrong, with a warning for each rule',
    call: merge(`${OLDIES}/o1`, {metadata: {labels: {a: 'b'}}}),
    answer: {
      code: 200,
      warnings: [
        'spec: Invalid value: a is below 10',
        'spec.l[0]: Invalid value: "p": is x',
        'spec.l[1]: Invalid value: "q": is x',
      ],
    },
  },
  {
    name: 'a change of what is wrong, and of its surroundings',
    call: merge(`${OLDIES}/o1`, {spec: {l: ['p', 'r']}}),
    answer: {
      ...invalid(
        'Oldie.zoo.dev "o1"',
        ['Invalid', 'spec', 'Invalid value: a is below 10'],
        ['Invalid', 'spec.l[0]', 'Invalid value: "p": is x'],
        ['Invalid', 'spec.l[1]', 'Invalid value: "r": is x'],
      ),
    },
  },
  {
    name: 'a change that the schema no longer allows',
    call: merge(`${OLDIES}/o1`, {spec: {a: 60}}),
    answer: {
      ...invalid(
        'Oldie.zoo.dev "o1"',
        ['Invalid', 'spec.a', 'Invalid value: 60: spec.a in body should be less than or equal to 20'],
        ['Invalid', 'spec', 'Invalid value: a is below 10'],
      ),
      warnings: ['spec.l[0]: Invalid value: "p": is x', 'spec.l[1]: Invalid value: "q": is x'],
    },
  },
];

function kept(properties: object, more: object = {}): Call {
  return post(
    `${DEFINITIONS}?dryRun=All`,
    definition('laws', 'Law', [version('v1', {type: 'object', properties, ...more})]),
  );
}

function ruled(rules: readonly object[], schema: object = {type: 'object', properties: {a: TEXT}}): Call {
  return kept({spec: {...schema, 'x-kubernetes-validations': rules}});
}

const LAW = 'CustomResourceDefinition.apiextensions.k8s.io "laws.zoo.dev"';
const AT = 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations';

function shown(rule: object): string {
  const empty = {Rule: '', Message: '', MessageExpression: '', Reason: null, FieldPath: '', OptionalOldSelf: null};
  return JSON.stringify({...empty, ...rule});
}

/** Rules as a definition is written. */
export const celDefinitions: readonly Row[] = [
  {name: 'a rule that compiles', call: ruled([{rule: "self.a == 'x'"}]), answer: {code: 201}},
  {
    name: 'a field that there is not',
    call: ruled([{rule: 'self.b == 1'}]),
    answer: invalid(LAW, [
      'Invalid',
      `${AT}[0].rule`,
      `Invalid value: ${shown({Rule: 'self.b == 1'})}: compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b == 1\n | ....^`,
    ]),
  },
  {
    name: 'a rule that is none',
    call: ruled([{rule: 'self.a'}, {rule: ' '}]),
    answer: invalid(LAW, ['Required', `${AT}[1].rule`, 'Required value: rule is not specified']),
  },
  {
    name: 'a rule that gives no bool',
    call: ruled([{rule: 'self.a'}]),
    answer: invalid(LAW, [
      'Invalid',
      `${AT}[0].rule`,
      `Invalid value: ${shown({Rule: 'self.a'})}: cel expression must evaluate to a bool`,
    ]),
  },
  {
    name: 'message expressions',
    call: ruled([
      {rule: 'true', messageExpression: 'self.b'},
      {rule: 'true', messageExpression: '1'},
    ]),
    answer: invalid(
      LAW,
      [
        'Invalid',
        `${AT}[0].messageExpression`,
        `Invalid value: ${shown({Rule: 'true', MessageExpression: 'self.b'})}: messageExpression compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b\n | ....^`,
      ],
      [
        'Invalid',
        `${AT}[1].messageExpression`,
        `Invalid value: ${shown({Rule: 'true', MessageExpression: '1'})}: messageExpression must evaluate to a string`,
      ],
    ),
  },
  {
    name: 'everything else about an entry',
    call: ruled([
      {rule: 'true', message: ' '},
      {rule: 'true', message: 'a\nb'},
      {rule: 'true\n|| false'},
      {rule: 'true', messageExpression: ' '},
      {rule: 'true', reason: 'Because'},
      {rule: 'true', fieldPath: ' '},
      {rule: 'true', fieldPath: '.b'},
      {rule: 'true', fieldPath: 'a'},
      {rule: 'true', fieldPath: '.a'},
    ]),
    answer: invalid(
      LAW,
      ['Invalid', `${AT}[0].message`, 'Invalid value: " ": must be non-empty if specified'],
      ['Invalid', `${AT}[1].message`, String.raw`Invalid value: "a\nb": must not contain line breaks`],
      ['Required', `${AT}[2].message`, 'Required value: message must be specified if rule contains line breaks'],
      ['Required', `${AT}[3].messageExpression`, 'Required value: messageExpression must be non-empty if specified'],
      [
        'NotSupported',
        `${AT}[4].reason`,
        'Unsupported value: "Because": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"',
      ],
      ['Invalid', `${AT}[5].fieldPath`, 'Invalid value: " ": must be non-empty if specified'],
      ['Invalid', `${AT}[5].fieldPath`, 'Invalid value: " ": must be a valid path'],
      ['Invalid', `${AT}[6].fieldPath`, 'Invalid value: ".b": must be a valid path'],
      ['Invalid', `${AT}[7].fieldPath`, 'Invalid value: "a": must be a valid path'],
    ),
  },
  {
    name: 'what was before, where that can not be told',
    call: kept({
      l: {type: 'array', maxItems: 3, items: {...TEXT, 'x-kubernetes-validations': [{rule: 'self == oldSelf'}]}},
      m: {
        'type': 'array',
        'maxItems': 3,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        'items': {
          'type': 'object',
          'required': ['k'],
          'properties': {
            k: TEXT,
            inner: {
              type: 'array',
              maxItems: 3,
              items: {
                type: 'array',
                maxItems: 3,
                items: {...TEXT, 'x-kubernetes-validations': [{rule: 'self == oldSelf'}]},
              },
            },
          },
          'x-kubernetes-validations': [{rule: 'self == oldSelf'}],
        },
      },
    }),
    answer: invalid(
      LAW,
      [
        'Invalid',
        'spec.validation.openAPIV3Schema.properties[l].items.x-kubernetes-validations[0].rule',
        'Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[l]',
      ],
      [
        'Invalid',
        'spec.validation.openAPIV3Schema.properties[m].items.properties[inner].items.items.x-kubernetes-validations[0].rule',
        'Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[m].items.properties[inner]',
      ],
    ),
  },
  {
    name: 'optionalOldSelf is for rules with oldSelf',
    call: ruled([
      {rule: 'true', optionalOldSelf: true},
      {rule: 'oldSelf.hasValue()', optionalOldSelf: true},
    ]),
    answer: invalid(LAW, [
      'Invalid',
      `${AT}[0].optionalOldSelf`,
      'Invalid value: true: may not be set if oldSelf is not used in rule',
    ]),
  },
  {
    name: 'rules wait for a structural schema',
    call: kept({spec: {'properties': {a: TEXT}, 'x-kubernetes-validations': [{rule: 'self.b'}]}}),
    answer: invalid(LAW, [
      'Required',
      'spec.validation.openAPIV3Schema.properties[spec].type',
      'Required value: must not be empty for specified object fields',
    ]),
  },
  {
    name: 'names that expressions have to escape',
    call: ruled([{rule: "self.a__dash__b == 'x' && self.__namespace__ == 'y' && self.c__dot__d == 'z'"}], {
      type: 'object',
      properties: {'a-b': TEXT, 'namespace': TEXT, 'c.d': TEXT},
    }),
    answer: {code: 201},
  },
  {
    name: 'an object within an object',
    call: kept({
      spec: {
        'type': 'object',
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
        'x-kubernetes-validations': [{rule: "self.kind == 'Pod' && self.metadata.name != ''"}],
      },
    }),
    answer: {code: 201},
  },
];
