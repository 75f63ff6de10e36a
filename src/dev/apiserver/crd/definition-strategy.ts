import {duplicate, invalidValue, notSupported, required} from '../../builtin/field-errors.ts';
import type {Strategy} from '../../builtin/strategy.ts';
import {isObject, jsonEquals, listAt, objectAt, stringAt} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {FieldError} from '../../schema/schema.ts';
import {metaOf, withMeta} from '../object-meta.ts';
import {definitionRuleErrors} from '../../rules/definition-rules.ts';
import {groupOfDefinition, namesOf, versionsOfDefinition} from './definition.ts';
import {statusOfMarked, storedVersions} from './definition-status.ts';
import {structuralErrors} from './structural-schema.ts';

/** Holds a definition back until its instances are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';
const APPROVAL = 'api-approved.kubernetes.io';

/** CustomResourceDefinitions: names filled in, the rules of apiserver.md §8, and the finalizer that empties a deleted one. */
export const definitionStrategy: Strategy = {
  answersDeleteWithObject: true,
  prepare: prepareDefinition,
  validate: validateDefinition,
  withoutGracePeriod: true,
  beforeDelete: (definition, {nowMs}) => {
    const finalizers = metaOf(definition).finalizers ?? [];
    if (finalizers.includes(CLEANUP_FINALIZER) || metaOf(definition).deletionTimestamp !== undefined) return definition;
    const held = withMeta(definition, {finalizers: [...finalizers, CLEANUP_FINALIZER]});
    return {...held, status: statusOfMarked(definition, nowMs)};
  },
};

function prepareDefinition(definition: JsonObject, old: JsonObject | undefined): JsonObject {
  const spec = objectAt(definition, 'spec');
  if (spec === undefined) return definition;
  const {singular, listKind} = namesOf(definition);
  const names = {...objectAt(spec, 'names'), singular, listKind};
  const filled = {...definition, spec: {...spec, conversion: spec['conversion'] ?? {strategy: 'None'}, names}};
  const status = objectAt(definition, 'status') ?? {};
  if (old !== undefined) return {...filled, status: {...status, storedVersions: storedVersions(definition, status)}};
  const empty = {conditions: null, acceptedNames: {plural: '', kind: ''}};
  return {...filled, status: {...empty, storedVersions: storedVersions(definition, undefined)}};
}

function validateDefinition(definition: JsonObject, old: JsonObject | undefined): FieldError[] {
  return [
    ...nameErrors(definition),
    ...approvalErrors(definition),
    ...versionErrors(definition),
    ...storedVersionErrors(definition),
    ...(old === undefined ? [] : immutableErrors(definition, old)),
  ];
}

function nameErrors(definition: JsonObject): FieldError[] {
  const name = metaOf(definition).name ?? '';
  const {plural, kind} = namesOf(definition);
  const errors: FieldError[] = [];
  if (name !== `${plural}.${groupOfDefinition(definition)}`) {
    errors.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  }
  if (kind === '') errors.push(required('spec.names.kind'));
  const scope = objectAt(definition, 'spec')?.['scope'];
  if (scope !== 'Namespaced' && scope !== 'Cluster') {
    errors.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  }
  return errors;
}

function approvalErrors(definition: JsonObject): FieldError[] {
  const group = groupOfDefinition(definition);
  const isProtected = /(^|\.)(k8s|kubernetes)\.io$/.test(group);
  if (!isProtected || metaOf(definition).annotations?.[APPROVAL] !== undefined) return [];
  const why = `protected groups must have approval annotation "${APPROVAL}", see https://github.com/kubernetes/enhancements/pull/1111`;
  return [required(`metadata.annotations[${APPROVAL}]`, why)];
}

function versionErrors(definition: JsonObject): FieldError[] {
  const versions = versionsOfDefinition(definition);
  const errors: FieldError[] = [];
  const storage = versions.filter((version) => version['storage'] === true);
  if (storage.length !== 1) {
    errors.push(invalidValue('spec.versions', versions, 'must have exactly one version marked as storage version'));
  }
  const seen = new Set<unknown>();
  for (const [i, version] of versions.entries()) {
    const field = `spec.versions[${i}]`;
    if (seen.has(version['name'])) errors.push(duplicate(`${field}.name`, version['name']));
    seen.add(version['name']);
    const schema = objectAt(objectAt(version, 'schema'), 'openAPIV3Schema');
    if (schema === undefined) errors.push(required(`${field}.schema.openAPIV3Schema`));
    else errors.push(...schemaErrors(schema, schemaPath(versions, i)));
  }
  return errors;
}

/** Rules are looked at where the schema is one. */
function schemaErrors(schema: JsonObject, path: string): FieldError[] {
  const errors = structuralErrors(schema, path);
  return errors.length > 0 ? errors : definitionRuleErrors(schema, path);
}

/** A definition with one version is kept with its schema at the top, and errors say so. */
function schemaPath(versions: readonly JsonObject[], i: number): string {
  return versions.length === 1 ? 'spec.validation.openAPIV3Schema' : `spec.versions[${i}].schema.openAPIV3Schema`;
}

/** A version that objects may still be stored in cannot go. */
function storedVersionErrors(definition: JsonObject): FieldError[] {
  const versions = versionsOfDefinition(definition);
  const known = new Set(versions.map((version) => version['name']));
  const stored = listAt(objectAt(definition, 'status'), 'storedVersions');
  const storage = stringAt(
    versions.findLast((version) => version['storage'] === true),
    'name',
  );
  const missing =
    storage === undefined || stored.includes(storage)
      ? []
      : [invalidValue('status.storedVersions', stored, `must have the storage version ${storage}`)];
  const gone = stored.flatMap((version, i) => {
    if (known.has(version)) return [];
    const name = String(version);
    const why =
      `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage ` +
      `migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    return [invalidValue(`status.storedVersions[${i}]`, version, why)];
  });
  return [...missing, ...gone];
}

function immutableErrors(definition: JsonObject, old: JsonObject): FieldError[] {
  const fields: readonly (readonly string[])[] = [['group'], ['scope'], ['names', 'kind'], ['names', 'plural']];
  return fields.flatMap((path) => {
    const next = valueAt(definition, path);
    return jsonEquals(next, valueAt(old, path))
      ? []
      : [invalidValue(`spec.${path.join('.')}`, next, 'field is immutable')];
  });
}

function valueAt(definition: JsonObject, path: readonly string[]): unknown {
  let value: unknown = objectAt(definition, 'spec');
  for (const step of path) value = isObject(value) ? value[step] : undefined;
  return value;
}
