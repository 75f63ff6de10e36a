import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {duplicate, invalidValue, notSupported} from './field-errors.ts';
import {wrongPathSegment} from './name-rules.ts';
import {objectIn, objectsIn, textIn, textsIn} from './read-json.ts';
import {validateLabelSelector} from './validate-label-selector.ts';
import {validateRule} from './validate-webhooks.ts';

const MATCH_POLICIES = ['Equivalent', 'Exact'];

/** `matchConstraints` of a policy or `matchResources` of a binding. */
export function validateMatchResources(match: JsonObject, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const policy = textIn(match, 'matchPolicy');
  if (!MATCH_POLICIES.includes(policy)) errors.push(notSupported(`${field}.matchPolicy`, policy, MATCH_POLICIES));
  for (const key of ['namespaceSelector', 'objectSelector']) {
    errors.push(...validateLabelSelector(objectIn(match, key), `${field}.${key}`));
  }
  for (const key of ['resourceRules', 'excludeResourceRules']) {
    errors.push(...objectsIn(match, key).flatMap((rule, at) => namedRuleErrors(rule, `${field}.${key}[${at}]`)));
  }
  return errors;
}

function namedRuleErrors(rule: JsonObject, field: string): FieldError[] {
  const seen = new Set<string>();
  const names = textsIn(rule, 'resourceNames').flatMap((name, at) => {
    const path = `${field}.resourceNames[${at}]`;
    const errors = wrongPathSegment(name).map((text) => invalidValue(path, name, text));
    if (seen.has(name)) errors.push(duplicate(path, name));
    seen.add(name);
    return errors;
  });
  return [...names, ...validateRule(rule, field)];
}
