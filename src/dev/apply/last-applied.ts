import {parseBoundedJson} from '../schema/bounded-json.ts';
import {isObject, objectAt, stringAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {printValue} from '../schema/value-text.ts';
import {withTypeAndMeta} from '../schema/object-meta.ts';
import type {Schema} from '../schema/schema.ts';
import {compare} from './compare.ts';
import {difference, emptySet, union} from './field-set.ts';
import type {FieldSet} from './field-set.ts';
import {ownedFields} from './owned-fields.ts';

/** Only this manager moves from client-side to server-side apply without conflicts; whoever wants none of it takes another name. */
export const kubectlManager = 'kubectl';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * The fields that `kubectl apply` once set from the client's side and that still have the value it gave them: `kubectl apply --server-side`
 * takes these over without a conflict, though another manager's name stands on them.
 */
export function fieldsOfLastApplied(input: {
  readonly live: JsonObject | undefined;
  readonly apiVersion: string;
  readonly schema: Schema;
}): FieldSet {
  const applied = readLastApplied(input.live);
  if (applied === undefined || applied['apiVersion'] !== input.apiVersion) return emptySet;
  const schema = withTypeAndMeta(input.schema);
  const {added, modified, removed} = compare(schema, applied, input.live);
  return difference(ownedFields(schema, applied), union(union(added, modified), removed));
}

/** Where the annotation is, it goes on saying what was applied last, so that client-side apply can take over again. */
export function syncLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  if (readLastApplied(object) === undefined) return object;
  const {[annotation]: _last, ...annotations} = objectAt(objectAt(applied, 'metadata'), 'annotations') ?? {};
  const {annotations: _all, ...rest} = objectAt(applied, 'metadata') ?? {};
  const hasMore = Object.keys(annotations).length > 0;
  const configuration = {...applied, metadata: hasMore ? {...rest, annotations} : rest};
  const metadata = objectAt(object, 'metadata');
  const kept = {...objectAt(metadata, 'annotations'), [annotation]: `${printValue(configuration)}\n`};
  return {...object, metadata: {...metadata, annotations: kept}};
}

function readLastApplied(object: JsonObject | undefined): JsonObject | undefined {
  const text = stringAt(objectAt(objectAt(object, 'metadata'), 'annotations'), annotation);
  if (text === undefined || text === '') return undefined;
  try {
    const value: unknown = parseBoundedJson(text);
    return isObject(value) ? value : undefined;
  } catch (error) {
    // The annotation is anybody's text; one that cannot be read says nothing.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
