import type {ImportPort} from '../api/kinds.ts';
import type {LeftOutReason} from './decision.ts';
import {DRAIN_PARTS, drainedParts} from './drain.ts';
import {refusedSource} from './import-policy.ts';
import {portKey} from './merge-ports.ts';
import type {Share} from './policy-shares.ts';
import {reachOf} from './reach.ts';
import {isReadinessOutdated} from './staleness.ts';
import type {ImportView, View} from './view.ts';

export interface LeftOut {
  readonly cluster: string;
  readonly reason: LeftOutReason;
  readonly message: string;
}

/** What a decision about one import looks at. */
export interface Situation {
  readonly import: ImportView;
  readonly view: View;
  /** Undefined: the import as a whole. */
  readonly port?: ImportPort;
  /** The namespace whose pods ask. Undefined: whoever may consume the service. */
  readonly consumerNamespace?: string;
  /** Milliseconds since the epoch, for staleness alone; the view's own time when not given. */
  readonly nowMs?: number;
}

/**
 * Why a cluster gets no traffic although the policy gives it a share; undefined when it gets some. One reason, the one that
 * lies deepest: what the policy says, then what the import says, then the cluster's health.
 */
export function whyLeftOut(share: Share, situation: Situation): LeftOut | undefined {
  const {cluster} = share;
  const found =
    (share.weight > 0 ? undefined : because('WeightZero', 'its weight in the policy is 0')) ??
    whyNotServing(cluster, situation) ??
    whyNotReachable(cluster, situation);
  return found === undefined ? undefined : {cluster, ...found};
}

type Reason = Omit<LeftOut, 'cluster'>;

function because(reason: LeftOutReason, message: string): Reason {
  return {reason, message};
}

function whyNotServing(cluster: string, situation: Situation): Reason | undefined {
  const {import: imported, view, port} = situation;
  const refused = imported.refused?.find((source) => source.cluster === cluster);
  if (refused !== undefined) return because('ImportPolicy', refused.message);
  if (imported.notTargeted?.includes(cluster) === true)
    return because('NotTargeted', 'it exports the service, and its targetClusters do not name this cluster');
  if (!imported.clusters.includes(cluster)) {
    return isKnown(cluster, view)
      ? because('NotExporting', 'it is none of the exporters of the import here')
      : because('UnknownCluster', 'no cluster of this id is in the clusterset');
  }
  const refusal = refusedSource(imported, cluster, situation);
  if (refusal !== undefined) return because('ImportPolicy', refusal);
  if (port === undefined) return undefined;
  const serving = imported.portClusters[portKey(port)];
  if (serving === undefined || serving.includes(cluster)) return undefined;
  return because('PortNotServed', `it does not serve ${portKey(port)}; ${serving.join(', ')} does`);
}

/**
 * What isn't known leaves nobody out: no readiness in the import, or one that was told too long ago, a gateway that nothing has
 * probed yet.
 */
function whyNotReachable(cluster: string, situation: Situation): Reason | undefined {
  const {import: imported, view} = situation;
  const at = view.clusters.get(cluster);
  if (drainedParts(at, imported) === DRAIN_PARTS) return because('Drained', 'the cluster is drained');
  if (isNotReady(cluster, situation) && !isReadinessInDoubt(cluster, situation)) {
    return because('NoReadyEndpoint', 'it has no ready endpoint of the service');
  }
  const reached = reachOf(cluster, at, situation);
  if (reached.reach === undefined) return because(reached.reason, reached.message);
  // Also where its pods are in this network: only the gateway signal moves traffic, and it is the one there is (design §6).
  if (reached.reach !== 'Local' && at?.gatewayHealth === 'Dead') {
    return because('GatewayDead', 'its gateway does not answer');
  }
  return undefined;
}

/** By the last word that there is. */
function isNotReady(cluster: string, {import: {readyClusters}}: Situation): boolean {
  return readyClusters?.includes(cluster) === false;
}

/** Not ready by a word that is too old: it may serve, after all that are known to be ready. */
export function isReadinessInDoubt(cluster: string, situation: Situation): boolean {
  return isNotReady(cluster, situation) && isReadinessOutdated(cluster, situation.view, situation.nowMs);
}

function isKnown(cluster: string, view: View): boolean {
  return cluster === view.clusterId || view.clusters.has(cluster);
}
