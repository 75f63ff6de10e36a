import type {ImportView, View} from '../clusterset/view.ts';
import {readinessListener} from './http-listener.ts';
import {isIPv6First} from './ip-family.ts';
import {nameResources} from './name-resources.ts';
import type {BoundName} from './name-resources.ts';
import type {Bootstrap, TypedExtension} from './resources.ts';

export type {BoundName} from './name-resources.ts';

export interface StaticBootstrapInput {
  readonly view: View;
  /** Of the pod: policies may speak of it. */
  readonly namespace: string;
  /** At most 64: the whole text must fit one argument of a process. */
  readonly bound: readonly BoundName[];
  /** The clusterset zone, for sentences. */
  readonly zone: string;
  /** Where `/ready` is answered; must be free in the pod. */
  readonly readyPort?: number;
}

export const READY_PORT = 15_021;

/** In a volume of the sidecar alone: on TCP or in the abstract namespace, every container of the pod could reach it. */
export const ADMIN_SOCKET = '/run/isthmus/admin.sock';

/**
 * The Envoy bootstrap of a sidecar as it is before ADS: the routes of its bound names at this moment, as plain JSON
 * (design §8). Deterministic: the same input gives the same text; names of listeners and clusters depend on the import
 * and port alone. It reaches gateways in plaintext: certificates come with ADS.
 */
export function staticBootstrap(input: StaticBootstrapInput): Bootstrap {
  const {view} = input;
  const names = input.bound
    .toSorted((a, b) => (keyOf(a.import) < keyOf(b.import) ? -1 : 1))
    .map((name) => nameResources(view, name, input));
  const ready = readinessListener({
    name: 'ready',
    address: isIPv6First(view) ? '::' : '0.0.0.0',
    port: input.readyPort ?? READY_PORT,
  });
  return {
    node: {id: 'isthmus-sidecar', cluster: input.namespace, locality: placeOf(view)},
    admin: {address: {pipe: {path: ADMIN_SOCKET, mode: 0o600}}},
    stats_config: STATS_CONFIG,
    typed_dns_resolver_config: RESOLVER,
    static_resources: {
      listeners: [ready, ...names.flatMap(({listeners}) => listeners)],
      clusters: names.flatMap(({clusters}) => clusters),
    },
  };
}

function placeOf(view: View): {region: string; zone: string} {
  const own = view.clusters.get(view.clusterId);
  return {region: own?.region ?? 'default', zone: own?.zone ?? 'default'};
}

function keyOf(of: ImportView): string {
  return `${of.namespace}/${of.name}`;
}

/**
 * Envoy is ready when every name has been asked for once, and the application starts after it. A name server that is
 * silent would keep it waiting for minutes (5 s, doubled, four times, for each search domain and family); so, 5 s in all.
 * The search list would also turn each question into five: all names here are complete ones.
 */
const RESOLVER: TypedExtension = {
  name: 'envoy.network.dns_resolver.cares',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
    'dns_resolver_options': {no_default_search_domain: true},
    'query_timeout_seconds': 1,
    'query_tries': 2,
  },
};

/** Statistics of every listener and cluster would cost a fifth of the memory (reference/envoy.md §4). */
const STATS_CONFIG = {
  stats_matcher: {
    inclusion_list: {
      patterns: [
        {prefix: 'cluster_manager'},
        {prefix: 'listener_manager'},
        {prefix: 'server.'},
        {
          safe_regex: {
            regex: String.raw`cluster\..*\.(upstream_rq_[2345]xx|upstream_rq_total|upstream_cx_total|membership_.*)`,
          },
        },
      ],
    },
  },
};
