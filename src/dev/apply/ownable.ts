import type {JsonObject} from '../schema/json.ts';
import {difference, setOf} from './field-set.ts';
import type {FieldSet} from './field-set.ts';

/** Whose fields are at stake in one write: those of the object without its status, or its status alone. */
export interface Scope {
  readonly subresource?: 'status' | 'finalize';
  /** The kind has a status subresource, so that writes of the main resource leave the status alone. Else it is a field like any other. */
  readonly hasStatus?: boolean;
}

/** The part of an object that this write can change; what else a body carries is dropped silently. */
export function visiblePart(scope: Scope, object: JsonObject): JsonObject {
  if (scope.subresource === 'status') return Object.hasOwn(object, 'status') ? {status: object['status']} : {};
  if (scope.hasStatus !== true) return object;
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== 'status'));
}

/** The rest of the stored object, and the written part of the new one. */
export function joinParts(scope: Scope, live: JsonObject, written: JsonObject): JsonObject {
  if (scope.subresource === 'status') return {...visiblePart({hasStatus: true}, live), ...written};
  return scope.hasStatus === true && Object.hasOwn(live, 'status') ? {...written, status: live['status']} : written;
}

/** Set by the server, or what makes the object that object: nobody owns these. */
const unownable = setOf(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['f:metadata', `f:${name}`]),
);

export function withoutUnownable(fields: FieldSet): FieldSet {
  return difference(fields, unownable);
}
