import {createRequire} from 'node:module';
import {describe, expect, test} from 'vitest';
import {builtinSchema} from '../../../src/dev/builtin/schemas.ts';
import {
  atomicMaps,
  atomicStructs,
  defaults,
  keptWhenEmpty,
  listRules,
  quantities,
} from '../../../src/dev/builtin/tables/merge-rules.ts';
import {modelOfKind} from '../../../src/dev/builtin/tables/models.ts';
import {requiredFields} from '../../../src/dev/builtin/tables/required-fields.ts';
import type {Schema} from '../../../src/dev/schema/schema.ts';
import {validate} from '../../../src/dev/schema/validate.ts';

function schemaOf(kind: string): Schema {
  const [group = '', version = '', name = ''] = kind.split('/');
  const schema = builtinSchema(group, version, name);
  if (schema === undefined) throw new Error(`no schema of ${kind}`);
  return schema;
}

function at(schema: Schema | undefined, ...path: readonly string[]): Schema | undefined {
  return path.reduce<Schema | undefined>(
    (inner, name) => (name === '[]' ? inner?.items : inner?.properties?.[name]),
    schema,
  );
}

describe('schemas of built-in kinds', () => {
  test.each(Object.keys(modelOfKind))('%s has a type, metadata and no unknown members', (kind) => {
    const schema = schemaOf(kind);
    expect(schema).toMatchObject({type: 'object', goType: true});
    expect(schema.properties).toHaveProperty(['metadata', 'properties', 'ownerReferences']);
  });

  test('are built once', () => {
    expect(builtinSchema('', 'v1', 'Pod')).toBe(builtinSchema('', 'v1', 'Pod'));
  });

  test('are not there for other kinds', () => {
    expect(builtinSchema('apps', 'v1', 'Deployment')).toBeUndefined();
    expect(builtinSchema('', 'v1', 'constructor')).toBeUndefined();
  });

  test.each([
    {
      field: ['spec', 'ports'],
      expected: {'x-kubernetes-list-map-keys': ['port', 'protocol'], 'x-kubernetes-patch-merge-key': 'port'},
    },
    {field: ['spec', 'ports', '[]', 'targetPort'], expected: {'x-kubernetes-int-or-string': true}},
    {
      field: ['spec', 'selector'],
      expected: {'x-kubernetes-map-type': 'atomic', 'additionalProperties': {type: 'string'}},
    },
    {field: ['spec', 'ports', '[]', 'port'], expected: {type: 'integer', format: 'int32'}},
  ])('a Service has $field as the API server describes it', ({field, expected}) => {
    expect(at(schemaOf('/v1/Service'), ...field)).toMatchObject(expected);
  });

  test('take whatever a CRD schema holds', () => {
    const schema = at(
      schemaOf('apiextensions.k8s.io/v1/CustomResourceDefinition'),
      'spec',
      'versions',
      '[]',
      'schema',
      'openAPIV3Schema',
    );
    expect(schema).toMatchObject({'x-kubernetes-preserve-unknown-fields': true});
  });

  test('say what is required', () => {
    expect(validate(schemaOf('/v1/Service'), {spec: {ports: [{name: 'x'}]}})).toEqual([
      {type: 'Required', field: 'spec.ports[0].port', message: 'Required value'},
    ]);
  });
});

/** A row for a field that is misspelled, or gone from the models, would silently do nothing. */
describe('every row of the tables names a field that there is', () => {
  test.each([
    ...Object.keys(listRules),
    ...atomicMaps,
    ...quantities,
    ...keptWhenEmpty,
    ...Object.keys(defaults),
    ...Object.entries(requiredFields).flatMap(([model, names]) => names.map((name) => `${model}.${name}`)),
  ])('%s', (field) => {
    const [model = '', name = ''] = field.split('.');
    expect(attributes(model).map(({baseName}) => baseName)).toContain(name);
  });

  test.each([...atomicStructs])('%s', (model) => {
    expect(attributes(model).length).toBeGreaterThan(0);
  });
});

const requireModel = createRequire(import.meta.url);

function attributes(model: string): readonly {readonly baseName: string}[] {
  const exported = requireModel(`@kubernetes/client-node/dist/gen/models/${model}.js`) as Record<
    string,
    {readonly attributeTypeMap: readonly {readonly baseName: string}[]}
  >;
  return exported[model]?.attributeTypeMap ?? [];
}
