import {jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {invalidValue, notSupported, required} from './field-errors.ts';
import {objectIn, objectsIn, textIn} from './read-json.ts';
import type {Strategy} from './strategy.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** Roles are stored as they come: nobody evaluates them here yet. */
export const roleStrategy: Strategy = {nameRule: 'PathSegment'};

export const roleBindingStrategy: Strategy = {
  nameRule: 'PathSegment',
  prepare: prepareBinding,
  validate: validateBinding,
};

function prepareBinding(binding: JsonObject): JsonObject {
  const subjects = objectsIn(binding, 'subjects').map((subject) =>
    ['User', 'Group'].includes(textIn(subject, 'kind'))
      ? {...subject, apiGroup: textIn(subject, 'apiGroup') || GROUP}
      : subject,
  );
  const roleRef = objectIn(binding, 'roleRef');
  return {
    ...binding,
    ...(subjects.length === 0 ? {} : {subjects}),
    roleRef: {...roleRef, apiGroup: textIn(roleRef, 'apiGroup') || GROUP},
  };
}

function validateBinding(binding: JsonObject, old: JsonObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const roleRef = objectIn(binding, 'roleRef');
  const kinds = textIn(binding, 'kind') === 'ClusterRoleBinding' ? ['ClusterRole'] : ['Role', 'ClusterRole'];
  const kind = textIn(roleRef, 'kind');
  if (!kinds.includes(kind)) errors.push(notSupported('roleRef.kind', kind, kinds));
  if (textIn(roleRef, 'name') === '') errors.push(required('roleRef.name'));
  if (old !== undefined && !jsonEquals(roleRef, old['roleRef'])) {
    errors.push(invalidValue('roleRef', roleRef, 'cannot change roleRef'));
  }
  return errors;
}
