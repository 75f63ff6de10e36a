import type {ResourceType} from '../apiserver/resource-type.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {duplicateControllers, validateOwnerReference} from './owner-references.ts';
import {forbiddenField, immutable, invalidValue, required, tooLong} from './field-errors.ts';
import {wrongIpAddress} from './ip-rules.ts';
import {wrongLabel, wrongLabelValue, wrongPathSegment, wrongQualifiedName, wrongSubdomain} from './name-rules.ts';
import {metadataOf, objectsIn, textIn, textMapIn, textsIn} from './read-json.ts';
import type {NameRule} from './strategy.ts';

const MAX_ANNOTATION_BYTES = 256 * 1024;
const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

const NAME_RULES: Record<NameRule, (name: string) => string[]> = {
  Subdomain: wrongSubdomain,
  Label: wrongLabel,
  PathSegment: wrongPathSegment,
  Address: wrongIpAddress,
};

/**
 * The rules of `metadata` that all kinds share, built in or custom.
 *
 * @param object - after name generation: `metadata.name` is what will be stored
 * @param old - the stored object of an update; undefined for a create
 */
export function validateMetadata(object: JsonObject, old: JsonObject | undefined, type: ResourceType): FieldError[] {
  const metadata = metadataOf(object);
  const errors = old === undefined ? validateIdentity(metadata, type) : [];
  errors.push(
    ...validateLabels(textMapIn(metadata, 'labels'), 'metadata.labels'),
    ...validateAnnotations(textMapIn(metadata, 'annotations')),
    ...validateOwners(objectsIn(metadata, 'ownerReferences')),
    ...validateFinalizers(textsIn(metadata, 'finalizers'), type.custom),
  );
  if (old === undefined) return errors;
  // Upstream checks this once for all kinds and once more with the kind: its clients see each cause twice.
  const changes = validateUnchanged(metadata, metadataOf(old));
  return [...changes, ...errors, ...changes];
}

function validateIdentity(metadata: JsonObject, type: ResourceType): FieldError[] {
  const wrongName = NAME_RULES[type.strategy.nameRule ?? 'Subdomain'];
  const errors: FieldError[] = [];
  const prefix = textIn(metadata, 'generateName');
  if (prefix !== '') {
    // A prefix may end in a dash: letters follow it.
    for (const text of wrongName(prefix.replace(/-$/, 'a'))) {
      errors.push(invalidValue('metadata.generateName', prefix, text));
    }
  }
  const name = textIn(metadata, 'name');
  if (name === '') return [...errors, required('metadata.name', 'name or generateName is required')];
  for (const text of wrongName(name)) errors.push(invalidValue('metadata.name', name, text));
  const namespace = textIn(metadata, 'namespace');
  if (!type.namespaced) return errors;
  if (namespace === '') return [...errors, required('metadata.namespace')];
  return [...errors, ...wrongLabel(namespace).map((text) => invalidValue('metadata.namespace', namespace, text))];
}

/** Labels wherever they stand: `metadata.labels`, a Service's selector. */
export function validateLabels(labels: Readonly<Record<string, string>>, field: string): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...wrongQualifiedName(key).map((text) => invalidValue(field, key, text)),
    ...wrongLabelValue(value).map((text) => invalidValue(field, value, text)),
  ]);
}

function validateAnnotations(annotations: Readonly<Record<string, string>>): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    for (const text of wrongQualifiedName(key.toLowerCase())) {
      errors.push(invalidValue('metadata.annotations', key, text));
    }
  }
  return bytes > MAX_ANNOTATION_BYTES ? [...errors, tooLong('metadata.annotations', MAX_ANNOTATION_BYTES)] : errors;
}

function validateOwners(owners: readonly JsonObject[]): FieldError[] {
  return [
    ...owners.flatMap((owner, at) => validateOwnerReference(owner, `metadata.ownerReferences[${at}]`)),
    ...duplicateControllers(owners),
  ];
}

function validateFinalizers(finalizers: readonly string[], custom: boolean): FieldError[] {
  const errors = finalizers.flatMap((finalizer, at) => {
    const wrong = wrongQualifiedName(finalizer);
    // Custom kinds only warn here: their finalizers were never checked and can't be now.
    if (wrong.length === 0 && !custom && !finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) {
      wrong.push('name is neither a standard finalizer name nor is it fully qualified');
    }
    return wrong.map((text) => invalidValue(`metadata.finalizers[${at}]`, finalizer, text));
  });
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const text = 'finalizer orphan and foregroundDeletion cannot be both set';
    errors.push(invalidValue('metadata.finalizers', finalizers, text));
  }
  return errors;
}

const IMMUTABLE = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'];

function validateUnchanged(metadata: JsonObject, old: JsonObject): FieldError[] {
  // What the request leaves out is filled in from the stored object by the server: absent is not a change.
  const errors = IMMUTABLE.filter((key) => metadata[key] !== undefined && metadata[key] !== old[key]).map((key) =>
    immutable(`metadata.${key}`, metadata[key]),
  );
  const known = new Set(textsIn(old, 'finalizers'));
  const added = textsIn(metadata, 'finalizers').filter((finalizer) => !known.has(finalizer));
  if (textIn(old, 'deletionTimestamp') === '' || added.length === 0) return errors;
  const shown = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
  const text = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`;
  return [...errors, forbiddenField('metadata.finalizers', text)];
}
