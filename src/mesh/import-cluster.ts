import {isIP} from 'node:net';
import type {Route, RoutedCluster} from '../clusterset/decision.ts';
import type {ImportView, View} from '../clusterset/view.ts';
import {isIPv6First} from './ip-family.ts';
import type {Cluster, Discovery, LocalityEndpoints, TypedConfig} from './resources.ts';
import {serviceRef} from './service-header.ts';

export interface ImportTarget {
  readonly view: View;
  readonly import: ImportView;
  readonly port: number;
  readonly tiers: Route['tiers'];
}

/** How requests leave: as they came (HTTP), as an HTTP/2 CONNECT to a gateway (tunnel), or as plain TCP. */
export type Transport = 'http' | 'tunnel' | 'tcp';

/**
 * The cluster of one port: tiers become priorities, weights locality weights; measured in reference/envoy.md §2 and §6.
 * Everything about failover is left out where there is one endpoint: nothing to move to, and half the size.
 */
export function importCluster(target: ImportTarget, transport: Transport): Cluster {
  const name = serviceRef(target.import, target.port);
  const endpoints = endpointsOf(target);
  const hasLocal = target.tiers.some((tier) => tier.some((cluster) => cluster.local));
  return {
    name,
    ...discovery(target.view, endpoints),
    connect_timeout: '0.5s',
    load_assignment: {cluster_name: name, ...(endpoints.length > 1 && NO_EARLY_SPILL), endpoints},
    ...(endpoints.length > 1 && FAILOVER),
    circuit_breakers: CIRCUIT_BREAKERS,
    ...(transport !== 'tcp' && {
      typed_extension_protocol_options: {[HTTP_OPTIONS]: upstreamProtocol(transport, hasLocal)},
    }),
  };
}

/**
 * Whether an import's route leads anywhere: clusters without a gateway in the view are no destination. One whose pods are in this
 * network (`reach: Direct`) is reached by its gateway all the same: pods come and go, and what is made of this may be static.
 */
export function reachableTiers(view: View, route: Route): Route['tiers'] {
  const tiers = route.tiers
    .map((tier) => tier.filter((at) => at.local || view.clusters.get(at.cluster)?.gateway !== undefined))
    .filter((tier) => tier.length > 0);
  const rest = tiers.slice(MAX_TIERS - 1).flat();
  return rest.length === 0 ? tiers : [...tiers.slice(0, MAX_TIERS - 1), rest];
}

/** Envoy refuses a bootstrap with a priority above 128, and with it the pod: what comes after shares the last tier. */
const MAX_TIERS = 129;

function endpointsOf(target: ImportTarget): LocalityEndpoints[] {
  return target.tiers.flatMap((tier, priority) =>
    tier
      .toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1))
      .map((cluster) => ({
        priority,
        // One for each cluster, or Envoy would add up what two clusters of one zone weigh.
        locality: {sub_zone: cluster.cluster},
        load_balancing_weight: cluster.weight,
        lb_endpoints: [{endpoint: {address: {socket_address: addressOf(target, cluster)}}}],
      })),
  );
}

function addressOf(target: ImportTarget, cluster: RoutedCluster): {address: string; port_value: number} {
  const gateway = target.view.clusters.get(cluster.cluster)?.gateway;
  if (cluster.local || gateway === undefined) {
    return {
      address: `${target.import.name}.${target.import.namespace}.svc.cluster.local`,
      port_value: target.port,
    };
  }
  return {address: gateway.host, port_value: gateway.port};
}

/**
 * By name, unless every endpoint is an address. Names are asked for again every 30 s: Envoy's default of 5 s, for every
 * endpoint of every port in every pod, is more than the cluster's own DNS is made for. After a failure soon again.
 */
function discovery(view: View, endpoints: readonly LocalityEndpoints[]): Discovery {
  const hosts = endpoints.flatMap((of) => of.lb_endpoints).map(({endpoint}) => endpoint.address.socket_address.address);
  if (hosts.every((host) => isIP(host) !== 0)) return {type: 'STATIC'};
  return {
    cluster_type: {
      name: 'envoy.cluster.dns',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster',
        'dns_lookup_family': lookupFamily(view),
        'dns_refresh_rate': '30s',
        'dns_failure_refresh_rate': {base_interval: '1s'},
      },
    },
  };
}

/** `AUTO` prefers AAAA: in a pod with IPv4 alone, a gateway name that has both would never be reached. */
function lookupFamily(view: View): 'AUTO' | 'V4_PREFERRED' {
  return isIPv6First(view) ? 'AUTO' : 'V4_PREFERRED';
}

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** An HTTP/2 ping closes connections to a frozen gateway; a local gRPC server would take it for abuse and hang up. */
function upstreamProtocol(transport: 'http' | 'tunnel', hasLocal: boolean): TypedConfig {
  const keepalive = {connection_keepalive: {interval: '1s', timeout: '0.5s'}};
  const http2 = {http2_protocol_options: hasLocal ? {} : keepalive};
  return {
    '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
    ...(transport === 'tunnel'
      ? {explicit_http_config: http2}
      : {use_downstream_protocol_config: {http_protocol_options: {}, ...http2}}),
  };
}

/** The defaults would let 3 retries at a time through, and queue the 1,025th connection. */
const CIRCUIT_BREAKERS = {
  thresholds: [{max_connections: 100_000, max_pending_requests: 100_000, max_requests: 100_000, max_retries: 1_024}],
};

/** 140, the default, would spill to the next tier while this one still has healthy endpoints. */
const NO_EARLY_SPILL = {policy: {overprovisioning_factor: 100_000}};

/**
 * No panic: a dead tier gets nothing. Outlier detection moves the traffic of a killed gateway within milliseconds
 * (reference/envoy.md §6); what is not said here has the value measured there by default.
 */
const FAILOVER = {
  common_lb_config: {healthy_panic_threshold: {value: 0}, locality_weighted_lb_config: {}},
  outlier_detection: {
    enforcing_consecutive_5xx: 0,
    consecutive_gateway_failure: 3,
    enforcing_consecutive_gateway_failure: 100,
    split_external_local_origin_errors: true,
    consecutive_local_origin_failure: 2,
    enforcing_success_rate: 0,
    enforcing_local_origin_success_rate: 0,
    interval: '0.5s',
    base_ejection_time: '3s',
    max_ejection_time: '10s',
    max_ejection_percent: 100,
  },
};
