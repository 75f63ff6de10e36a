import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {objectIn, objectsIn} from './read-json.ts';
import type {Strategy} from './strategy.ts';
import {validatePolicy} from './validate-admission-policy.ts';
import {validatePolicyBinding} from './validate-policy-binding.ts';
import {defaultRule} from './webhook-configuration-strategy.ts';

export const admissionPolicyStrategy: Strategy = {
  prepare: (policy) => {
    const spec = objectIn(policy, 'spec');
    const complete = {failurePolicy: 'Fail', ...withMatchDefaults(spec, 'matchConstraints')};
    return {...policy, spec: complete, status: policy['status'] ?? {}};
  },
  // A status says what was found out about the policy; it is nothing to be checked again.
  validate: (policy, _old, {subresource}) => (subresource === 'status' ? [] : validatePolicy(policy)),
};

export const admissionPolicyBindingStrategy: Strategy = {
  prepare: (binding) => ({...binding, spec: withMatchDefaults(objectIn(binding, 'spec'), 'matchResources')}),
  validate: validatePolicyBinding,
};

function withMatchDefaults(spec: JsonObject, key: string): JsonObject {
  const match = spec[key];
  if (!isObject(match)) return spec;
  const complete: JsonObject = {matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, ...match};
  for (const rules of ['resourceRules', 'excludeResourceRules']) {
    if (Array.isArray(match[rules])) complete[rules] = objectsIn(match, rules).map(defaultRule);
  }
  return {...spec, [key]: complete};
}
