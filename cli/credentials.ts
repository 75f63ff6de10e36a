import {IsthmusError} from '../src/errors.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';
import {inClusterCredentials, loadKubeconfig} from '../src/kube/operator-kubeconfig.ts';

/**
 * The operator's own kubeconfig, else the pod's service account.
 *
 * @param flag - what the kubeconfig is named by on the command line
 * @param pod - where this process looks for being in one; by default at its environment and the folder that the kubelet mounts
 */
export async function readCredentials(
  flags: {kubeconfig?: string; context?: string},
  flag = '--kubeconfig',
  pod: {readonly folder?: string; readonly env?: NodeJS.ProcessEnv} = {},
): Promise<ClusterCredentials> {
  if (flags.kubeconfig !== undefined) return loadKubeconfig(flags.kubeconfig, flags.context);
  if ((pod.env ?? process.env)['KUBERNETES_SERVICE_HOST'] === undefined) {
    throw new IsthmusError('ISTHMUS_USAGE', `name a cluster with ${flag} FILE; this process does not run in a pod`);
  }
  return inClusterCredentials(pod);
}
