import type {ClusterKeeper} from './cluster-keeper.ts';
import type {CredentialCare} from './credential-care.ts';
import type {Departures} from './departures.ts';
import type {Member} from './member.ts';
import type {MemberGateways} from './member-gateways.ts';
import {type ClusterSituation, leavingSituation} from './plan-cluster-status.ts';
import type {RegisteredGateways} from './registered-gateways.ts';
import type {SliceBudget} from './slice-budget.ts';

export interface SituationSources {
  readonly members: ReadonlyMap<string, Member>;
  readonly departures: Pick<Departures, 'holds' | 'waitsFor'>;
  readonly gateways: RegisteredGateways;
  readonly keeper: Pick<ClusterKeeper, 'inlineOpinion'>;
  readonly care: Pick<CredentialCare, 'opinions'>;
  readonly slices: SliceBudget;
  readonly health: Pick<MemberGateways, 'opinion' | 'isWithdrawn'>;
}

/** What the hub believes of one Cluster now, for its conditions; undefined: it is not registered. */
export function memberSituation(
  name: string,
  {members, departures, gateways, keeper, care, slices, health}: SituationSources,
): Omit<ClusterSituation, 'cluster' | 'nowMs'> | undefined {
  const member = members.get(name);
  const waitsFor = departures.holds(name) ? departures.waitsFor(name) : undefined;
  if (member === undefined) return waitsFor === undefined ? undefined : leavingSituation(waitsFor);
  return {
    reachable: member.reachable(),
    synced: member.synced(),
    gatewayRefused: gateways.addresses.isRefused(member.cluster.spec?.gatewayHost),
    gatewayTakenBy: gateways.takenBy(name),
    gatewayProbed: health.opinion(name),
    isWithdrawn: health.isWithdrawn(name),
    inline: keeper.inlineOpinion(name),
    ...care.opinions(name),
    held: member.accepted.held,
    sliceLimit: slices.isOver(name) ? slices.limit : undefined,
  };
}
