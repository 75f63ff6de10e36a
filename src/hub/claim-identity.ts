import {memberRecordName} from '../api/names.ts';
import {olderFirst} from './duplicate-gateways.ts';
import type {Member} from './member.ts';
import type {Claim} from './member-identity.ts';
import type {MemberMemory} from './member-memory.ts';

/**
 * Whether the cluster with this `kube-system` uid may be the member of this id: the one that joined is pinned (design §5).
 * One cluster registered twice would export everything twice, and of two with one gateway one would get what is meant for the
 * other: the younger Cluster object is refused (design §10). One that is a member already keeps its place when its gateway
 * turns out to be another's; then the gateway alone is refused, because a fault of DNS must not end a membership.
 */
export function claimIdentity(of: {
  readonly id: string;
  readonly uid: string;
  readonly members: ReadonlyMap<string, Member>;
  readonly memory: MemberMemory;
  /** The older Cluster that has its gateway. */
  readonly gatewayTakenBy: string | undefined;
}): Claim {
  const {id, uid, members, memory, gatewayTakenBy} = of;
  const {uid: pinned, left} = memory.get(id) ?? {};
  if (left !== undefined && pinned !== uid) {
    const message =
      `Another cluster left under this name and still holds what was written into it, because it can't be cleared. ` +
      `Register this one under another name, or give that one up: delete ConfigMap ${memberRecordName(id)}.`;
    return {ok: false, reason: 'NameTaken', message};
  }
  if (pinned !== undefined && pinned !== uid) {
    return {
      ok: false,
      reason: 'ClusterChanged',
      message:
        `kube-system has another uid than when ${id} joined. Nothing is read or written. ` +
        `Point the kubeconfig to the old cluster, or delete this Cluster and register the new one.`,
    };
  }
  const member = members.get(id);
  const twin = [...members.values()].find(
    (other) =>
      other.id !== id &&
      memory.get(other.id)?.uid === uid &&
      (member === undefined || olderFirst(other.cluster, member.cluster) < 0),
  );
  if (twin !== undefined) {
    const message = `Cluster ${twin.id} is the same cluster and was registered first. Delete one of the two.`;
    return {ok: false, reason: 'DuplicateCluster', message};
  }
  if (pinned === undefined && gatewayTakenBy !== undefined) {
    const message = `Cluster ${gatewayTakenBy} has the same gateway and was registered first. Give this one a gateway of its own.`;
    return {ok: false, reason: 'DuplicateGateway', message};
  }
  return {ok: true};
}
