/** What is known before a cluster is registered. */
export interface JoinFacts {
  /** Under which it is to be registered. */
  readonly name: string;
  /** Of its `kube-system` namespace. */
  readonly uid: string;
  /** The hub's memory of all its members; `left`: it left and was not cleared yet. */
  readonly records: readonly {readonly name: string; readonly uid: string | undefined; readonly left: boolean}[];
  /** A Cluster of that name is being deleted. */
  readonly isLeaving: boolean;
  /** Values of its two ClusterProperties (KEP-2149), where it has them. */
  readonly clusterId: string | undefined;
  readonly clustersetId: string | undefined;
  /** The clusterset that it is meant for; undefined: nobody said. */
  readonly wantedClusterset: string | undefined;
}

/**
 * Why a cluster must not be registered, as a sentence with what to do; undefined where nothing speaks against it. The hub
 * refuses all of this too (design §4, §5), but only after it was registered.
 */
export function joinRefusal(facts: JoinFacts): string | undefined {
  return refuseLeaving(facts) ?? refuseOtherName(facts) ?? refuseOtherCluster(facts) ?? refuseElsewhere(facts);
}

function refuseLeaving({name, isLeaving}: JoinFacts): string | undefined {
  if (!isLeaving) return undefined;
  return `Cluster ${name} is just leaving; \`isthmus leave ${name}\` shows how far it is`;
}

function refuseOtherName({name, uid, records}: JoinFacts): string | undefined {
  const other = records.find((record) => record.uid === uid && record.name !== name && !record.left);
  if (other === undefined) return undefined;
  return `this cluster is a member already, as ${other.name}; \`isthmus leave ${other.name}\` comes first`;
}

function refuseOtherCluster({name, uid, records}: JoinFacts): string | undefined {
  const own = records.find((record) => record.name === name);
  if (own?.uid === undefined || own.uid === uid) return undefined;
  if (own.left) {
    return (
      `another cluster of the name ${name} left and was not cleared yet; take another name, wait until it is, ` +
      `or give it up with \`isthmus leave ${name} --forget\``
    );
  }
  return `${name} is another cluster already; take another name, or, if it was rebuilt, \`isthmus leave ${name}\` comes first`;
}

/** What this hub remembers as its own member is that, whatever the clusterset is called. */
function refuseElsewhere(facts: JoinFacts): string | undefined {
  const {name, uid, records, clusterId, clustersetId, wantedClusterset} = facts;
  const isKnown = records.some((record) => record.uid === uid);
  const isWanted = clustersetId === wantedClusterset || (wantedClusterset === undefined && isKnown);
  if (clustersetId !== undefined && !isWanted) {
    return (
      `it is a member of the clusterset "${clustersetId}"; let it leave there first, or name that one with ` +
      '--clusterset-id if it is the one of this hub'
    );
  }
  if (clusterId === undefined || clusterId === name || isKnown) return undefined;
  return `it calls itself "${clusterId}" (ClusterProperty cluster.clusterset.k8s.io); register it under that name`;
}
