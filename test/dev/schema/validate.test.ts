import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {FieldError, Schema} from '../../../src/dev/schema/schema.ts';
import {validate} from '../../../src/dev/schema/validate.ts';
import {serviceImport, widget} from '../apply/example-kinds.ts';

function wrongType(field: string, found: string, wanted: string): FieldError {
  return {
    type: 'TypeInvalid',
    field,
    message: `Invalid value: "${found}": ${field} in body must be of type ${wanted}: "${found}"`,
  };
}

describe('recorded errors of custom objects', () => {
  interface Row {
    readonly name: string;
    readonly schema: Schema;
    readonly object: unknown;
    readonly errors: readonly FieldError[];
  }

  const rows: readonly Row[] = [
    {
      name: 'a fitting object has none',
      schema: widget,
      object: {spec: {min: 1, mode: 'On', tags: ['a'], nothing: null}},
      errors: [],
    },
    {
      name: 'a wrong type',
      schema: widget,
      object: {spec: {min: 'x'}},
      errors: [wrongType('spec.min', 'string', 'integer')],
    },
    {
      name: 'a null that is not nullable',
      schema: widget,
      object: {spec: {name: null}},
      errors: [wrongType('spec.name', 'null', 'string')],
    },
    {
      name: 'one of every sort',
      schema: widget,
      object: {spec: {min: -1, max: 101, name: 'ABC', mode: 'Maybe', tags: ['a', 'b', 'c', 'd']}},
      errors: [
        {
          type: 'Invalid',
          field: 'spec.max',
          message: 'Invalid value: 101: spec.max in body should be less than or equal to 100',
        },
        {
          type: 'Invalid',
          field: 'spec.min',
          message: 'Invalid value: -1: spec.min in body should be greater than or equal to 0',
        },
        {
          type: 'NotSupported',
          field: 'spec.mode',
          message: 'Unsupported value: "Maybe": supported values: "On", "Off"',
        },
        {
          type: 'Invalid',
          field: 'spec.name',
          message: `Invalid value: "ABC": spec.name in body should match '^[a-z]+$'`,
        },
        {type: 'TooMany', field: 'spec.tags', message: 'Too many: 4: must have at most 3 items'},
      ],
    },
    {
      name: 'equal items of a set',
      schema: widget,
      object: {spec: {tags: ['a', 'a']}},
      errors: [{type: 'Duplicate', field: 'spec.tags[1]', message: 'Duplicate value: "a"'}],
    },
    {
      name: 'equal keys of a map list',
      schema: widget,
      object: {spec: {items: [{name: 'a'}, {name: 'a'}]}},
      errors: [{type: 'Duplicate', field: 'spec.items[1]', message: 'Duplicate value: {"name":"a"}'}],
    },
    {
      name: 'required fields',
      schema: serviceImport,
      object: {spec: {ips: ['192.0.2.4']}},
      errors: [
        {type: 'Required', field: 'spec.ports', message: 'Required value'},
        {type: 'Required', field: 'spec.type', message: 'Required value'},
      ],
    },
    {
      name: 'an item of a list',
      schema: serviceImport,
      object: {spec: {type: 'X', ports: [{port: 'a'}]}},
      errors: [
        wrongType('spec.ports[0].port', 'string', 'integer'),
        {
          type: 'NotSupported',
          field: 'spec.type',
          message: 'Unsupported value: "X": supported values: "ClusterSetIP", "Headless"',
        },
      ],
    },
  ];

  test.each(rows)('$name', ({schema, object, errors}) => {
    expect(validate(schema, object)).toEqual(errors);
  });
});

describe('single rules', () => {
  const rows: readonly {
    readonly name: string;
    readonly schema: Schema;
    readonly value: unknown;
    readonly says: string;
  }[] = [
    {
      name: 'maxLength',
      schema: {type: 'string', maxLength: 3},
      value: 'abcd',
      says: 'Too long: may not be more than 3 bytes',
    },
    {
      name: 'minLength',
      schema: {type: 'string', minLength: 2},
      value: 'a',
      says: 'Invalid value: "a": f in body should be at least 2 chars long',
    },
    {
      name: 'minItems',
      schema: {type: 'array', minItems: 1},
      value: [],
      says: 'Invalid value: 0: f in body should have at least 1 items',
    },
    {
      name: 'minProperties',
      schema: {type: 'object', minProperties: 1},
      value: {},
      says: 'Invalid value: 0: f in body should have at least 1 properties',
    },
    {
      name: 'maxProperties',
      schema: {type: 'object', maxProperties: 1},
      value: {a: 1, b: 1},
      says: 'Too many: 2: must have at most 1 items',
    },
    {
      name: 'exclusiveMinimum',
      schema: {minimum: 1, exclusiveMinimum: true},
      value: 1,
      says: 'Invalid value: 1: f in body should be greater than 1',
    },
    {
      name: 'exclusiveMaximum',
      schema: {maximum: 1, exclusiveMaximum: true},
      value: 1,
      says: 'Invalid value: 1: f in body should be less than 1',
    },
    {
      name: 'multipleOf',
      schema: {multipleOf: 5},
      value: 7,
      says: 'Invalid value: 7: f in body should be a multiple of 5',
    },
    {
      name: 'uniqueItems',
      schema: {uniqueItems: true},
      value: [
        {a: 1, b: 2},
        {b: 2, a: 1},
      ],
      says: `Invalid value: "": f in body shouldn't contain duplicates`,
    },
    {
      name: 'not',
      schema: {not: {enum: ['a']}},
      value: 'a',
      says: 'Invalid value: "": "f" must not validate the schema (not)',
    },
    {
      name: 'anyOf',
      schema: {anyOf: [{type: 'string'}, {minimum: 5}]},
      value: 1,
      says: 'Invalid value: "": "f" must validate at least one schema (anyOf)',
    },
    {
      name: 'oneOf with none',
      schema: {oneOf: [{required: ['a']}, {required: ['b']}]},
      value: {},
      says: 'Invalid value: "": "f" must validate one and only one schema (oneOf). Found none valid',
    },
    {
      name: 'oneOf with two',
      schema: {oneOf: [{required: ['a']}, {required: ['b']}]},
      value: {a: 1, b: 1},
      says: 'Invalid value: "": "f" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    },
    {
      name: 'int-or-string',
      schema: {'x-kubernetes-int-or-string': true},
      value: true,
      says: 'Invalid value: "boolean": f in body must be of type integer,string: "boolean"',
    },
    {
      name: 'a fraction for an integer',
      schema: {type: 'integer'},
      value: 1.5,
      says: 'Invalid value: "number": f in body must be of type integer: "number"',
    },
    {
      name: 'a map value',
      schema: {additionalProperties: {type: 'string'}},
      value: {k: 1},
      says: 'Invalid value: "integer": f.k in body must be of type string: "integer"',
    },
    {
      name: 'allOf',
      schema: {allOf: [{maximum: 1}]},
      value: 2,
      says: 'Invalid value: 2: f in body should be less than or equal to 1',
    },
    {
      name: 'a date that is none',
      schema: {type: 'string', format: 'date-time'},
      value: 'yesterday',
      says: 'Invalid value: "yesterday": f in body must be of type date-time: "yesterday"',
    },
    {
      name: 'a day that is none',
      schema: {format: 'date-time'},
      value: '2026-02-30T00:00:00Z',
      says: 'Invalid value: "2026-02-30T00:00:00Z": f in body must be of type date-time: "2026-02-30T00:00:00Z"',
    },
    {
      name: 'a CIDR without a length',
      schema: {format: 'cidr'},
      value: '192.0.2.0',
      says: 'Invalid value: "192.0.2.0": f in body must be of type cidr: "192.0.2.0"',
    },
    {
      name: 'an enum of numbers',
      schema: {enum: [1, 2]},
      value: 3,
      says: 'Unsupported value: 3: supported values: "1", "2"',
    },
  ];

  test.each(rows)('$name', ({schema, value, says}) => {
    expect(validate(schema, value, 'f').map(({message}) => message)).toEqual([says]);
  });

  test.each([
    {name: 'fractions of a second', schema: {format: 'date-time'}, value: '2026-01-01T00:00:00.123456Z'},
    {name: 'an offset', schema: {format: 'date-time'}, value: '2026-01-01T00:00:00+02:00'},
    {name: 'an unknown format', schema: {format: 'phase-of-the-moon'}, value: 'full'},
    {name: 'a whole number where any number may be', schema: {type: 'number'}, value: 1},
    {name: 'a number or a text', schema: {'x-kubernetes-int-or-string': true}, value: 'http'},
    {name: 'null where it is nullable', schema: {type: 'string', nullable: true}, value: null},
    {
      name: 'an object under a member called like one of every object',
      schema: {properties: {constructor: {type: 'string'}}},
      value: {},
    },
    {name: 'characters beyond 16 bits as one', schema: {maxLength: 1}, value: '😀'},
  ] as const)('$name is fine', ({schema, value}) => {
    expect(validate(schema as Schema, value, 'f')).toEqual([]);
  });

  test('no JSON value makes it throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(Array.isArray(validate(widget, value))).toBe(true);
        expect(Array.isArray(validate(widget, {spec: value}))).toBe(true);
      }),
    );
  });
});
