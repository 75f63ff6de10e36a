import {
  CAPTURE_ANNOTATION,
  FSM_INJECT_ANNOTATION,
  FSM_MONITORED_LABEL,
  INJECT_LABEL,
  isProtectedNamespace,
} from '../../src/api/names.ts';
import type {NamespaceView, View} from '../../src/clusterset/view.ts';
import {allContainers} from './pod.ts';
import type {Pod} from './pod.ts';
import {SIDECAR_NAME, SIDECAR_UID, SIDECAR_VOLUME} from './sidecar.ts';

export type Decision =
  | {readonly kind: 'inject'}
  /** Nothing is changed. */
  | {readonly kind: 'leave'; readonly warning?: string}
  /** Only the status annotation is written: the pod reaches imports by DNS and the gateway. */
  | {readonly kind: 'record'; readonly warning?: string};

export interface DecisionInput {
  readonly view: View;
  readonly namespace: string;
  /** Isthmus' own. */
  readonly ownNamespace: string;
  /** What the API server's selector has matched: counts while the view has not seen the namespace yet. */
  readonly selectedBy: 'label' | 'monitored';
}

const LEAVE: Decision = {kind: 'leave'};

/** Whether a pod gets a sidecar (design §8; FSM's switches as in its own injector). The first rule that speaks decides. */
export function decideInjection(pod: Pod, input: DecisionInput): Decision {
  // First of all: a pod that has a sidecar keeps it as it is, whatever the view says today; its hostAliases are the record.
  if (hasSidecar(pod)) return LEAVE;
  if (isProtectedNamespace(input.namespace, input.ownNamespace)) return LEAVE;
  if (!isSwitchedOn(pod, input) || isSwitchedOff(pod)) return LEAVE;
  const obstacle = obstacleOf(pod);
  if (obstacle !== undefined) return {kind: 'leave', warning: `isthmus: no sidecar was injected: ${obstacle}`};
  return byCapture(pod, input);
}

function hasSidecar(pod: Pod): boolean {
  const init = pod.spec?.initContainers ?? [];
  return init.some(({name, restartPolicy}) => name === SIDECAR_NAME && restartPolicy === 'Always');
}

function isSwitchedOn(pod: Pod, {view, namespace, selectedBy}: DecisionInput): boolean {
  const known = view.namespaces.get(namespace);
  if (known === undefined && selectedBy === 'label') return true;
  const label = known?.labels[INJECT_LABEL];
  if (label !== undefined) return label === 'enabled' || label === 'required';
  const monitored = known === undefined || Object.hasOwn(known.labels, FSM_MONITORED_LABEL);
  return monitored && isSwitchedOnByFsm(pod, known);
}

/** FSM: the namespace is monitored, and the pod says yes, or the namespace says yes and the pod doesn't say no. */
function isSwitchedOnByFsm(pod: Pod, namespace: NamespaceView | undefined): boolean {
  const ofPod = fsmSwitch(pod.metadata.annotations);
  return ofPod ?? fsmSwitch(namespace?.annotations) ?? false;
}

function isSwitchedOff(pod: Pod): boolean {
  const {labels, annotations} = pod.metadata;
  return (
    labels?.[INJECT_LABEL] === 'disabled' ||
    annotations?.[INJECT_LABEL] === 'disabled' ||
    fsmSwitch(annotations) === false
  );
}

/** Undefined: it says nothing, or nothing that FSM understands (there, such a pod is refused; here it is as if unset). */
function fsmSwitch(annotations: Readonly<Record<string, string>> | undefined): boolean | undefined {
  const value = annotations?.[FSM_INJECT_ANNOTATION]?.toLowerCase();
  if (value === 'enabled' || value === 'yes' || value === 'true') return true;
  if (value === 'disabled' || value === 'no' || value === 'false') return false;
  return undefined;
}

/** Why a sidecar would break this pod, or could not work in it. */
function obstacleOf(pod: Pod): string | undefined {
  const {spec} = pod;
  if (spec?.hostNetwork === true) return 'the pod uses the network of its node, where a sidecar would serve everybody';
  if (isWindows(pod)) return 'the pod is for Windows';
  if (spec?.volumes?.some((volume) => volume.name === SIDECAR_VOLUME) === true) {
    return `the pod has a volume named ${SIDECAR_VOLUME}; give it another name`;
  }
  if (allContainers(pod).some(({name}) => name === SIDECAR_NAME)) {
    return `the pod has a container of its own named ${SIDECAR_NAME}; give it another name`;
  }
  const twin = allContainers(pod).find((container) => userOf(container, pod) === SIDECAR_UID);
  // With the same uid it could read the sidecar's token and share its ports.
  return twin && `container ${twin.name} runs as uid ${SIDECAR_UID}, which is the sidecar's own; set another runAsUser`;
}

function userOf(
  container: {readonly securityContext?: {readonly runAsUser?: number | null} | null},
  pod: Pod,
): unknown {
  return container.securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser;
}

function isWindows(pod: Pod): boolean {
  const {os, nodeSelector} = pod.spec ?? {};
  return [os?.name, nodeSelector?.['kubernetes.io/os'], nodeSelector?.['beta.kubernetes.io/os']].includes('windows');
}

function byCapture(pod: Pod, {view, namespace}: DecisionInput): Decision {
  const capture =
    pod.metadata.annotations?.[CAPTURE_ANNOTATION] ??
    view.namespaces.get(namespace)?.annotations[CAPTURE_ANNOTATION] ??
    'hosts';
  if (capture === 'hosts') return {kind: 'inject'};
  if (capture === 'none') return {kind: 'record'};
  const why = capture === 'iptables' ? 'is not available yet' : 'is not one of hosts, iptables and none';
  // Injecting something else than what was asked for would only look like it.
  return {
    kind: 'record',
    warning: `isthmus: no sidecar was injected: ${CAPTURE_ANNOTATION}: ${capture.slice(0, 40)} ${why}; use hosts, or none to reach imports through the gateway`,
  };
}
