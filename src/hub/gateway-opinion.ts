import type {GatewayReport} from '../probes/gateway-prober.ts';
import type {Opinion} from './plan-cluster-status.ts';

/** What this hub has seen of a gateway that may be one. */
export interface GatewaySight {
  readonly host: string;
  /** Undefined: no address of it is known. */
  readonly report: GatewayReport | undefined;
  readonly suspectsItself: boolean;
}

/** `GatewayHealthy` of a Cluster: True only after an answer, and never for longer than answers come. */
export function gatewayOpinion({host, report, suspectsItself}: GatewaySight): Opinion {
  if (report === undefined) {
    const message = `No address of ${host} is known yet, so there is nothing to probe.`;
    return {status: 'Unknown', reason: 'NoAddress', message};
  }
  const {health, probed, held, because = 'no answer'} = report;
  if (probed === 'Unknown') {
    return {status: 'Unknown', reason: 'Probing', message: 'It was not probed often enough yet.', passing: true};
  }
  if (suspectsItself && health === 'Alive') {
    const message =
      `All gateways fell silent at once, which looks like a fault of the hub's own network and not of all clusters: ${because}. ` +
      'Nothing is concluded from it; members probe for themselves.';
    return {status: 'Unknown', reason: 'HubSuspectsItself', message};
  }
  switch (health) {
    case 'Alive':
      return {status: 'True', reason: 'GatewayAnswers', message: `${host} takes connections of the hub.`};
    case 'Dead': {
      const why = `${host} does not answer the hub: ${because}. Members probe for themselves.`;
      return held
        ? {status: 'False', reason: 'GatewayFlapping', message: `It went down twice within 60 s. ${why}`}
        : {status: 'False', reason: 'GatewayDead', message: why};
    }
    case 'Unknown': {
      const message =
        `${host} has not answered the hub, and no other gateway has: ${because}. Is a gateway running there, and may ` +
        'the hub connect to it? Members probe for themselves.';
      return {status: 'False', reason: 'NeverAnswered', message};
    }
  }
}
