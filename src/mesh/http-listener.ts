import type {Route} from '../clusterset/decision.ts';
import type {Listener, TypedExtension} from './resources.ts';
import {SERVICE_HEADER} from './service-header.ts';

const ROUTER: TypedExtension = {
  name: 'envoy.filters.http.router',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
    'suppress_envoy_headers': true,
  },
};

/** Only what can't have reached the application is tried again, so it is right for every method. */
function retryPolicy(tiers: Route['tiers']): object {
  return {
    retry_on: 'connect-failure,refused-stream,reset-before-request',
    num_retries: 2,
    ...(tiers.some((tier) => tier.length > 1) && TRY_ANOTHER_ENDPOINT),
    ...(tiers.length > 1 && TRY_NEXT_TIER),
  };
}

const TRY_ANOTHER_ENDPOINT = {
  host_selection_retry_max_attempts: 3,
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
      },
    },
  ],
};

/** Lets a retry go to the next tier before health has changed. */
const TRY_NEXT_TIER = {
  retry_priority: {
    name: 'envoy.retry_priorities.previous_priorities',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
      'update_frequency': 1,
    },
  },
};

interface Place {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/**
 * An HTTP listener with one route to the cluster of the same name. The Host header is kept, because gateways and
 * applications route by it. No timeout of ours: a request may last as long as it would without a proxy.
 */
export function httpListener(place: Place, tiers: Route['tiers']): Listener {
  const overwrite = {
    header: {key: SERVICE_HEADER, value: place.name},
    append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
  };
  const action = {
    route: {cluster: place.name, timeout: '0s', retry_policy: retryPolicy(tiers)},
    request_headers_to_add: [overwrite],
  };
  return listener(place, action);
}

/** In place of a route that leads nowhere: 503 and the reason, so that a caller can tell it from a broken proxy. */
export function unroutableListener(place: Place, reason: string): Listener {
  // Envoy refuses direct responses over 4 KiB, and with them the whole bootstrap.
  const body = {inline_string: `${reason.slice(0, 1_000)}\n`};
  return listener(place, {direct_response: {status: 503, body}});
}

/** Answers `/ready`. Envoy accepts connections only once all its clusters have been initialized, so any answer means ready. */
export function readinessListener(place: Place): Listener {
  const route = {match: {path: '/ready'}, direct_response: {status: 200}};
  const {address, port, name} = place;
  return {
    name,
    address: {socket_address: {address, port_value: port, ...(address === '::' && {ipv4_compat: true as const})}},
    filter_chains: [{filters: [connectionManager(name, [route])]}],
  };
}

function listener(place: Place, action: object): Listener {
  return {
    name: place.name,
    address: {socket_address: {address: place.address, port_value: place.port}},
    filter_chains: [{filters: [connectionManager(place.name, [{match: {prefix: '/'}, ...action}])]}],
  };
}

function connectionManager(name: string, routes: readonly object[]): TypedExtension {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      'stat_prefix': name,
      'route_config': {name, virtual_hosts: [{name, domains: ['*'], routes}]},
      'http_filters': [ROUTER],
      'upgrade_configs': [{upgrade_type: 'websocket'}],
      'stream_idle_timeout': '0s',
      'server_header_transformation': 'PASS_THROUGH',
      'generate_request_id': false,
    },
  };
}
