import type {InternalApi, TypeRef} from '../../apiserver/internal-api.ts';
import {nameOf, objectIn, textIn, textsIn} from '../../builtin/read-json.ts';
import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {compilePolicy} from './compiled-policy.ts';
import type {CompiledPolicy} from './compiled-policy.ts';
import {matchCriteria} from './match-criteria.ts';
import type {MatchCriteria} from './match-criteria.ts';

const GROUP = 'admissionregistration.k8s.io';
export const POLICIES: TypeRef = {group: GROUP, plural: 'validatingadmissionpolicies'};
export const BINDINGS: TypeRef = {group: GROUP, plural: 'validatingadmissionpolicybindings'};

/** A ValidatingAdmissionPolicyBinding, read once. */
export interface CompiledBinding {
  readonly name: string;
  /** Undefined: whatever the policy matches. */
  readonly criteria: MatchCriteria | undefined;
  readonly paramRef: JsonObject | undefined;
  /** `Deny`, `Warn`, `Audit`. */
  readonly actions: readonly string[];
}

/** A policy with those who want it held. A policy without bindings holds nothing. */
export interface BoundPolicy {
  readonly policy: CompiledPolicy;
  readonly bindings: readonly CompiledBinding[];
}

/** All policies that are bound, by name. Bindings of policies that are not there wait for them. */
export function boundPolicies(api: InternalApi): readonly BoundPolicy[] {
  const byPolicy = Map.groupBy(sorted(api.list(BINDINGS)), (binding) =>
    textIn(objectIn(binding, 'spec'), 'policyName'),
  );
  return sorted(api.list(POLICIES)).flatMap((policy) => {
    const bindings = byPolicy.get(nameOf(policy)) ?? [];
    return bindings.length === 0 ? [] : [{policy: compilePolicy(policy), bindings: bindings.map(compileBinding)}];
  });
}

function compileBinding(binding: JsonObject): CompiledBinding {
  const spec = objectIn(binding, 'spec');
  const {matchResources, paramRef} = spec;
  return {
    name: nameOf(binding),
    criteria: isObject(matchResources) ? matchCriteria(matchResources) : undefined,
    paramRef: isObject(paramRef) ? paramRef : undefined,
    actions: textsIn(spec, 'validationActions'),
  };
}

function sorted(objects: readonly JsonObject[]): readonly JsonObject[] {
  return objects.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}
