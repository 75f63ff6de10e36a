import type {Cluster} from '../api/kinds.ts';
import type {Condition, KubeObject} from '../api/meta.ts';
import {nextCondition} from '../api/meta.ts';
import {CONFIRM_DELETIONS_ANNOTATION} from '../api/names.ts';
import {apiVersionOf, clusters} from '../api/resources.ts';
import {readConfirmation} from '../clusterset/deletion-confirmation.ts';
import type {HeldBack} from '../clusterset/mass-deletion.ts';

/** A condition without its dates: what is believed, and a sentence for people. */
export interface Opinion extends Pick<Condition, 'status' | 'reason' | 'message'> {
  /** On the way to another opinion, as a rule within moments: told only where it lasts. */
  readonly passing?: true;
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
  /** By the hub's own probe; undefined: it is not probed. */
  readonly gatewayProbed?: Opinion | undefined;
  /** Its endpoints are withdrawn (design §6, last row but one). Undefined: as it was said before. */
  readonly isWithdrawn?: boolean | undefined;
  /** Of a kubeconfig that stays in the Cluster; undefined: there is none. */
  readonly inline?: Opinion | undefined;
  /** Of the token that the hub has for it, which may be none that expires; undefined: not known yet, so what was said stays. */
  readonly token?: Opinion | 'none' | undefined;
  /** Of rights that the hub has there and doesn't need; undefined: not known yet, so what was said stays. */
  readonly excess?: Opinion | 'none' | undefined;
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
  'EndpointsWithdrawn',
  'KubeconfigInline',
  'TokenRenewed',
  'OverPrivileged',
];

const MAX_NAMED = 20;

/**
 * The conditions of one Cluster (design §4), as an apply to its status subresource. Each turns True on evidence only.
 * `MassDeletion` is there while something is held back, `SlicesLimited` while slices are left out,
 * `EndpointsWithdrawn` while that is so, `KubeconfigInline` while a kubeconfig can be read in the Cluster,
 * `TokenRenewed` where the hub's token there expires, `OverPrivileged` while it may do more than it needs.
 */
export function planClusterStatus(situation: ClusterSituation): KubeObject {
  const {cluster, reachable, synced, held, sliceLimit, isWithdrawn, inline, token, excess, nowMs} = situation;
  const {name, uid, generation} = cluster.metadata;
  const gateway = gatewayHealthy(situation);
  const opinions: [string, Opinion][] = [
    ['Reachable', reachable],
    ['Synced', synced],
    ['GatewayHealthy', gateway],
    ['Managed', managed(reachable, synced, gateway)],
    ...(held === undefined ? [] : [['MassDeletion', massDeletion(held, cluster, nowMs)] as [string, Opinion]]),
    ...(sliceLimit === undefined ? [] : [['SlicesLimited', slicesLimited(sliceLimit)] as [string, Opinion]]),
    ...((isWithdrawn ?? wasWithdrawn(cluster)) ? [['EndpointsWithdrawn', WITHDRAWN] as [string, Opinion]] : []),
    ...(inline === undefined ? [] : [['KubeconfigInline', inline] as [string, Opinion]]),
    ...orAsBefore(cluster, 'TokenRenewed', token),
    ...orAsBefore(cluster, 'OverPrivileged', excess),
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

/** A hub that has just started has not asked yet what the one before it knew. */
function orAsBefore(cluster: Cluster, type: string, opinion: Opinion | 'none' | undefined): [string, Opinion][] {
  if (opinion === 'none') return [];
  const said = opinion ?? cluster.status?.conditions?.find((condition) => condition.type === type);
  return said === undefined ? [] : [[type, said]];
}

function wasWithdrawn({status}: Cluster): boolean {
  return status?.conditions?.some((each) => each.type === 'EndpointsWithdrawn' && each.status === 'True') === true;
}

const WITHDRAWN: Opinion = {
  status: 'True',
  reason: 'StaleAndGatewayDead',
  message:
    'Nobody has reached its API server for longer than the staleness bound, and its gateway is dead by the own probe of the hub. Its ' +
    'endpoints are taken back in all members, but where no other cluster has any; its exports and all imports stay.',
};

function gatewayHealthy(situation: ClusterSituation): Opinion {
  const {cluster, gatewayRefused, gatewayTakenBy, gatewayProbed} = situation;
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
  if (gatewayProbed === undefined) {
    return {status: 'Unknown', reason: 'NotProbed', message: 'This hub was told not to probe gateways.'};
  }
  // A hub that has just started doesn't know yet what the one before it saw, whose word stays for the moment.
  const last = cluster.status?.conditions?.find(({type}) => type === 'GatewayHealthy');
  return gatewayProbed.passing === true && last !== undefined && OF_PROBES.has(last.reason) ? last : gatewayProbed;
}

const OF_PROBES: ReadonlySet<string> = new Set(['GatewayAnswers', 'GatewayDead', 'GatewayFlapping', 'NeverAnswered']);

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

function massDeletion({keys, sinceMs}: HeldBack, {metadata}: Cluster, nowMs: number): Opinion {
  const named = [...keys].sort();
  const more = named.length > MAX_NAMED ? ` and ${named.length - MAX_NAMED} more` : '';
  const confirmation = readConfirmation(metadata.annotations?.[CONFIRM_DELETIONS_ANNOTATION], nowMs);
  return {
    status: 'True',
    reason: 'HeldBack',
    message:
      `More than half of its exports went at once, which looks like a fault, so their imports stay: ` +
      `${named.slice(0, MAX_NAMED).join(', ')}${more}. The latest is held since ${new Date(sinceMs).toISOString()}. If they are ` +
      `meant to be gone, run isthmus confirm ${metadata.name}, or set annotation ${CONFIRM_DELETIONS_ANNOTATION} of this Cluster to that time: ` +
      `what was held until then is let through.${confirmation.state === 'Ignored' ? ` What the annotation says is ignored: ${confirmation.why}.` : ''}`,
  };
}
