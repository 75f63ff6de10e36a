import type {GlobalTrafficPolicy} from '../api/kinds.ts';
import {originOf, policyNameOf} from './policy-origin.ts';
import type {PolicyOrigin} from './policy-origin.ts';

/** The GlobalTrafficPolicy that decides about one import in one cluster, and where it comes from. */
export interface EffectivePolicy {
  readonly policy: GlobalTrafficPolicy;
  readonly from: PolicyOrigin;
  /** The other one, where there are two. */
  readonly ignored: GlobalTrafficPolicy | undefined;
  /** For the status of both. */
  readonly because: string;
}

/**
 * A member's own GlobalTrafficPolicy wins where the hub's says `allowOverride: true`; where it doesn't, the hub's wins; alone,
 * each decides. Unlike ExportPolicy and ImportPolicy two of them can't be narrowed to one: weights have no intersection.
 */
export function effectivePolicy(
  hub: GlobalTrafficPolicy | undefined,
  member: GlobalTrafficPolicy | undefined,
): EffectivePolicy | undefined {
  if (hub === undefined) {
    if (member === undefined) return undefined;
    return {policy: member, from: 'Member', ignored: undefined, because: 'the hub has no policy of this name'};
  }
  if (member === undefined) {
    return {policy: hub, from: 'Hub', ignored: undefined, because: 'this cluster has no policy of this name'};
  }
  return hub.spec?.allowOverride === true
    ? {policy: member, from: 'Member', ignored: hub, because: "the hub's policy of this name says allowOverride: true"}
    : {policy: hub, from: 'Hub', ignored: member, because: 'it does not say allowOverride: true'};
}

/**
 * The effective policies of a cluster by the `namespace/name` of the import that they are bound to.
 *
 * @param policies - all GlobalTrafficPolicies of the cluster, those that the hub wrote and its own; of two of one origin for
 * one import the first by name counts
 */
export function effectiveTrafficPolicies(
  policies: Iterable<GlobalTrafficPolicy>,
): ReadonlyMap<string, EffectivePolicy> {
  const found: Record<PolicyOrigin, Map<string, GlobalTrafficPolicy>> = {Hub: new Map(), Member: new Map()};
  for (const policy of [...policies].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    const key = `${policy.metadata.namespace ?? ''}/${policyNameOf(policy)}`;
    const of = found[originOf(policy)];
    if (!of.has(key)) of.set(key, policy);
  }
  const keys = new Set([...found.Hub.keys(), ...found.Member.keys()]);
  const effective = [...keys].sort().flatMap((key): [string, EffectivePolicy][] => {
    const decided = effectivePolicy(found.Hub.get(key), found.Member.get(key));
    return decided === undefined ? [] : [[key, decided]];
  });
  return new Map(effective);
}
