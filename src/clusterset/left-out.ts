import type {ImportPort} from '../api/kinds.ts';
import type {LeftOutReason} from './decision.ts';
import {refusedSource} from './import-policy.ts';
import {portKey} from './merge-ports.ts';
import type {Share} from './policy-shares.ts';
import type {ImportView, View} from './view.ts';

export interface LeftOut {
  readonly cluster: string;
  readonly reason: LeftOutReason;
  readonly message: string;
}

/**
 * Why a cluster gets no traffic although the policy gives it a share; undefined when it gets some. One reason, the one that
 * lies deepest: what the policy says, then what the import says, then the cluster's health.
 */
export function whyLeftOut(
  share: Share,
  input: {readonly import: ImportView; readonly view: View; readonly port?: ImportPort},
): LeftOut | undefined {
  const {cluster} = share;
  const found =
    (share.weight > 0 ? undefined : because('WeightZero', 'its weight in the policy is 0')) ??
    whyNotServing(cluster, input) ??
    whyNotReachable(cluster, input);
  return found === undefined ? undefined : {cluster, ...found};
}

type Reason = Omit<LeftOut, 'cluster'>;

function because(reason: LeftOutReason, message: string): Reason {
  return {reason, message};
}

function whyNotServing(
  cluster: string,
  {import: imported, view, port}: {readonly import: ImportView; readonly view: View; readonly port?: ImportPort},
): Reason | undefined {
  if (!imported.clusters.includes(cluster)) {
    return isKnown(cluster, view)
      ? because('NotExporting', 'it does not export the service')
      : because('UnknownCluster', 'no cluster of this id is in the clusterset');
  }
  const refusal = refusedSource(imported, cluster, view);
  if (refusal !== undefined) return because('ImportPolicy', refusal);
  if (port === undefined) return undefined;
  const serving = imported.portClusters[portKey(port)];
  if (serving === undefined || serving.includes(cluster)) return undefined;
  return because('PortNotServed', `it does not serve ${portKey(port)}; ${serving.join(', ')} does`);
}

/** What isn't known leaves nobody out: no readiness in the import, a gateway that nothing has probed yet. */
function whyNotReachable(
  cluster: string,
  {import: imported, view}: {readonly import: ImportView; readonly view: View},
): Reason | undefined {
  const at = view.clusters.get(cluster);
  if (at?.drain === true) return because('Drained', 'the cluster is drained');
  if (imported.readyClusters?.includes(cluster) === false) {
    return because('NoReadyEndpoint', 'it has no ready endpoint of the service');
  }
  if (cluster === view.clusterId) return undefined;
  if (at === undefined) return because('UnknownCluster', 'no cluster of this id is in the clusterset');
  if (at.gateway === undefined) return because('NoGateway', 'it has no gateway');
  if (at.gatewayHealth === 'Dead') return because('GatewayDead', 'its gateway does not answer');
  return undefined;
}

function isKnown(cluster: string, view: View): boolean {
  return cluster === view.clusterId || view.clusters.has(cluster);
}
