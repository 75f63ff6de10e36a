import type {Cluster, ExportPolicy} from '../src/api/kinds.ts';
import {clusters, exportPolicies} from '../src/api/resources.ts';
import type {DefaultExportPolicy} from '../src/clusterset/export-policy.ts';
import type {MemberExport} from '../src/clusterset/member-export.ts';
import {narrowExports} from '../src/clusterset/narrow-exports.ts';
import {originOf} from '../src/clusterset/policy-origin.ts';
import type {RouteInput} from '../src/clusterset/route.ts';
import {placeOf} from '../src/hub/merge-rules.ts';
import {IsthmusError} from '../src/errors.ts';
import {readMemberExport} from '../src/hub/read-export.ts';
import {KubeClient} from '../src/kube/client.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';
import {KubeError} from '../src/kube/kube-error.ts';
import {askMember} from './ask-member.ts';
import {askingRoute} from './asking-view.ts';

/** Which export to look for, and how far to trust what the Clusters say. */
export interface Sought {
  readonly service: string;
  readonly namespace: string;
  readonly isthmusNamespace: string;
  /** The cluster whose traffic is asked about. */
  readonly from?: string;
  readonly defaultExportPolicy?: DefaultExportPolicy;
  readonly development?: boolean;
}

/** What was found in the members, and who could not be asked. */
export interface Collected {
  /** With what the hub's policies say of them. */
  readonly exports: readonly MemberExport[];
  /** Where the traffic of {@link Sought.from} goes; undefined: nobody asked for it, or it has no such import. */
  readonly route: RouteInput | undefined;
  /** How many clusters are registered. */
  readonly asked: number;
  /** Members that could not be asked: what they export is unknown, not nothing. */
  readonly silent: readonly {readonly cluster: string; readonly because: string}[];
}

/** Asks every registered member for its export of one name, at most 15 s for all. @throws KubeError, ISTHMUS_USAGE */
export async function collectExports(own: ClusterCredentials, sought: Sought): Promise<Collected> {
  const client = new KubeClient({credentials: own, userAgent: 'isthmus-explain'});
  const signal = AbortSignal.timeout(15_000);
  try {
    const {items} = await client.list<Cluster>(clusters, {signal});
    checkFrom(sought, items);
    const policies = await hubsPolicies(client, signal);
    const hub = {client, own, namespace: sought.isthmusNamespace, development: sought.development ?? false};
    const asked = await Promise.all(
      items.map((cluster) =>
        askMember(hub, cluster, {ask: async (member) => readBoth(cluster, {client: member, sought, signal}), signal}),
      ),
    );
    const answers = asked.flatMap((one) => (one.ok ? [one.answer] : []));
    const exports = answers.flatMap(({found}) => found ?? []);
    return {
      asked: items.length,
      exports: narrowed(exports, {policies, clusters: items, sought}),
      route: answers.find(({route}) => route !== undefined)?.route,
      silent: asked.flatMap((one) => (one.ok ? [] : [{cluster: one.cluster, because: one.because}])),
    };
  } finally {
    await client.close();
  }
}

/** A typing error must not look like a cluster that imports nothing. */
function checkFrom({from}: Sought, registered: readonly Cluster[]): void {
  const names = registered.map(({metadata}) => metadata.name).sort();
  if (from === undefined || names.length === 0 || names.includes(from)) return;
  throw new IsthmusError('ISTHMUS_USAGE', `--from ${from}: there is no Cluster ${from}; there are ${names.join(', ')}`);
}

async function readBoth(
  {metadata}: Cluster,
  {client, sought, signal}: {readonly client: KubeClient; readonly sought: Sought; readonly signal: AbortSignal},
): Promise<{readonly found: MemberExport | undefined; readonly route: RouteInput | undefined}> {
  const cluster = metadata.name;
  const {namespace, service: name, isthmusNamespace, from} = sought;
  const at = {namespace, name};
  const found = await readMemberExport({client, cluster, at, signal});
  if (from !== cluster) return {found, route: undefined};
  return {
    found,
    route: await askingRoute({client, clusterId: cluster, at, isthmusNamespace, nowMs: Date.now(), signal}),
  };
}

function narrowed(
  exports: readonly MemberExport[],
  {
    policies,
    clusters: all,
    sought,
  }: {
    readonly policies: readonly ExportPolicy[];
    readonly clusters: readonly Cluster[];
    readonly sought: Sought;
  },
): readonly MemberExport[] {
  const {defaultExportPolicy} = sought;
  return narrowExports(exports, {
    policies: new Map(policies.map((policy) => [policy.metadata.name, policy])),
    clusters: new Map(all.map((cluster) => [cluster.metadata.name, placeOf(cluster)])),
    labelsOf: ({subject}) => subject,
    ...(defaultExportPolicy === undefined ? {} : {defaultPolicy: defaultExportPolicy}),
  }).exports;
}

async function hubsPolicies(client: KubeClient, signal: AbortSignal): Promise<readonly ExportPolicy[]> {
  try {
    const {items} = await client.list<ExportPolicy>(exportPolicies, {signal});
    return items.filter((policy) => originOf(policy) === 'Member');
  } catch (error) {
    if (error instanceof KubeError && error.isKindMissing) return [];
    throw error;
  }
}
