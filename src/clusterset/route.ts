import type {GlobalTrafficPolicy, ImportPort} from '../api/kinds.ts';
import {clusterIdOfKey} from '../api/names.ts';
import {splitByPlace} from './closest.ts';
import type {Route, RoutedCluster} from './decision.ts';
import {whyLeftOut} from './left-out.ts';
import type {LeftOut} from './left-out.ts';
import {sharesOf} from './policy-shares.ts';
import type {Share} from './policy-shares.ts';
import type {ImportView, View} from './view.ts';

/** What decides where no GlobalTrafficPolicy is bound to the import: the own cluster first, then every healthy exporter. */
export const DEFAULT_ROUTING: string = 'local-first';

export interface RouteInput {
  readonly import: ImportView;
  readonly view: View;
  /** Undefined: the import as a whole, as if every exporter served every port. */
  readonly port?: ImportPort;
  /** In place of the one that the view has for the import. */
  readonly policy?: GlobalTrafficPolicy;
}

/**
 * Which clusters get the traffic of an import, seen from `view.clusterId`: tiers of weighted clusters, and a reason for
 * every exporter, and for every cluster that the policy names, that gets none (reference: FSM §2.6, column "Intended").
 *
 * Weights are relative within a tier: what remains shares the traffic in the same proportions when a cluster is left out.
 */
export function route(input: RouteInput): Route {
  const {import: imported, view} = input;
  const policy = input.policy ?? view.trafficPolicies.get(`${imported.namespace}/${imported.name}`);
  const shares = sharesOf(policy, view.clusterId, imported.clusters);
  const routed: Share[] = [];
  const leftOut: LeftOut[] = [];
  for (const cluster of new Set([...imported.clusters, ...shares.keys(), ...namedBy(policy)].sort())) {
    const share = shares.get(cluster);
    const why = share === undefined ? notInPolicy(cluster, policy) : whyLeftOut(share, input);
    if (why !== undefined) leftOut.push(why);
    else if (share !== undefined) routed.push(share);
  }
  return {tiers: toTiers(routed, view, policy), leftOut, policy: decidedBy(policy)};
}

function namedBy(policy: GlobalTrafficPolicy | undefined): readonly string[] {
  return (policy?.spec?.targets ?? []).map(({clusterKey}) => clusterIdOfKey(clusterKey));
}

function notInPolicy(cluster: string, policy: GlobalTrafficPolicy | undefined): LeftOut {
  const {name, lbType} = decidedBy(policy);
  return {cluster, reason: 'NotInPolicy', message: `the policy ${name} (${lbType}) sends nothing to it`};
}

function decidedBy(policy: GlobalTrafficPolicy | undefined): Route['policy'] {
  return policy === undefined
    ? {kind: 'default', name: DEFAULT_ROUTING, lbType: DEFAULT_ROUTING}
    : {kind: 'GlobalTrafficPolicy', name: policy.metadata.name, lbType: policy.spec?.lbType ?? 'Locality'};
}

function toTiers(routed: readonly Share[], view: View, policy: GlobalTrafficPolicy | undefined): Route['tiers'] {
  const prefer = policy?.spec?.preferClosest ?? 'None';
  return [...new Set(routed.map(({tier}) => tier))]
    .sort((a, b) => a - b)
    .map((number) => routed.filter(({tier}) => tier === number).map((share) => toRouted(share, view)))
    .flatMap((tier) => splitByPlace(tier, view, prefer));
}

function toRouted({cluster, weight}: Share, view: View): RoutedCluster {
  return {cluster, weight, local: cluster === view.clusterId};
}
