import type {Namespace} from '../../src/api/kinds.ts';
import {keyOf} from '../../src/api/meta.ts';
import {namespaces} from '../../src/api/resources.ts';
import {IsthmusError} from '../../src/errors.ts';
import {KubeClient} from '../../src/kube/client.ts';
import type {ClusterCredentials} from '../../src/kube/credentials.ts';
import {manifestObjects, resourceOf} from '../join/apply-object.ts';
import {CLI_MANAGER} from '../operator-hub.ts';
import type {Terminal} from '../terminal.ts';
import {step} from '../terminal.ts';

/**
 * Makes sure that this is the cluster that leaves: an account must not be taken from another one.
 *
 * @param uid - of its `kube-system`, as the hub remembers it; undefined: it doesn't
 * @throws IsthmusError ISTHMUS_COMMAND_REFUSED; KubeError
 */
export async function checkAccount(
  credentials: ClusterCredentials,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const client = new KubeClient({credentials, userAgent: CLI_MANAGER});
  try {
    const found = await client.get<Namespace>(namespaces, {name: 'kube-system'}, {signal});
    if (uid === undefined || found.metadata.uid === uid) return;
  } finally {
    await client.close();
  }
  const reason = '--member-kubeconfig is of another cluster than the one that leaves; nothing was changed';
  throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', reason);
}

/**
 * Removes the hub's account and its rights. The namespace stays, and so do kinds and policies: they hold for whoever comes next.
 *
 * @param options - `isInCluster`: the hub lives there itself, by an account of the same name
 * @throws KubeError
 */
export async function removeAccount(options: {
  readonly credentials: ClusterCredentials;
  readonly isInCluster: boolean;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}): Promise<void> {
  const {credentials, isInCluster, terminal, signal} = options;
  const kept = ['Namespace', ...(isInCluster ? ['ServiceAccount'] : [])];
  const objects = (await manifestObjects(['member'])).filter(({kind}) => !kept.includes(kind)).toReversed();
  const client = new KubeClient({credentials, userAgent: CLI_MANAGER});
  try {
    for (const object of objects) {
      const resource = await resourceOf(client, object, signal);
      const wasThere = await client.delete(resource, object.metadata, {signal});
      if (wasThere) step(terminal, 'deleted', `${object.kind} ${keyOf(object.metadata)} in the member`);
    }
  } finally {
    await client.close();
  }
}
