import type {View} from '../../src/clusterset/view.ts';
import {serviceHost} from '../../src/clusterset/dns-names.ts';
import type {ImportView} from '../../src/clusterset/view.ts';
import {nameResources} from '../../src/mesh/name-resources.ts';
import {READY_PORT, staticBootstrap} from '../../src/mesh/static-bootstrap.ts';
import type {BoundName} from '../../src/mesh/static-bootstrap.ts';
import type {PatchOperation} from '../review.ts';
import {busyPorts} from './busy-ports.ts';
import {bindNames, chooseNames} from './choose-names.ts';
import type {LeftReason} from './choose-names.ts';
import {decideInjection} from './decision.ts';
import {leftWarning} from './left-warning.ts';
import type {Pod} from './pod.ts';
import {sidecarPatch, statusPatch, UNPRIVILEGED_PORT_SYSCTL} from './pod-patch.ts';
import {MAX_BOOTSTRAP_BYTES, sidecarContainer, toArgument} from './sidecar.ts';

export interface InjectionInput {
  readonly view: View;
  /** Of the review: a pod may come without one. */
  readonly namespace: string;
  /** Isthmus' own. */
  readonly ownNamespace: string;
  readonly sidecarImage: string;
  /** The clusterset zone. */
  readonly zone: string;
  readonly selectedBy: 'label' | 'monitored';
}

export interface Injection {
  /** Empty: the pod stays as it is. */
  readonly patch: readonly PatchOperation[];
  readonly warnings: readonly string[];
  /** `namespace/name` of the names that the sidecar takes over. */
  readonly bound: readonly string[];
}

/** Names in a static bootstrap; more would not fit one argument where the clusterset is large. */
const MAX_NAMES = 64;
const READY_PORTS = Array.from({length: 10}, (_unused, at) => READY_PORT + at);

/**
 * What injection does to a pod: pure, so that a dry run is a run. Applied to its own result it changes nothing, also with
 * another view: a pod that has a sidecar is left alone.
 */
export function inject(pod: Pod, input: InjectionInput): Injection {
  const decision = decideInjection(pod, input);
  if (decision.kind === 'inject') return withSidecar(pod, input);
  return {
    patch: decision.kind === 'record' ? statusPatch(pod, JSON.stringify({capture: 'none'})) : [],
    warnings: decision.warning === undefined ? [] : [decision.warning],
    bound: [],
  };
}

function withSidecar(pod: Pod, input: InjectionInput): Injection {
  const taken = busyPorts(pod, input.view, input.namespace);
  const readyPort = READY_PORTS.find((port) => !taken.ports.has(port));
  if (readyPort === undefined) {
    const range = `${READY_PORTS[0]}-${READY_PORTS.at(-1)}`;
    return {patch: [], warnings: [`isthmus: no sidecar was injected: the pod uses all ports ${range}`], bound: []};
  }
  const busy = new Set([...taken.ports, readyPort]);
  const choice = chooseNames(pod, {...input, busy, lowestPort: lowestPort(pod), limit: MAX_NAMES});
  const {bound, bootstrap} = fittingBootstrap(choice.names, input, readyPort);
  const left = withTooBig(choice.left, choice.names.length - bound.length);
  const keys = bound.map((name) => `${name.import.namespace}/${name.import.name}`);
  const status = JSON.stringify({capture: 'hosts', bound: keys, busyPorts: [...busy].sort((a, b) => a - b)});
  const warning = leftWarning(left, {bound: bound.length, busy: choice.busy, limit: MAX_NAMES});
  return {
    patch: sidecarPatch(pod, {
      sidecar: sidecarContainer({image: input.sidecarImage, bootstrap, readyPort}),
      aliases: bound.map((name) => toAlias(name, input.zone)),
      status,
    }),
    warnings: [...taken.unreadable.slice(0, 5).map(unreadablePort), ...(warning === undefined ? [] : [warning])],
    bound: keys,
  };
}

function toAlias(name: BoundName, zone: string): {ip: string; hostnames: string[]} {
  return {ip: name.vip, hostnames: [serviceHost(name.import.namespace, name.import.name, zone)]};
}

/** As many names, best first, as fit {@link MAX_BOOTSTRAP_BYTES}. */
function fittingBootstrap(
  names: readonly ImportView[],
  input: InjectionInput,
  readyPort: number,
): {bound: readonly BoundName[]; bootstrap: string} {
  const {view, namespace, zone} = input;
  for (let count = estimate(names, input); ; count--) {
    // Again for each count: an address depends on the other names of the pod where two meet.
    const bound = bindNames(names.slice(0, count));
    const bootstrap = toArgument(staticBootstrap({view, namespace, bound, zone, readyPort}));
    if (Buffer.byteLength(bootstrap) <= MAX_BOOTSTRAP_BYTES || count === 0) return {bound, bootstrap};
  }
}

/** What a bootstrap without names has, generously. */
const FRAME_BYTES = 2_048;

/** How many names will fit; seldom one too many, because commas and escapes are not counted. */
function estimate(names: readonly ImportView[], input: InjectionInput): number {
  let bytes = FRAME_BYTES;
  const tooMany = bindNames(names).findIndex((name) => {
    bytes += nameResources(input.view, name, input).bytes;
    return bytes > MAX_BOOTSTRAP_BYTES;
  });
  return tooMany < 0 ? names.length : tooMany;
}

function withTooBig(left: ReadonlyMap<LeftReason, number>, dropped: number): ReadonlyMap<LeftReason, number> {
  return dropped === 0 ? left : new Map([...left, ['TooBig', dropped]]);
}

/** The pod's own value of the sysctl; else ours, 0. What is not a number is left to the API server, which refuses it. */
function lowestPort(pod: Pod): number {
  const own = pod.spec?.securityContext?.sysctls?.find((sysctl) => sysctl.name === UNPRIVILEGED_PORT_SYSCTL);
  return own === undefined ? 0 : Number(own.value) || 0;
}

function unreadablePort(text: string): string {
  return `isthmus: isthmus.dev/listen-ports: ${JSON.stringify(text.slice(0, 40))} is not a port; write numbers with commas, such as 8080,9090`;
}
