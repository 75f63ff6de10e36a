import type {Logger} from 'pino';

import type {KubeObject, ObjectKey} from '../../api/meta.ts';
import {toKubeTime} from '../../api/meta.ts';
import {nodes, pods} from '../../api/resources.ts';
import {PodAddresses} from '../controllers/pod-addresses.ts';
import {runningStatus} from '../controllers/pod-status.ts';
import type {JsonObject} from '../schema/json.ts';
import {IsthmusError} from '../../errors.ts';
import type {KubeClient} from '../../kube/client.ts';
import {Reflector} from '../../kube/reflector.ts';
import {WorkQueue} from '../../kube/work-queue.ts';

const MANAGER = 'testbed-kubelet';
const NODE = 'node-1';

interface Pod extends KubeObject {
  readonly spec?: {readonly nodeName?: string; readonly hostNetwork?: boolean};
  readonly status?: {readonly phase?: string; readonly podIPs?: readonly {ip: string}[]};
}

export interface PodRunnerOptions {
  readonly client: KubeClient;
  /** Of the cluster: chooses its pod network, the same one that an embedded cluster of this index has. */
  readonly index: number;
  readonly logger: Logger;
}

/**
 * Scheduler and kubelet in one for one node, without containers: new pods are bound to the one node, then Running and Ready with addresses;
 * deleted ones end at once. A status that somebody sets later is left alone, so tests can make a pod unready.
 *
 * Resolves when the node is there; `closed` does after the abort of `signal`.
 */
export async function startPodRunner(options: PodRunnerOptions, signal: AbortSignal): Promise<{closed: Promise<void>}> {
  const {client, logger} = options;
  const addresses = new PodAddresses(options.index);
  await ensureNode(client, addresses.nodeAddress);
  const queue = new WorkQueue({
    concurrency: 8,
    handle: (key) => runPod(client, reflector.store.get(key), addresses),
    onError: (key, error, attempt, nextDelayMs) =>
      logger.warn({key, attempt, nextDelayMs, err: error}, 'pod not run yet'),
  });
  const reflector = new Reflector<Pod>({
    client,
    resource: pods,
    keep: (raw) => raw,
    onChange: (changes) => {
      for (const {key, previous, current} of changes) {
        if (current === undefined) addresses.release(toJson(previous));
        else queue.add(key);
      }
    },
    logger,
  });
  queue.start(signal);
  reflector.start(signal);
  return {closed: Promise.all([reflector.closed, queue.closed]).then(() => undefined)};
}

async function runPod(client: KubeClient, pod: Pod | undefined, addresses: PodAddresses): Promise<void> {
  if (pod === undefined) return;
  const at = {namespace: pod.metadata.namespace, name: pod.metadata.name} as ObjectKey;
  if (pod.metadata.deletionTimestamp !== undefined) return confirmDeletion(client, at);
  if (pod.status?.phase !== 'Pending') return;
  if (pod.spec?.nodeName === undefined) return bind(client, at);
  // A pod that asked for another node waits for it, as it would elsewhere.
  if (pod.spec.nodeName !== NODE) return;
  const hostIP = addresses.nodeAddress;
  const podIPs = pod.spec.hostNetwork === true ? [hostIP] : addresses.take();
  if (podIPs === undefined)
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', 'the pod network has no free address; delete pods');
  const status = runningStatus(toJson(pod), {hostIP, podIPs, nowMs: Date.now()});
  await client.patch(pods, at, {type: 'merge', body: {status}}, {fieldManager: MANAGER, subresource: 'status'});
}

async function bind(client: KubeClient, at: ObjectKey): Promise<void> {
  const path = `/api/v1/namespaces/${at.namespace}/pods/${at.name}/binding`;
  const target = {apiVersion: 'v1', kind: 'Node', name: NODE};
  const body = {apiVersion: 'v1', kind: 'Binding', metadata: {name: at.name}, target};
  await sendOr404(client, 'POST', {path, body});
}

/** The kubelet's last word: without it a pod that was bound to a node stays, terminating, for ever. */
async function confirmDeletion(client: KubeClient, at: ObjectKey): Promise<void> {
  const path = `/api/v1/namespaces/${at.namespace}/pods/${at.name}`;
  await sendOr404(client, 'DELETE', {path, body: {apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0}});
}

async function sendOr404(
  client: KubeClient,
  method: 'POST' | 'DELETE',
  o: {path: string; body: object},
): Promise<void> {
  const answer = await client.raw(method, o.path, {body: o.body});
  if (answer.status >= 300 && answer.status !== 404 && answer.status !== 409) {
    throw new IsthmusError(
      'ISTHMUS_DEV_CLUSTER',
      `${method} ${o.path} was answered with ${answer.status}: ${answer.body}`,
    );
  }
}

async function ensureNode(client: KubeClient, address: string): Promise<void> {
  const now = toKubeTime(Date.now());
  const name = NODE;
  const labels = {'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64'};
  const node = {apiVersion: 'v1', kind: 'Node', metadata: {name, labels}};
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  const status = {
    addresses: [
      {type: 'InternalIP', address},
      {type: 'Hostname', address: name},
    ],
    conditions: [ready],
  };
  await client.apply(nodes, node, {fieldManager: MANAGER});
  const o = {fieldManager: MANAGER, subresource: 'status'} as const;
  await client.patch(nodes, {name}, {type: 'merge', body: {status}}, o);
}

function toJson(pod: Pod | undefined): JsonObject {
  return (pod ?? {}) as unknown as JsonObject;
}
