import type {Cluster, RemoteCluster} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {toKubeTime} from '../api/meta.ts';
import {HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../api/names.ts';
import {apiVersionOf, remoteClusters} from '../api/resources.ts';
import {drainStepAt} from '../clusterset/drain-ramp.ts';
import type {DefaultRouting} from '../clusterset/view.ts';

/** How the hub sees a member's API server; undefined until it knows either way. */
export interface ApiSignal {
  readonly state: 'Reachable' | 'Unreachable';
  readonly sinceMs: number;
}

export interface RemoteClusterSituation {
  readonly cluster: Cluster;
  /** Addresses of the gateway that passed the rules of design §10, sorted. Undefined: its name is not resolved yet. */
  readonly addresses: readonly string[] | undefined;
  /** True where `gatewayHost` is itself an address that no gateway may have. */
  readonly gatewayRefused: boolean;
  readonly api: ApiSignal | undefined;
  readonly version: string | undefined;
  /** Of the member that is told about itself; undefined: nothing is to be said. */
  readonly defaultRouting?: DefaultRouting | undefined;
  readonly actual: RemoteCluster | undefined;
  readonly nowMs: number;
}

type RemoteClusterSpec = NonNullable<RemoteCluster['spec']>;

const apiVersion = apiVersionOf(remoteClusters);
const {kind} = remoteClusters;

/** The object that tells one member about one cluster, itself included (design §4). It never carries credentials. */
export function planRemoteCluster(situation: RemoteClusterSituation): {
  object: KubeObject;
  status: KubeObject | undefined;
} {
  const {cluster, actual} = situation;
  const uid = actual?.metadata.uid;
  const {name} = cluster.metadata;
  const metadata = {name, ...(uid === undefined ? {} : {uid}), labels: {[MANAGED_BY_LABEL]: HUB_MANAGED_BY}};
  return {
    object: {apiVersion, kind, metadata, spec: desiredSpec(situation)} as KubeObject,
    status: desiredStatus(situation),
  };
}

function desiredSpec({
  cluster,
  addresses: resolved,
  actual,
  gatewayRefused,
  defaultRouting,
  nowMs,
}: RemoteClusterSituation): RemoteClusterSpec {
  const spec = cluster.spec ?? {};
  const told = actual?.spec?.gateway;
  // A hub that has just started takes nothing back that the one before it knew.
  const addresses = resolved ?? (told?.host === spec.gatewayHost ? told?.addresses : undefined) ?? [];
  const gateway =
    spec.gatewayHost === undefined || spec.gatewayPort === undefined || gatewayRefused
      ? undefined
      : {host: spec.gatewayHost, port: spec.gatewayPort, ...(addresses.length === 0 ? {} : {addresses})};
  return {
    ...(gateway === undefined ? {} : {gateway}),
    region: spec.region ?? 'default',
    zone: spec.zone ?? 'default',
    group: spec.group ?? 'default',
    ...(spec.network === undefined ? {} : {network: spec.network}),
    ...(spec.podCIDRs === undefined ? {} : {podCIDRs: spec.podCIDRs}),
    ...drainOf(spec, nowMs),
    // What agents go by anyhow needs no word.
    ...(defaultRouting === undefined || defaultRouting === 'local-first' ? {} : {defaultRouting}),
  };
}

/** While a drain is ramped, its step of now; members know of no ramps, so that they need no clock for them. */
function drainOf(spec: NonNullable<Cluster['spec']>, nowMs: number): Pick<RemoteClusterSpec, 'drain' | 'drainPercent'> {
  const {drain, drainPercent, drainRamp} = spec;
  if (drainRamp === undefined) {
    return {...(drain === undefined ? {} : {drain}), ...(drainPercent === undefined ? {} : {drainPercent})};
  }
  const {percent} = drainStepAt(spec, nowMs);
  return percent === 100 ? {drain: true} : {drain: false, drainPercent: percent};
}

/**
 * The API signal is written only when it changes (design §6): a state that the member was told before keeps its `since`, so a
 * hub that restarts rewrites nothing.
 */
function desiredStatus({cluster, api, version, actual}: RemoteClusterSituation): KubeObject | undefined {
  if (api === undefined) return undefined;
  const told = actual?.status?.api;
  const since = told?.state === api.state ? told.since : toKubeTime(api.sinceMs);
  const known = version ?? actual?.status?.version;
  const status: RemoteCluster['status'] = {
    api: {state: api.state, since},
    ...(known === undefined ? {} : {version: known}),
  };
  return {apiVersion, kind, metadata: {name: cluster.metadata.name}, status} as KubeObject;
}
