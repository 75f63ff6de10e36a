import type {Condition} from '../api/meta.ts';
import {GATEWAY_CONDITION_PREFIX, GATEWAYS_REACHABLE_CONDITION, HUB_REACHABLE_CONDITION} from '../api/names.ts';
import type {ClusterView, HubSignal, View} from '../clusterset/view.ts';
import type {GatewayReport} from '../probes/gateway-prober.ts';
import {HEARTBEAT_EXPIRY_MS} from './hub-heartbeat.ts';

type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export interface HealthFacts {
  readonly view: Pick<View, 'clusterId' | 'clusters' | 'hub'>;
  /** Undefined: gateways are not probed. */
  readonly gateways: ReadonlyMap<string, GatewayReport> | undefined;
  readonly suspectsItself: boolean;
  /** What was said last. */
  readonly before: readonly Condition[];
}

/**
 * What Service `isthmus-agent` says of the signals of design §6 as this cluster sees them: the hub's heartbeat, all gateways
 * together, and each by itself. Nothing in them moves but by a transition: no counts, no ages.
 */
export function healthConditions(facts: HealthFacts): readonly Said[] {
  const {view, gateways, before} = facts;
  const remotes = [...view.clusters.values()]
    .filter(({id}) => id !== view.clusterId)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const each = gateways === undefined ? [] : remotes.map((cluster) => gatewayCondition(cluster, facts));
  return [
    settled(hubCondition(view.hub), before),
    gatewaysCondition(facts, remotes.length),
    ...each.map((said) => settled(said, before)),
  ];
}

/** True of those conditions that are said here, whoever's others stand beside them. */
export function isHealthCondition({type}: Pick<Condition, 'type'>): boolean {
  return (
    type === HUB_REACHABLE_CONDITION ||
    type === GATEWAYS_REACHABLE_CONDITION ||
    type.startsWith(GATEWAY_CONDITION_PREFIX)
  );
}

/** The reverse: what an agent has said of gateways, by cluster id. What it says nothing of is not known. */
export function readGateways(conditions: readonly Condition[]): {
  readonly health: ReadonlyMap<string, ClusterView['gatewayHealth']>;
  readonly suspectsItself: boolean;
} {
  const health = conditions.flatMap(({type, status}) =>
    type.startsWith(GATEWAY_CONDITION_PREFIX)
      ? [[type.slice(GATEWAY_CONDITION_PREFIX.length), HEALTH_OF[status]] as const]
      : [],
  );
  const all = conditions.find(({type}) => type === GATEWAYS_REACHABLE_CONDITION);
  return {health: new Map(health), suspectsItself: all?.reason === 'SuspectsItself'};
}

const HEALTH_OF = {True: 'Alive', False: 'Dead', Unknown: 'Unknown'} as const;

function hubCondition(hub: HubSignal): Said & {passing?: true} {
  const type = HUB_REACHABLE_CONDITION;
  switch (hub.state) {
    case 'Alive':
      if (hub.unconfirmed === true) {
        const message = 'Lease isthmus-hub is there; this agent has not seen it renewed yet.';
        return {type, status: 'Unknown', reason: 'Waiting', message, passing: true};
      }
      return {type, status: 'True', reason: 'Heartbeat', message: 'The hub renews Lease isthmus-hub.'};
    case 'Never':
      return {type, status: 'Unknown', reason: 'NeverSeen', message: 'No hub has written to this cluster yet.'};
    case 'Expired': {
      const message =
        `Lease isthmus-hub was not seen to be renewed for ${HEARTBEAT_EXPIRY_MS / 1_000} s. Imports and endpoints stay as they ` +
        'were, nothing counts as stale meanwhile, and gateways that die are left out all the same.';
      return {type, status: 'False', reason: 'HeartbeatExpired', message};
    }
  }
}

function gatewaysCondition({view, gateways, suspectsItself}: HealthFacts, remotes: number): Said {
  const type = GATEWAYS_REACHABLE_CONDITION;
  if (gateways === undefined) {
    return {type, status: 'Unknown', reason: 'NotProbed', message: 'This agent does not probe gateways.'};
  }
  if (suspectsItself) {
    const message =
      'All gateways fell silent at once, which looks like a fault of this cluster and not of all the others, so routes stay as ' +
      'they were until one answers. Look at what leaves this cluster: nodes, NetworkPolicies, firewalls.';
    return {type, status: 'Unknown', reason: 'SuspectsItself', message};
  }
  const reports = [...gateways].filter(([id]) => id !== view.clusterId).sort(([a], [b]) => (a < b ? -1 : 1));
  const withHealth = (health: GatewayReport['health']) => reports.filter(([, report]) => report.health === health);
  const dead = withHealth('Dead').map(([id]) => id);
  if (dead.length > 0) {
    const message = `Nothing is sent to ${dead.join(', ')}, whose gateways do not answer from here.`;
    return {type, status: 'False', reason: 'GatewaysDead', message};
  }
  if (withHealth('Alive').length === 0) {
    const message =
      remotes === 0
        ? 'No other cluster is known.'
        : 'No gateway of another cluster has answered yet, so none is left out: there may be none, or no way out of here for probes.';
    return {type, status: 'Unknown', reason: remotes === 0 ? 'NoClusters' : 'NeverAnswered', message};
  }
  const unknown = remotes - withHealth('Alive').length;
  const but = unknown === 0 ? '' : ' Of the others nothing is known.';
  return {type, status: 'True', reason: 'GatewaysAnswer', message: `Those that are probed answer.${but}`};
}

function gatewayCondition(
  {id, gateway}: ClusterView,
  {gateways, suspectsItself}: HealthFacts,
): Said & {passing?: true} {
  const type = `${GATEWAY_CONDITION_PREFIX}${id}`;
  const report = gateways?.get(id);
  if (gateway === undefined) {
    return {type, status: 'Unknown', reason: 'NoGateway', message: 'The hub tells of no gateway.'};
  }
  if (report === undefined) {
    const message = `No address of ${gateway.host} is known that may be used, so there is nothing to probe.`;
    return {type, status: 'Unknown', reason: 'NoAddress', message};
  }
  const {health, probed, held, because = 'no answer'} = report;
  if (probed === 'Unknown') {
    return {type, status: 'Unknown', reason: 'Probing', message: 'It was not probed often enough yet.', passing: true};
  }
  if (health === 'Alive' && suspectsItself) {
    return {
      type,
      status: 'Unknown',
      reason: 'SuspectsItself',
      message: `It fell silent with all the others: ${because}.`,
    };
  }
  switch (health) {
    case 'Alive':
      return {type, status: 'True', reason: 'GatewayAnswers', message: 'It takes connections.'};
    case 'Dead': {
      const why = `It does not answer, so nothing is sent there: ${because}.`;
      return held
        ? {type, status: 'False', reason: 'GatewayFlapping', message: `It went down twice within 60 s. ${why}`}
        : {type, status: 'False', reason: 'GatewayDead', message: why};
    }
    case 'Unknown':
      return {
        type,
        status: 'Unknown',
        reason: 'NeverAnswered',
        message: `No gateway has answered from here yet: ${because}.`,
      };
  }
}

/** A replica that has just begun to write doesn't know yet what the one before it knew: its word stays for the moment. */
function settled({passing, ...said}: Said & {passing?: true}, before: readonly Condition[]): Said {
  const last = before.find(({type}) => type === said.type);
  if (passing === undefined || last === undefined) return said;
  const {type, status, reason, message} = last;
  return {type, status, reason, message};
}
