import type {ExportPolicy, GlobalTrafficPolicy, ImportPolicy} from '../api/kinds.ts';
import type {Condition} from '../api/meta.ts';
import type {EffectivePolicy} from '../clusterset/effective-policy.ts';
import {compileCondition} from '../clusterset/policy-condition.ts';
import {originOf, policyNameOf} from '../clusterset/policy-origin.ts';

type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;

/** Whether a policy counts in this cluster, and where it comes from. ExportPolicy and ImportPolicy: they narrow each other, so each of them counts. */
export function judgeNarrowingPolicy(policy: ExportPolicy | ImportPolicy): Verdict {
  const kind = policy.kind === 'ImportPolicy' ? 'ImportPolicy' : 'ExportPolicy';
  const broken = (policy.spec?.rules ?? []).find(
    (rule) => rule.cel !== undefined && !compileCondition(kind, rule.cel).ok,
  );
  if (broken !== undefined) {
    const message = `The condition of rule ${broken.name} can't be compiled, so it forbids all that the rule is about: correct spec.rules[].cel.`;
    return {status: 'True', reason: 'InvalidCondition', message};
  }
  return originOf(policy) === 'Hub'
    ? {
        status: 'True',
        reason: 'FromHub',
        message: `It is ${kind} ${policyNameOf(policy)} of the hub; this cluster's own policies can only narrow it further.`,
      }
    : {
        status: 'True',
        reason: 'Own',
        message: `It is this cluster's own, and narrows what the policies of the hub allow.`,
      };
}

/**
 * GlobalTrafficPolicy: of the hub's and the cluster's own one counts.
 *
 * @param effective - the one that counts for the import that the policy is bound to
 */
export function judgeTrafficPolicy(policy: GlobalTrafficPolicy, effective: EffectivePolicy): Verdict {
  const origin = originOf(policy);
  const whose =
    origin === 'Hub' ? `It is GlobalTrafficPolicy ${policyNameOf(policy)} of the hub` : `It is this cluster's own`;
  const counts = effective.policy.metadata.name === policy.metadata.name;
  if (counts) {
    const reason = origin === 'Hub' ? 'FromHub' : effective.ignored === undefined ? 'Own' : 'OverridesHub';
    return {status: 'True', reason, message: `${whose}, and decides: ${effective.because}.`};
  }
  if (effective.from === origin) {
    const message = `${whose}, and ${effective.policy.metadata.name}, which is bound to the same import, comes first by name.`;
    return {status: 'False', reason: 'Shadowed', message};
  }
  return origin === 'Hub'
    ? {
        status: 'False',
        reason: 'Overridden',
        message: `${whose}, and this cluster's own decides: ${effective.because}.`,
      }
    : {
        status: 'False',
        reason: 'HubDecides',
        message: `${whose}, and the hub's policy of this name decides: ${effective.because}.`,
      };
}
