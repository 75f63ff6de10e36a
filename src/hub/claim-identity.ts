import type {Member} from './member.ts';
import type {Claim} from './member-identity.ts';
import type {MemberMemory} from './member-memory.ts';

/**
 * Whether the cluster with this `kube-system` uid may be the member of this id; the first one that answers is pinned (design
 * §5). One cluster registered twice would export everything twice: the younger Cluster object is refused (design §10).
 */
export function claimIdentity(of: {
  readonly id: string;
  readonly uid: string;
  readonly members: ReadonlyMap<string, Member>;
  readonly memory: MemberMemory;
}): Claim {
  const {id, uid, members, memory} = of;
  const pinned = memory.get(id)?.uid;
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
    (other) => other.id !== id && memory.get(other.id)?.uid === uid && isOlder(other, member),
  );
  if (twin !== undefined) {
    const message = `Cluster ${twin.id} is the same cluster and was registered first. Delete one of the two.`;
    return {ok: false, reason: 'DuplicateCluster', message};
  }
  if (pinned === undefined) memory.set(id, {uid});
  return {ok: true};
}

function isOlder(one: Member, other: Member | undefined): boolean {
  if (other === undefined) return true;
  const [a, b] = [one.cluster.metadata.creationTimestamp ?? '', other.cluster.metadata.creationTimestamp ?? ''];
  return a === b ? one.id < other.id : a < b;
}
