import type {GlobalTrafficPolicy} from '../api/kinds.ts';
import {clusterIdOfKey} from '../api/names.ts';
import {splitByPlace} from './closest.ts';
import type {Route, RoutedCluster} from './decision.ts';
import {drainedParts} from './drain.ts';
import {leastStale} from './least-stale.ts';
import {isReadinessInDoubt, whyLeftOut} from './left-out.ts';
import type {LeftOut, Situation} from './left-out.ts';
import {originOf, policyNameOf} from './policy-origin.ts';
import {sharesOf} from './policy-shares.ts';
import type {Share} from './policy-shares.ts';
import {reachOf} from './reach.ts';
import {concludeSource, signalsOf} from './staleness.ts';
import {drainedTiers} from './tier-weights.ts';
import type {DefaultRouting, View} from './view.ts';

/** What decides where no GlobalTrafficPolicy is bound and the hub says nothing else: the own cluster, then every exporter. */
export const DEFAULT_ROUTING: DefaultRouting = 'local-first';

export interface RouteInput extends Situation {
  /** In place of the one that the view has for the import. */
  readonly policy?: GlobalTrafficPolicy;
}

/**
 * Which clusters get the traffic of an import, seen from `view.clusterId`: tiers of weighted clusters, how each is reached,
 * and a reason for every exporter, and for every cluster that the policy names, that gets none (reference: FSM §2.6, column
 * "Intended").
 *
 * Weights are relative within a tier: what remains shares the traffic in the same proportions when a cluster is left out.
 */
export function route(input: RouteInput): Route {
  const {import: imported, view} = input;
  const policy = boundPolicy(input);
  const decided = policy ?? view.defaultRouting ?? DEFAULT_ROUTING;
  const keptOut = (imported.refused ?? []).map(({cluster}) => cluster);
  const exporters = [...imported.clusters, ...keptOut, ...(imported.notTargeted ?? [])];
  const shares = sharesOf(decided, view.clusterId, exporters);
  const routed: Share[] = [];
  const leftOut: LeftOut[] = [];
  for (const cluster of new Set([...exporters, ...shares.keys(), ...namedBy(policy)].sort())) {
    const share = shares.get(cluster);
    const why = share === undefined ? notInPolicy(cluster, decided) : whyLeftOut(share, input);
    if (why !== undefined) leftOut.push(why);
    else if (share !== undefined) routed.push(afterAllInNoDoubt(share, input));
  }
  const rescued = routed.length === 0 ? leastStale(leftOut, input) : undefined;
  const served = rescued === undefined ? routed : [shares.get(rescued)].filter((share) => share !== undefined);
  const tiers = toTiers(served, input);
  return {
    tiers,
    leftOut: leftOut.filter(({cluster}) => cluster !== rescued),
    policy: decidedBy(decided),
    stale: tiers.length > 0 && tiers.every((tier) => tier.every(isStale)),
  };
}

/** Above all tiers of policies, whose `priority` is an int32. */
const IN_DOUBT_TIER = 2 ** 32;

/** A share of the traffic for who was last seen without a ready endpoint would be taken from those that were seen with one. */
function afterAllInNoDoubt(share: Share, input: RouteInput): Share {
  return isReadinessInDoubt(share.cluster, input) ? {...share, tier: share.tier + IN_DOUBT_TIER} : share;
}

/** The GlobalTrafficPolicy that decides; undefined: none does. */
export function boundPolicy({policy, import: {namespace, name}, view}: RouteInput): GlobalTrafficPolicy | undefined {
  return policy ?? view.trafficPolicies.get(`${namespace}/${name}`);
}

function namedBy(policy: GlobalTrafficPolicy | undefined): readonly string[] {
  return (policy?.spec?.targets ?? []).map(({clusterKey}) => clusterIdOfKey(clusterKey));
}

function notInPolicy(cluster: string, decided: GlobalTrafficPolicy | DefaultRouting): LeftOut {
  const {name, lbType} = decidedBy(decided);
  return {cluster, reason: 'NotInPolicy', message: `the policy ${name} (${lbType}) sends nothing to it`};
}

function decidedBy(decided: GlobalTrafficPolicy | DefaultRouting): Route['policy'] {
  if (typeof decided === 'string') return {kind: 'default', name: decided, lbType: decided, from: 'Hub'};
  const lbType = decided.spec?.lbType ?? 'Locality';
  return {kind: 'GlobalTrafficPolicy', name: policyNameOf(decided), lbType, from: originOf(decided)};
}

function toTiers(served: readonly Share[], input: RouteInput): Route['tiers'] {
  const prefer = boundPolicy(input)?.spec?.preferClosest ?? 'None';
  const tiers = [...new Set(served.map(({tier}) => tier))]
    .sort((a, b) => a - b)
    .map((number) => served.filter(({tier}) => tier === number).map((share) => toRouted(share, input)))
    .flatMap((tier) => splitByPlace(tier, input.view, prefer));
  return drainedTiers(tiers).map((tier) => tier.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1)));
}

function toRouted({cluster, weight}: Share, input: RouteInput): RoutedCluster {
  const {import: imported, view} = input;
  const at = view.clusters.get(cluster);
  const local = cluster === view.clusterId;
  return {
    cluster,
    weight,
    local,
    reach: reachOf(cluster, at, input).reach ?? 'Gateway',
    source: sourceState(cluster, view, input.nowMs),
    drained: drainedParts(at, imported),
    ...(isReadinessInDoubt(cluster, input) ? {readinessInDoubt: true} : {}),
  };
}

/** The own cluster is its own source: nothing has to be told of it. */
function sourceState(cluster: string, view: View, nowMs: number | undefined): RoutedCluster['source'] {
  const at = view.clusters.get(cluster);
  if (cluster === view.clusterId || at === undefined) return 'Live';
  return concludeSource(signalsOf(at, view, nowMs)).state;
}

/** One that is served although its gateway is dead is so as the least stale of all: see {@link leastStale}. */
function isStale({source}: RoutedCluster): boolean {
  return source === 'Stale' || source === 'NotRouted' || source === 'Withdrawn';
}
