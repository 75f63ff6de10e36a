import type {ImportPort} from '../api/kinds.ts';
import type {Route} from '../clusterset/decision.ts';
import {serviceHost} from '../clusterset/dns-names.ts';
import {route} from '../clusterset/route.ts';
import type {ImportView, View} from '../clusterset/view.ts';
import {httpListener, readinessListener, unroutableListener} from './http-listener.ts';
import {isHttpPort} from './http-port.ts';
import {importCluster, isIPv6First, localityOf, reachableTiers} from './import-cluster.ts';
import type {Bootstrap, Cluster, Listener} from './resources.ts';
import {serviceRef} from './service-header.ts';
import {tcpListener} from './tcp-listener.ts';

/** A name that the pod's hosts file binds to a loopback VIP. */
export interface BoundName {
  readonly import: ImportView;
  readonly vip: string;
}

export interface StaticBootstrapInput {
  readonly view: View;
  /** Of the pod. */
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

/** One port's part of the configuration; both undefined: nothing listens, connections are refused. */
interface PortResources {
  readonly listener: Listener | undefined;
  readonly cluster: Cluster | undefined;
}

/**
 * The Envoy bootstrap of a sidecar as it is before ADS: the routes of its bound names at this moment, as plain JSON
 * (design §8). Deterministic: the same input gives the same text; names of listeners and clusters depend on the import
 * and port alone. It reaches gateways in plaintext: certificates come with ADS.
 */
export function staticBootstrap(input: StaticBootstrapInput): Bootstrap {
  const {view} = input;
  const ports = input.bound
    .toSorted((a, b) => (keyOf(a.import) < keyOf(b.import) ? -1 : 1))
    .flatMap((name) => name.import.ports.map((port) => portResources(input, name, port)));
  const ready = readinessListener({
    name: 'ready',
    address: isIPv6First(view) ? '::' : '0.0.0.0',
    port: input.readyPort ?? READY_PORT,
  });
  return {
    node: {id: 'isthmus-sidecar', cluster: input.namespace, locality: localityOf(view, view.clusterId)},
    admin: {address: {pipe: {path: ADMIN_SOCKET, mode: 0o600}}},
    stats_config: STATS_CONFIG,
    static_resources: {
      listeners: [ready, ...ports.flatMap(({listener}) => listener ?? [])],
      clusters: ports.flatMap(({cluster}) => cluster ?? []),
    },
  };
}

function portResources(input: StaticBootstrapInput, bound: BoundName, port: ImportPort): PortResources {
  const decided = route({import: bound.import, view: input.view, port});
  const tiers = reachableTiers(input.view, decided);
  const place = {name: serviceRef(bound.import, port.port), address: bound.vip, port: port.port};
  const target = {view: input.view, import: bound.import, port: port.port, tiers};
  if (isHttpPort(port)) {
    return tiers.length === 0
      ? {listener: unroutableListener(place, whyNowhere(input, bound, decided)), cluster: undefined}
      : {listener: httpListener(place, tiers), cluster: importCluster(target, 'http')};
  }
  const [first] = tiers;
  // TCP has no answer that could carry a reason; a refused connection is what a dead server looks like, so nothing listens.
  if (first === undefined) return {listener: undefined, cluster: undefined};
  // A listener either tunnels or does not: local endpoints, where they come first, are used alone.
  const local = first.filter((cluster) => cluster.local);
  if (local.length > 0) {
    const cluster = importCluster({...target, tiers: [local]}, 'tcp');
    return {listener: tcpListener({...place, tunnel: false}), cluster};
  }
  const remote = tiers.map((tier) => tier.filter((cluster) => !cluster.local)).filter((tier) => tier.length > 0);
  return {
    listener: tcpListener({...place, tunnel: true}),
    cluster: importCluster({...target, tiers: remote}, 'tunnel'),
  };
}

function whyNowhere(input: StaticBootstrapInput, bound: BoundName, decided: Route): string {
  const host = serviceHost(bound.import.namespace, bound.import.name, input.zone);
  const because = decided.leftOut.map(({cluster, reason}) => `${cluster} ${reason}`).join(', ');
  return `isthmus: no cluster serves ${host} at this moment: ${because || 'nobody exports it'}`;
}

function keyOf(of: ImportView): string {
  return `${of.namespace}/${of.name}`;
}

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
