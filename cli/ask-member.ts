import type {Cluster} from '../src/api/kinds.ts';
import {describeError} from '../src/errors.ts';
import {resolveAccess} from '../src/hub/cluster-access.ts';
import {KubeClient} from '../src/kube/client.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';

/** What a member said, or why it could not be asked: then what it would have said is unknown, not nothing. */
export type MemberAnswer<T> =
  | {readonly ok: true; readonly cluster: string; readonly answer: T}
  | {readonly ok: false; readonly cluster: string; readonly because: string};

export interface AskingHub {
  /** Of the hub's own API server. */
  readonly client: KubeClient;
  readonly own: ClusterCredentials;
  readonly namespace: string;
  readonly development: boolean;
}

/** Asks one registered member, with the credentials of its Cluster. Never throws for a member that does not answer. */
export async function askMember<T>(
  hub: AskingHub,
  cluster: Cluster,
  {ask, signal}: {readonly ask: (client: KubeClient) => Promise<T>; readonly signal: AbortSignal},
): Promise<MemberAnswer<T>> {
  const {name} = cluster.metadata;
  try {
    const access = await resolveAccess(cluster, {...hub, signal});
    if (!access.ok) return {ok: false, cluster: name, because: access.message};
    const client = new KubeClient({credentials: access.credentials, userAgent: 'isthmus-cli'});
    try {
      return {ok: true, cluster: name, answer: await ask(client)};
    } finally {
      await client.close();
    }
  } catch (error) {
    return {ok: false, cluster: name, because: describeError(error)};
  }
}
