import {jsonEquals, listAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {invalidValue, notSupported, required} from './field-errors.ts';
import {wrongPathSegment, wrongSubdomain} from './name-rules.ts';
import {objectIn, objectsIn, textIn} from './read-json.ts';
import type {Strategy} from './strategy.ts';
import {validateAggregationRule, validatePolicyRules} from './validate-policy-rules.ts';

const GROUP = 'rbac.authorization.k8s.io';

export const roleStrategy: Strategy = {
  nameRule: 'PathSegment',
  prepare: prepareRole,
  validate: (role) => validatePolicyRules(role, true),
};

export const clusterRoleStrategy: Strategy = {
  nameRule: 'PathSegment',
  prepare: prepareRole,
  validate: (role) => [...validatePolicyRules(role, false), ...validateAggregationRule(role)],
};

export const roleBindingStrategy: Strategy = {
  nameRule: 'PathSegment',
  prepare: prepareBinding,
  validate: validateBinding,
};

/** No rules are null. An empty list of a new role belongs to its writer first, and becomes null when it is stored. */
function prepareRole(role: JsonObject, old: JsonObject | undefined): JsonObject {
  if (listAt(role, 'rules').length > 0) return role;
  return old === undefined && Array.isArray(role['rules']) ? role : {...role, rules: null};
}

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
  const inCluster = textIn(binding, 'kind') === 'ClusterRoleBinding';
  const roleRef = objectIn(binding, 'roleRef');
  const errors = [
    ...validateRoleRef(roleRef, inCluster ? ['ClusterRole'] : ['Role', 'ClusterRole']),
    ...objectsIn(binding, 'subjects').flatMap((subject, at) => validateSubject(subject, inCluster, `subjects[${at}]`)),
  ];
  if (old !== undefined && !jsonEquals(roleRef, old['roleRef'])) {
    // The value is printed as the Go structure it was read into.
    const shown = {APIGroup: textIn(roleRef, 'apiGroup'), Kind: textIn(roleRef, 'kind'), Name: textIn(roleRef, 'name')};
    errors.push(invalidValue('roleRef', shown, 'cannot change roleRef'));
  }
  return errors;
}

function validateRoleRef(roleRef: JsonObject, kinds: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  const apiGroup = textIn(roleRef, 'apiGroup');
  const kind = textIn(roleRef, 'kind');
  const name = textIn(roleRef, 'name');
  if (apiGroup !== GROUP) errors.push(notSupported('roleRef.apiGroup', apiGroup, [GROUP]));
  if (!kinds.includes(kind)) errors.push(notSupported('roleRef.kind', kind, kinds));
  if (name === '') errors.push(required('roleRef.name'));
  return [...errors, ...wrongPathSegment(name).map((text) => invalidValue('roleRef.name', name, text))];
}

function validateSubject(subject: JsonObject, inCluster: boolean, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const kind = textIn(subject, 'kind');
  const name = textIn(subject, 'name');
  const apiGroup = textIn(subject, 'apiGroup');
  if (name === '') errors.push(required(`${field}.name`));
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') errors.push(...wrongSubdomain(name).map((text) => invalidValue(`${field}.name`, name, text)));
      if (apiGroup !== '') errors.push(notSupported(`${field}.apiGroup`, apiGroup, ['']));
      if (inCluster && textIn(subject, 'namespace') === '') errors.push(required(`${field}.namespace`));
      return errors;
    case 'User':
    case 'Group':
      if (apiGroup !== GROUP) errors.push(notSupported(`${field}.apiGroup`, apiGroup, [GROUP]));
      return errors;
    default:
      return [...errors, notSupported(`${field}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
}
