import type {Cluster} from '../src/api/kinds.ts';
import {clusters} from '../src/api/resources.ts';
import type {MemberExport} from '../src/clusterset/member-export.ts';
import {describeError} from '../src/errors.ts';
import {resolveAccess} from '../src/hub/cluster-access.ts';
import {readMemberExport} from '../src/hub/read-export.ts';
import {KubeClient} from '../src/kube/client.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';

/** Which export to look for, and how far to trust what the Clusters say. */
export interface Sought {
  readonly service: string;
  readonly namespace: string;
  readonly isthmusNamespace: string;
  readonly development?: boolean;
}

/** What was found in the members, and who could not be asked. */
export interface Collected {
  readonly exports: readonly MemberExport[];
  /** How many clusters are registered. */
  readonly asked: number;
  /** Members that could not be asked: what they export is unknown, not nothing. */
  readonly silent: readonly {readonly cluster: string; readonly because: string}[];
}

/** Asks every registered member for its export of one name, at most 15 s for all. */
export async function collectExports(own: ClusterCredentials, sought: Sought): Promise<Collected> {
  const client = new KubeClient({credentials: own, userAgent: 'isthmus-explain'});
  const signal = AbortSignal.timeout(15_000);
  try {
    const {items} = await client.list<Cluster>(clusters, {signal});
    const asked = await Promise.all(items.map((cluster) => askMember(cluster, {client, own, sought, signal})));
    return {
      asked: items.length,
      exports: asked.flatMap((answer) => ('found' in answer && answer.found !== undefined ? [answer.found] : [])),
      silent: asked.flatMap((answer) => ('because' in answer ? [answer] : [])),
    };
  } finally {
    await client.close();
  }
}

interface Asking {
  readonly client: KubeClient;
  readonly own: ClusterCredentials;
  readonly sought: Sought;
  readonly signal: AbortSignal;
}

type Answer = {readonly found: MemberExport | undefined} | {readonly cluster: string; readonly because: string};

async function askMember(cluster: Cluster, {client, own, sought, signal}: Asking): Promise<Answer> {
  const {name} = cluster.metadata;
  const development = sought.development ?? false;
  const access = await resolveAccess(cluster, {client, own, namespace: sought.isthmusNamespace, development, signal});
  if (!access.ok) return {cluster: name, because: access.message};
  const member = new KubeClient({credentials: access.credentials, userAgent: 'isthmus-explain'});
  try {
    const at = {namespace: sought.namespace, name: sought.service};
    return {found: await readMemberExport({client: member, cluster: name, at, signal})};
  } catch (error) {
    return {cluster: name, because: describeError(error)};
  } finally {
    await member.close();
  }
}
