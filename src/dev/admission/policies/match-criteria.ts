import type {InternalApi} from '../../apiserver/internal-api.ts';
import type {ResourceType} from '../../apiserver/resource-type.ts';
import {objectIn, objectsIn, textIn, textsIn} from '../../builtin/read-json.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {AdmissionInput} from '../admit.ts';
import {toRule} from '../compiled-webhook.ts';
import {matchingType} from '../rule-matching.ts';
import type {Rule} from '../rule-matching.ts';
import {selects} from '../selector-matching.ts';
import type {Selectors} from '../selector-matching.ts';

interface NamedRule extends Rule {
  /** None: of any name. */
  readonly names: readonly string[];
}

/** `matchConstraints` of a policy, `matchResources` of a binding. */
export interface MatchCriteria extends Selectors {
  /** None: everything. */
  readonly rules: readonly NamedRule[];
  readonly excluded: readonly NamedRule[];
  readonly equivalent: boolean;
}

export function matchCriteria(of: JsonObject): MatchCriteria {
  return {
    namespaceSelector: objectIn(of, 'namespaceSelector'),
    objectSelector: objectIn(of, 'objectSelector'),
    rules: namedRules(of, 'resourceRules'),
    excluded: namedRules(of, 'excludeResourceRules'),
    equivalent: textIn(of, 'matchPolicy') !== 'Exact',
  };
}

function namedRules(of: JsonObject, key: string): readonly NamedRule[] {
  return objectsIn(of, key).map((rule) => ({...toRule(rule), names: textsIn(rule, 'resourceNames')}));
}

/**
 * Whether a request is among those that are meant.
 *
 * @returns the version in which the object is to be shown; undefined: it is not meant
 */
export function matchedType(
  criteria: MatchCriteria,
  input: AdmissionInput,
  api: InternalApi,
): ResourceType | undefined {
  const found = criteria.rules.length === 0 ? input.type : ruledType(criteria.rules, criteria, {input, api});
  if (found === undefined || !selects(criteria, input, api)) return undefined;
  return ruledType(criteria.excluded, criteria, {input, api}) === undefined ? found : undefined;
}

function ruledType(
  rules: readonly NamedRule[],
  {equivalent}: MatchCriteria,
  {input, api}: {input: AdmissionInput; api: InternalApi},
): ResourceType | undefined {
  const {type, operation, subresource = '', name = ''} = input;
  const named = rules.filter(({names}) => names.length === 0 || names.includes(name));
  if (named.length === 0) return undefined;
  const versions = api.types().filter((other) => other.storageKey === type.storageKey);
  return matchingType({rules: named, equivalent}, {operation, type, subresource}, versions);
}
