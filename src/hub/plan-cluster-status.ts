import type {Cluster} from '../api/kinds.ts';
import type {Condition, KubeObject} from '../api/meta.ts';
import {nextCondition} from '../api/meta.ts';
import {CONFIRM_DELETIONS_ANNOTATION} from '../api/names.ts';
import {apiVersionOf, clusters} from '../api/resources.ts';
import type {HeldBack} from '../clusterset/mass-deletion.ts';

/** A condition without its dates: what is believed, and a sentence for people. */
export interface Opinion extends Pick<Condition, 'status' | 'reason' | 'message'> {
  /** On the way to another opinion, as a rule within moments: told only where it lasts. */
  readonly passing?: true;
  /** Another hub writes to this member and tells about it. */
  readonly untold?: true;
}

/**
 * The hub lacks a right that it needs to know the member. An API server that has just started says so too, for a moment.
 *
 * @param why - the API server's words
 */
export function forbiddenOpinion(why: string): Opinion {
  const message = `${why.slice(0, 400)}. What it held is kept; apply manifests/install/member.yaml there.`;
  return {status: 'False', reason: 'Forbidden', message, passing: true};
}

export interface ClusterSituation {
  /** With its newest conditions, also where they were just written and are not back from the watch yet. */
  readonly cluster: Cluster;
  readonly reachable: Opinion;
  readonly synced: Opinion;
  readonly gatewayRefused: boolean;
  /** The older Cluster that has the same gateway. */
  readonly gatewayTakenBy?: string | undefined;
  /** Of a kubeconfig that stays in the Cluster; undefined: there is none. */
  readonly inline?: Opinion | undefined;
  readonly held: HeldBack | undefined;
  /** How many slices it may have, where there would be more; undefined: there are not. */
  readonly sliceLimit: number | undefined;
  readonly nowMs: number;
}

/** Of one that is being deleted. @param failure - why what was written into it is still there; empty: nothing failed yet */
export function leavingSituation(failure: string): Omit<ClusterSituation, 'cluster' | 'nowMs'> {
  const why = failure === '' ? '' : ` It could not be done yet: ${failure}`;
  const message = `What was written into it is being taken back.${why}`;
  const reachable: Opinion = {status: 'Unknown', reason: 'Leaving', message: 'It is no member any more.'};
  const synced: Opinion = {status: 'False', reason: 'Leaving', message, passing: true};
  return {reachable, synced, gatewayRefused: false, held: undefined, sliceLimit: undefined};
}

/** All that the hub writes on a Cluster. */
export const CLUSTER_CONDITIONS: readonly string[] = [
  'Reachable',
  'Synced',
  'GatewayHealthy',
  'Managed',
  'MassDeletion',
  'SlicesLimited',
  'KubeconfigInline',
];

const MAX_NAMED = 20;

/**
 * The conditions of one Cluster (design §4), as an apply to its status subresource. Each turns True on evidence only.
 * `MassDeletion` is there while something is held back, `SlicesLimited` while slices are left out,
 * `KubeconfigInline` while a kubeconfig can be read in the Cluster.
 */
export function planClusterStatus(situation: ClusterSituation): KubeObject {
  const {cluster, reachable, synced, held, sliceLimit, inline, nowMs} = situation;
  const {name, uid, generation} = cluster.metadata;
  const gateway = gatewayHealthy(situation);
  const opinions: [string, Opinion][] = [
    ['Reachable', reachable],
    ['Synced', synced],
    ['GatewayHealthy', gateway],
    ['Managed', managed(reachable, synced, gateway)],
    ...(held === undefined ? [] : [['MassDeletion', massDeletion(held)] as [string, Opinion]]),
    ...(sliceLimit === undefined ? [] : [['SlicesLimited', slicesLimited(sliceLimit)] as [string, Opinion]]),
    ...(inline === undefined ? [] : [['KubeconfigInline', inline] as [string, Opinion]]),
  ];
  const observed = generation === undefined ? {} : {observedGeneration: generation};
  const conditions = opinions.map(([type, {status, reason, message}]) =>
    nextCondition(
      cluster.status?.conditions,
      {type, status, reason, message: message.slice(0, 4_096), ...observed},
      nowMs,
    ),
  );
  return {
    apiVersion: apiVersionOf(clusters),
    kind: clusters.kind,
    metadata: {name, ...(uid === undefined ? {} : {uid})},
    status: {conditions},
  } as KubeObject;
}

function gatewayHealthy({cluster, gatewayRefused, gatewayTakenBy}: ClusterSituation): Opinion {
  const host = cluster.spec?.gatewayHost;
  if (host === undefined || host === '') {
    return {status: 'False', reason: 'NoGateway', message: 'Set spec.gatewayHost, or nobody can reach its services.'};
  }
  if (gatewayRefused) {
    const message = `spec.gatewayHost ${host} is an address that no gateway can have. Use one that other clusters reach.`;
    return {status: 'False', reason: 'GatewayRefused', message};
  }
  if (gatewayTakenBy !== undefined) {
    const message =
      `Cluster ${gatewayTakenBy}, which is older, has the same gateway ${host}, so nothing is sent there for this one. ` +
      `Give one of the two a gateway of its own.`;
    return {status: 'False', reason: 'DuplicateGateway', message};
  }
  return {status: 'Unknown', reason: 'NotProbed', message: 'Nothing probes gateways yet.'};
}

/** FSM's name for all of it together. */
function managed(reachable: Opinion, synced: Opinion, gateway: Opinion): Opinion {
  const missing: [Opinion, string, string][] = [
    [reachable, 'NotReachable', 'Waits for Reachable.'],
    [synced, 'NotSynced', 'Waits for Synced.'],
    [gateway, gateway.reason === 'NotProbed' ? 'GatewayNotProbed' : 'GatewayNotHealthy', 'Waits for GatewayHealthy.'],
  ];
  const first = missing.find(([{status}]) => status !== 'True');
  if (first === undefined) return {status: 'True', reason: 'Success', message: 'It is a member of the clusterset.'};
  return {status: 'False', reason: first[1], message: first[2]};
}

function slicesLimited(limit: number): Opinion {
  const message =
    `More than ${limit} EndpointSlices would be imported here, so only those of headless services are. Others are ` +
    'reached by gateways; their UDP and SCTP ports are not carried. Export less to this cluster, by targetClusters.';
  return {status: 'True', reason: 'TooManySlices', message};
}

function massDeletion({keys}: HeldBack): Opinion {
  const named = [...keys].sort();
  const more = named.length > MAX_NAMED ? ` and ${named.length - MAX_NAMED} more` : '';
  return {
    status: 'True',
    reason: 'HeldBack',
    message:
      `More than half of its exports went at once, which looks like a fault, so their imports stay: ` +
      `${named.slice(0, MAX_NAMED).join(', ')}${more}. If it is meant, set annotation ` +
      `${CONFIRM_DELETIONS_ANNOTATION} of this Cluster to the time of now (RFC 3339).`,
  };
}
