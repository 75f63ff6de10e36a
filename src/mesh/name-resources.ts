import type {ImportPort} from '../api/kinds.ts';
import type {Route} from '../clusterset/decision.ts';
import {serviceHost} from '../clusterset/dns-names.ts';
import {dependsOnConsumer} from '../clusterset/import-policy.ts';
import {route} from '../clusterset/route.ts';
import type {RouteInput} from '../clusterset/route.ts';
import type {ImportView, View} from '../clusterset/view.ts';
import {httpListener, unroutableListener} from './http-listener.ts';
import {isHttpPort} from './http-port.ts';
import {importCluster, reachableTiers} from './import-cluster.ts';
import type {Cluster, Listener} from './resources.ts';
import {serviceRef} from './service-header.ts';
import {tcpListener} from './tcp-listener.ts';

/** A name that the pod's hosts file binds to a loopback VIP. */
export interface BoundName {
  readonly import: ImportView;
  readonly vip: string;
}

export interface NameResources {
  readonly listeners: readonly Listener[];
  readonly clusters: readonly Cluster[];
  /** What they add to the text of a configuration. */
  readonly bytes: number;
}

interface PortResources {
  /** Undefined: nothing listens, connections are refused. */
  readonly listener: Listener | undefined;
  readonly cluster: Cluster | undefined;
}

interface Consumption {
  readonly zone: string;
  /** The namespace of the pod; undefined: it makes no difference. */
  readonly consumer: string | undefined;
}

interface Context extends Consumption {
  readonly view: View;
}

interface Remembered extends Consumption {
  readonly vip: string;
  readonly made: NameResources;
}

/**
 * By view, because routes depend on all of it, and by who consumes where policies ask for that: pods of one namespace bind the
 * same names, so each is made once a view.
 */
const memory = new WeakMap<View, Map<ImportView, Remembered>>();
/** Bounds what a view with thousands of imports can hold on to. */
const MAX_REMEMBERED = 1_000;

/** A listener and a cluster for each port of a bound name, as the view routes them for pods of a namespace at this moment. */
export function nameResources(
  view: View,
  bound: BoundName,
  {zone, namespace}: {readonly zone: string; readonly namespace: string},
): NameResources {
  const consumer = dependsOnConsumer(view) ? namespace : undefined;
  const ofView = memory.get(view) ?? new Map<ImportView, Remembered>();
  memory.set(view, ofView);
  const known = ofView.get(bound.import);
  if (known?.vip === bound.vip && known.zone === zone && known.consumer === consumer) return known.made;
  const made = makeResources({view, zone, consumer}, bound);
  if (ofView.size >= MAX_REMEMBERED) ofView.clear();
  ofView.set(bound.import, {vip: bound.vip, zone, consumer, made});
  return made;
}

function makeResources(context: Context, bound: BoundName): NameResources {
  const ports = bound.import.ports.map((port) => portResources(context, bound, port));
  const listeners = ports.flatMap(({listener}) => listener ?? []);
  const clusters = ports.flatMap(({cluster}) => cluster ?? []);
  return {listeners, clusters, bytes: Buffer.byteLength(JSON.stringify([...listeners, ...clusters]))};
}

function portResources({view, zone, consumer}: Context, bound: BoundName, port: ImportPort): PortResources {
  const consumption = consumer === undefined ? {} : {consumerNamespace: consumer};
  const decided = lastingRoute({import: bound.import, view, port, ...consumption});
  const tiers = reachableTiers(view, decided);
  const place = {name: serviceRef(bound.import, port.port), address: bound.vip, port: port.port};
  const target = {view, import: bound.import, port: port.port, tiers};
  if (isHttpPort(port)) {
    return tiers.length === 0
      ? {
          listener: unroutableListener(
            place,
            whyNowhere(serviceHost(bound.import.namespace, bound.import.name, zone), decided),
          ),
          cluster: undefined,
        }
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

/**
 * A bootstrap outlives the moment it was made at: a client that starts before its provider must not be told for ever that
 * nobody is ready. So where readiness alone leaves nobody, every exporter is taken. A gateway that is dead now is taken in any case:
 * Envoy finds out by itself within moments, and a pod that was made in those moments must not do without it for ever.
 */
function lastingRoute(input: RouteInput): Route {
  const lasting = {...input, view: withoutGatewayHealth(input.view)};
  const decided = route(lasting);
  if (decided.tiers.length > 0) return decided;
  return route({...lasting, import: {...input.import, readyClusters: undefined}});
}

const lastingViews = new WeakMap<View, View>();

/** Made once a view. */
function withoutGatewayHealth(view: View): View {
  const known = lastingViews.get(view);
  if (known !== undefined) return known;
  const clusters = new Map([...view.clusters].map(([id, at]) => [id, {...at, gatewayHealth: 'Unknown'} as const]));
  const made = {...view, clusters};
  lastingViews.set(view, made);
  return made;
}

function whyNowhere(host: string, decided: Route): string {
  // Pods of another cluster come and go, and a bootstrap doesn't follow: without a gateway there is no way there.
  const direct = decided.tiers.flat().map(({cluster}) => ({cluster, reason: 'NoGateway'}));
  const because = [...decided.leftOut, ...direct].map(({cluster, reason}) => `${cluster} ${reason}`).join(', ');
  return `isthmus: no cluster serves ${host} at this moment: ${because || 'nobody exports it'}`;
}
