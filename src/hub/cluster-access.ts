import {createHash} from 'node:crypto';
import type {Cluster, Secret} from '../api/kinds.ts';
import {isDnsLabel} from '../api/names.ts';
import {secrets} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import type {ClusterCredentials} from '../kube/credentials.ts';
import {parseUntrustedKubeconfig} from '../kube/untrusted-kubeconfig.ts';

/** How the hub gets into a member, or why it can't. */
export type ClusterAccess =
  | {
      readonly ok: true;
      readonly credentials: ClusterCredentials;
      /** Another one means a new connection. A digest, so that it may be kept and compared anywhere. */
      readonly fingerprint: string;
      /** The text that they are from; kept for a member that leaves while it can't be reached. */
      readonly kubeconfig?: string;
    }
  | {readonly ok: false; readonly reason: string; readonly message: string};

export interface AccessOptions {
  /** Of the hub's own API server: where the Secrets are. */
  readonly client: Pick<KubeClient, 'find'>;
  /** For `isInCluster`. */
  readonly own: ClusterCredentials;
  readonly namespace: string;
  readonly development: boolean;
  readonly signal: AbortSignal;
}

/** The credentials that a Cluster names. @throws KubeError where the Secret could not be asked for */
export async function resolveAccess(cluster: Cluster, options: AccessOptions): Promise<ClusterAccess> {
  const {name} = cluster.metadata;
  const {spec = {}} = cluster;
  if (!isDnsLabel(name)) {
    return refused(
      'InvalidName',
      `"${name}" is the cluster id and must be one DNS label. Register it under another name.`,
    );
  }
  // Its token is rotated under the client's feet, so it is no part of the fingerprint.
  if (spec.isInCluster === true) return {ok: true, credentials: options.own, fingerprint: 'own'};
  if (spec.kubeconfig !== undefined) return fromKubeconfig(spec.kubeconfig, options.development);
  if (spec.kubeconfigSecretRef !== undefined) return fromSecret(spec.kubeconfigSecretRef, options);
  return refused('NoCredentials', 'Set spec.kubeconfig, spec.kubeconfigSecretRef or spec.isInCluster.');
}

function refused(reason: string, message: string): ClusterAccess {
  return {ok: false, reason, message};
}

function allowed(credentials: ClusterCredentials, kubeconfig: string): ClusterAccess {
  const parts = [credentials.server, credentials.ca, credentials.tlsServerName, credentials.token];
  const text = JSON.stringify([...parts, credentials.clientCert, credentials.clientKey]);
  return {ok: true, credentials, kubeconfig, fingerprint: createHash('sha256').update(text).digest('base64')};
}

function fromKubeconfig(text: string, development: boolean): ClusterAccess {
  try {
    return allowed(parseUntrustedKubeconfig(text, {development}), text);
  } catch (error) {
    if (error instanceof IsthmusError) return refused('KubeconfigRefused', error.message);
    throw error;
  }
}

type SecretRef = NonNullable<NonNullable<Cluster['spec']>['kubeconfigSecretRef']>;

async function fromSecret(ref: SecretRef, options: AccessOptions): Promise<ClusterAccess> {
  const {namespace = options.namespace, name, key = 'kubeconfig'} = ref;
  // Whoever may write Clusters must not be able to make the hub use any Secret of the cluster.
  if (namespace !== options.namespace) {
    return refused('SecretRefused', `The Secret must be in namespace ${options.namespace}, not in ${namespace}.`);
  }
  const secret = await options.client.find<Secret>(secrets, {namespace, name}, {signal: options.signal});
  if (secret === undefined) return refused('SecretMissing', `Create Secret ${namespace}/${name} with the key ${key}.`);
  const data = secret.data?.[key];
  if (data === undefined) return refused('SecretMissing', `Secret ${namespace}/${name} has no key ${key}.`);
  return fromKubeconfig(Buffer.from(data, 'base64').toString('utf8'), options.development);
}
