import {AGENT_MANAGER, DEFAULT_NAMESPACE, HUB_MANAGER} from '../src/api/names.ts';
import {kubeconfigText} from '../src/kube/kubeconfig-text.ts';
import type {DevCluster} from '../src/dev/dev-cluster.ts';
import {KubeClient} from '../src/kube/client.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';
import {KubeError} from '../src/kube/kube-error.ts';
import {requestToken} from '../src/kube/token-request.ts';

/** The ServiceAccounts of manifests/install, which are named like the field managers. */
export const ACCOUNTS = [HUB_MANAGER, AGENT_MANAGER] as const;
export type Account = (typeof ACCOUNTS)[number];

/** As what `isthmus join` makes is bound to (design §10); the clusters don't live as long. */
const EXPIRATION_SECONDS = 90 * 24 * 3600;

/** What hub and agents of `isthmus dev` speak as in one cluster: never its administrator. */
export interface AccountAccess {
  readonly credentials: ClusterCredentials;
  /** YAML with CA and token in it, as it may stand in a Cluster object. */
  readonly kubeconfig: string;
}

/**
 * Credentials of a ServiceAccount in one cluster, by TokenRequest. Undefined: the cluster has no such account (an agent in the hub's
 * cluster).
 */
export async function accountAccess(cluster: DevCluster, account: Account): Promise<AccountAccess | undefined> {
  const client = new KubeClient({credentials: cluster.credentials, userAgent: 'isthmus-dev'});
  try {
    const {server, ca} = cluster.credentials;
    const expirationSeconds = EXPIRATION_SECONDS;
    const token = await requestToken(client, {namespace: DEFAULT_NAMESPACE, name: account, expirationSeconds});
    const credentials = {server, ca, token};
    return {credentials, kubeconfig: kubeconfigText({name: cluster.name, server, caPem: ca, token})};
  } catch (error) {
    if (error instanceof KubeError && error.isNotFound) return undefined;
    throw error;
  } finally {
    await client.close();
  }
}
