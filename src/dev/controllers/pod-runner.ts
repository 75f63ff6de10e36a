import type {Logger} from 'pino';
import {toKubeTime} from '../../api/meta.ts';
import {IsthmusError} from '../../errors.ts';
import type {InternalApi} from '../apiserver/internal-api.ts';
import {isTerminating, nameOf, namespaceOf, objectIn, textIn} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';
import {isType, NODES, PODS, splitKey} from './known-types.ts';
import {PodAddresses} from './pod-addresses.ts';
import {runningStatus} from './pod-status.ts';
import {startReconciler} from './reconciler.ts';

export interface PodRunnerOptions {
  /** Of the cluster: chooses its pod network. */
  readonly index: number;
  /** @defaultValue `node-1` */
  readonly nodeName?: string;
  /** What the node says it runs. */
  readonly gitVersion?: string;
  readonly logger: Logger;
  readonly nowMs?: () => number;
}

/**
 * Scheduler and kubelet in one, without containers: new pods are bound to the one node, then Running and Ready with addresses; deleted
 * ones end at once. A status that somebody sets later is left alone, so tests can make a pod unready.
 *
 * @returns stops it
 */
export function startPodRunner(api: InternalApi, options: PodRunnerOptions): () => void {
  const addresses = new PodAddresses(options.index);
  const nodeName = options.nodeName ?? 'node-1';
  const nowMs = options.nowMs ?? Date.now;
  ensureNode(api, {
    nodeName,
    address: addresses.nodeAddress,
    now: toKubeTime(nowMs()),
    gitVersion: options.gitVersion ?? 'v1.36.0',
  });
  for (const pod of api.list(PODS)) addresses.hold(pod);
  return startReconciler(api, {
    name: 'pod-runner',
    logger: options.logger,
    seed: () => api.list(PODS).map(keyOf),
    keysOf: ({type, kind, object}) => {
      if (!isType(type, PODS)) return [];
      if (kind === 'DELETED') addresses.release(object);
      return kind === 'DELETED' ? [] : [keyOf(object)];
    },
    reconcile: (key) => runPod(api, key, {nodeName, addresses, nowMs: nowMs()}),
  });
}

function keyOf(pod: JsonObject): string {
  return `${namespaceOf(pod)}/${nameOf(pod)}`;
}

interface Node {
  readonly nodeName: string;
  readonly addresses: PodAddresses;
  readonly nowMs: number;
}

function runPod(api: InternalApi, key: string, {nodeName, addresses, nowMs}: Node): void {
  const [namespace, name] = splitKey(key);
  const pod = api.get(PODS, namespace, name);
  if (pod === undefined) return;
  if (isTerminating(pod)) return api.delete(PODS, namespace, name);
  const spec = objectIn(pod, 'spec');
  if (textIn(objectIn(pod, 'status'), 'phase') !== 'Pending') return;
  const bound = textIn(spec, 'nodeName') === '' ? api.update(PODS, {...pod, spec: {...spec, nodeName}}) : pod;
  // A pod that asked for another node waits for it, as it would elsewhere.
  if (textIn(objectIn(bound, 'spec'), 'nodeName') !== nodeName) return;
  const hostIP = addresses.nodeAddress;
  const podIPs = spec['hostNetwork'] === true ? [hostIP] : addresses.take();
  if (podIPs === undefined)
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', 'its pod network has no free address; delete pods');
  api.update(PODS, {...bound, status: runningStatus(bound, {hostIP, podIPs, nowMs})}, 'status');
}

function ensureNode(
  api: InternalApi,
  node: {nodeName: string; address: string; now: string; gitVersion: string},
): void {
  const {nodeName, address, now, gitVersion} = node;
  if (api.get(NODES, undefined, nodeName) !== undefined) return;
  const created = api.create(NODES, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName,
      labels: {'kubernetes.io/hostname': nodeName, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64'},
    },
    spec: {},
  });
  const status = {
    addresses: [
      {type: 'InternalIP', address},
      {type: 'Hostname', address: nodeName},
    ],
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ],
    nodeInfo: {kubeletVersion: gitVersion, operatingSystem: 'linux', architecture: 'amd64'},
  };
  api.update(NODES, {...created, status}, 'status');
}
