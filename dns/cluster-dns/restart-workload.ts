import {toKubeTime} from '../../src/api/meta.ts';
import {AGENT_MANAGER} from '../../src/api/names.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {daemonSets, deployments, DNS_NAMESPACE} from '../wiring/cluster-dns-objects.ts';

/**
 * What `kubectl rollout restart` does: an annotation on the pod template makes new pods of it, one after the other.
 *
 * @param workload - `Deployment/NAME` or `DaemonSet/NAME` in kube-system
 */
export async function restartWorkload(
  client: Pick<KubeClient, 'patch'>,
  workload: string,
  nowMs: number = Date.now(),
): Promise<void> {
  const [kind, name = ''] = workload.split('/');
  const annotations = {'kubectl.kubernetes.io/restartedAt': toKubeTime(nowMs)};
  const body = {spec: {template: {metadata: {annotations}}}};
  const resource = kind === 'DaemonSet' ? daemonSets : deployments;
  await client.patch(resource, {namespace: DNS_NAMESPACE, name}, {type: 'merge', body}, {fieldManager: AGENT_MANAGER});
}
