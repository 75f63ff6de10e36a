import type {GlobalTrafficPolicy} from '../api/kinds.ts';
import {clusterIdOfKey} from '../api/names.ts';
import type {DefaultRouting} from './view.ts';

/** What a policy gives one cluster, before anybody asks whether that cluster can serve. */
export interface Share {
  readonly cluster: string;
  /** Relative to the others of its tier; 0 drains. */
  readonly weight: number;
  /** Lower ones are used first. */
  readonly tier: number;
}

type Spec = NonNullable<GlobalTrafficPolicy['spec']>;
type Target = NonNullable<Spec['targets']>[number];

const DEFAULT_WEIGHT = 100;
/** Before every `priority`, none of which is negative. */
const OWN_TIER = -1;

/**
 * The share of each cluster by cluster id (reference: FSM §2.6). Without a policy the own cluster comes first, then every
 * exporter, as KEP-1645 wants it; what a policy doesn't name gets no share, but the own cluster where it exports.
 *
 * @param clusterId - the asking cluster
 * @param exporters - ids of the clusters that export the service
 */
export function sharesOf(
  policy: Pick<GlobalTrafficPolicy, 'spec'> | DefaultRouting,
  clusterId: string,
  exporters: readonly string[],
): ReadonlyMap<string, Share> {
  const own = (tier: number): Share => ({cluster: clusterId, weight: DEFAULT_WEIGHT, tier});
  const ownIfExporting = (tier: number) => (exporters.includes(clusterId) ? [own(tier)] : []);
  const everyExporter = exporters.map((cluster): Share => ({cluster, weight: DEFAULT_WEIGHT, tier: 0}));
  if (policy === 'local-first') return byCluster([...ownIfExporting(OWN_TIER), ...everyExporter]);

  const {targets = [], lbType = 'Locality'}: Spec = typeof policy === 'string' ? {lbType: policy} : (policy.spec ?? {});
  switch (lbType) {
    case 'Locality':
      // More than one target is refused at admission; where it got in nevertheless, the first counts.
      return byCluster(targets.length === 0 ? [own(0)] : targets.slice(0, 1).map(toShare));
    case 'FailOver':
      return byCluster([...targets.map((target) => ownFirst(target, clusterId)), ...ownIfExporting(OWN_TIER)]);
    case 'ActiveActive': {
      if (targets.length === 0) return byCluster(everyExporter);
      const listed = targets.map(toShare);
      return byCluster([...listed, ...ownIfExporting(Math.min(...listed.map(({tier}) => tier)))]);
    }
    default:
      return unknownType(lbType);
  }
}

function toShare({clusterKey, weight, priority}: Target): Share {
  return {cluster: clusterIdOfKey(clusterKey), weight: weight ?? DEFAULT_WEIGHT, tier: priority ?? 0};
}

/** FailOver serves at home while it can, also where the own cluster is listed, unless a `priority` says where it stands. */
function ownFirst(target: Target, clusterId: string): Share {
  const share = toShare(target);
  return share.cluster === clusterId && target.priority === undefined ? {...share, tier: OWN_TIER} : share;
}

/** A cluster that is named twice is refused at admission; where it got in nevertheless, the first counts. */
function byCluster(shares: readonly Share[]): ReadonlyMap<string, Share> {
  const map = new Map<string, Share>();
  for (const share of shares) if (!map.has(share.cluster)) map.set(share.cluster, share);
  return map;
}

/** The schema's enum keeps others out; where it didn't, nobody gets traffic by a rule that can't be read. */
function unknownType(_lbType: never): ReadonlyMap<string, Share> {
  return new Map();
}
