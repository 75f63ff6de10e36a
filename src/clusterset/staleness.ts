import type {ClusterView, View} from './view.ts';

/** Unreachable for longer than this, what a source said last is stale (design §6, staleness bound). */
export const STALENESS_BOUND_MS: number = 15 * 60_000;

/** The three signals of design §6 about one source cluster. They are never mixed: only the gateway's moves traffic. */
export interface SourceSignals {
  /** Never: no hub has written to this cluster yet. */
  readonly heartbeat: 'Fresh' | 'Expired' | 'Never';
  /** What the hub says of the source's API server. */
  readonly source: 'Reachable' | 'Unreachable' | 'Unknown';
  /**
   * For how long the source is Unreachable, milliseconds: since this observer saw it, or since the hub came back if that was
   * later (then every "since" starts anew). Undefined: not known, which is no evidence of a long time.
   */
  readonly unreachableForMs: number | undefined;
  /** As the observer's own probes see it. */
  readonly gateway: 'Alive' | 'Dead' | 'Unknown';
  /** The hub's own probe of the gateway; Unknown at members, which are not told. */
  readonly hubProbe: 'Alive' | 'Dead' | 'Unknown';
}

/** The column "conclusion" of design §6. */
export type SourceState = 'Live' | 'NotRouted' | 'Frozen' | 'Stale' | 'Withdrawn' | 'Unknown';

export interface SourceVerdict {
  readonly state: SourceState;
  /** Whether traffic may go there, as far as the signals say. */
  readonly routed: boolean;
  /** Current: follows the source. All others: stays as it was; nothing is deleted for staleness. */
  readonly membership: 'Current' | 'Frozen' | 'Stale' | 'Unknown';
  readonly message: string;
}

/**
 * The table of design §6, row by row. What the table leaves open is decided by its own sentence "only the gateway signal moves
 * traffic": a dead gateway is not routed to whatever the rest says, and only the hub, by its own probe, withdraws.
 */
export function concludeSource(signals: SourceSignals, boundMs: number = STALENESS_BOUND_MS): SourceVerdict {
  const membership = membershipOf(signals, boundMs);
  const routed = signals.gateway !== 'Dead';
  const message = `${MEMBERSHIP[membership]}${routed ? '' : '; its gateway does not answer, so nothing is sent there'}`;
  return {state: stateOf(signals, membership), routed, membership, message};
}

const MEMBERSHIP: Record<SourceVerdict['membership'], string> = {
  Current: 'the hub reaches its API server',
  Frozen: 'the hub does not reach its API server: what it exports stays as it was',
  Stale:
    'the hub has not reached its API server for longer than the staleness bound: what it exports stays, and is marked',
  Unknown: 'no heartbeat of the hub: nothing new is known of it, and what it exports stays as it was',
};

function membershipOf({heartbeat, source, unreachableForMs = 0}: SourceSignals, boundMs: number) {
  // No staleness clock runs while nobody knows whether the hub still sees the source.
  if (heartbeat !== 'Fresh') return 'Unknown';
  if (source !== 'Unreachable') return 'Current';
  return unreachableForMs > boundMs ? 'Stale' : 'Frozen';
}

function stateOf({gateway, hubProbe}: SourceSignals, membership: SourceVerdict['membership']): SourceState {
  if (membership === 'Unknown') return 'Unknown';
  if (gateway === 'Dead') return membership === 'Stale' && hubProbe === 'Dead' ? 'Withdrawn' : 'NotRouted';
  return membership === 'Current' ? 'Live' : membership;
}

/**
 * What the view of one cluster knows about another.
 *
 * @param nowMs - milliseconds since the epoch; the view's own time where nothing newer is at hand
 */
export function signalsOf(cluster: ClusterView, view: View, nowMs: number = view.atMs): SourceSignals {
  const {api, gatewayHealth} = cluster;
  const {hub} = view;
  const hubSinceMs = hub.state === 'Alive' ? (hub.sinceMs ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY;
  return {
    heartbeat: hub.state === 'Alive' ? 'Fresh' : hub.state,
    source: api.state,
    unreachableForMs: api.sinceMs === undefined ? undefined : Math.max(0, nowMs - Math.max(api.sinceMs, hubSinceMs)),
    gateway: gatewayHealth,
    hubProbe: 'Unknown',
  };
}

/**
 * Whether what an import says of a cluster's ready endpoints is too old to be believed: nobody has told anything of it for longer
 * than the staleness bound. Then it is unknown and leaves nobody out (design §6). An annotation does not say whether its cluster
 * was not ready or was withdrawn by the hub, so while the hub lives it is doubted only where the own probes see the gateway alive.
 *
 * @param nowMs - milliseconds since the epoch; the view's own time where nothing newer is at hand
 */
export function isReadinessOutdated(cluster: string, view: View, nowMs: number = view.atMs): boolean {
  const {hub, clusters, clusterId} = view;
  if (hub.state === 'Expired') return nowMs - hub.observedMs > STALENESS_BOUND_MS;
  const at = clusters.get(cluster);
  if (at === undefined || cluster === clusterId || at.gatewayHealth !== 'Alive') return false;
  return concludeSource(signalsOf(at, view, nowMs)).membership === 'Stale';
}

/**
 * Whether time alone has changed what a view says of its sources: one passed the staleness bound since the view was made, or the
 * hub has been silent for that long.
 */
export function isStalenessDue(view: View, nowMs: number): boolean {
  const membershipAt = (cluster: ClusterView, ms: number): string =>
    concludeSource(signalsOf(cluster, view, ms)).membership;
  const isHubsDue = isReadinessOutdated(view.clusterId, view) !== isReadinessOutdated(view.clusterId, view, nowMs);
  return (
    isHubsDue ||
    [...view.clusters.values()].some((cluster) => membershipAt(cluster, view.atMs) !== membershipAt(cluster, nowMs))
  );
}
