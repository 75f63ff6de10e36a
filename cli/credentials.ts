import {IsthmusError} from '../src/errors.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';
import {inClusterCredentials, loadKubeconfig} from '../src/kube/operator-kubeconfig.ts';

/**
 * The operator's own kubeconfig, else the pod's service account.
 *
 * @param flag - what the kubeconfig is named by on the command line
 */
export async function readCredentials(
  flags: {kubeconfig?: string; context?: string},
  flag = '--kubeconfig',
): Promise<ClusterCredentials> {
  if (flags.kubeconfig !== undefined) return loadKubeconfig(flags.kubeconfig, flags.context);
  if (process.env['KUBERNETES_SERVICE_HOST'] === undefined) {
    throw new IsthmusError('ISTHMUS_USAGE', `name a cluster with ${flag} FILE; this process does not run in a pod`);
  }
  return inClusterCredentials();
}
