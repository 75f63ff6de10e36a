import type {Cluster, ExportPolicy, ServiceImport} from '../src/api/kinds.ts';
import {clusterKey, isManagedByHub} from '../src/api/names.ts';
import {clusters, exportPolicies, serviceImports} from '../src/api/resources.ts';
import type {DefaultExportPolicy} from '../src/clusterset/export-policy.ts';
import type {MemberExport} from '../src/clusterset/member-export.ts';
import {narrowExports} from '../src/clusterset/narrow-exports.ts';
import {originOf} from '../src/clusterset/policy-origin.ts';
import {isValid} from '../src/clusterset/merge.ts';
import type {RouteInput} from '../src/clusterset/route.ts';
import {isTargeted} from '../src/clusterset/target-clusters.ts';
import type {ExistingImport} from '../src/clusterset/type-flip.ts';
import {typeOfMost} from '../src/hub/import-types.ts';
import {MemberMemory} from '../src/hub/member-memory.ts';
import {emptyRecord, type MemberRecord} from '../src/hub/member-record.ts';
import {exportersOf, rememberExports} from '../src/hub/remembered-export.ts';
import {placeOf} from '../src/hub/merge-rules.ts';
import {IsthmusError} from '../src/errors.ts';
import {readMemberExport} from '../src/hub/read-export.ts';
import {KubeClient} from '../src/kube/client.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';
import {KubeError} from '../src/kube/kube-error.ts';
import {askMember} from './ask-member.ts';
import {askingRoute} from './asking-view.ts';
import {createLogger} from './logger.ts';

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
  /** As most members that could be asked hold it. */
  readonly existing: ExistingImport | undefined;
  /** Exporters that do not export it to {@link Sought.from}. */
  readonly notTargeted: readonly string[];
  /** Members whose export counts although it was deleted (`MassDeletion`), and that no import remembers: what it was is unknown. */
  readonly forgotten: readonly string[];
  /** What of the hub's memory could not be read, so that ages are as members claim them; undefined: all of it was. */
  readonly unremembered: string | undefined;
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
    const records = await recordsOf(items, {client, sought, signal});
    const asked = await Promise.all(
      items.map((cluster) => {
        const record = records.of.get(cluster.metadata.name) ?? emptyRecord;
        const ask = async (member: KubeClient): Promise<Answer> =>
          readMember(cluster, {client: member, sought, record, signal});
        return askMember(hub, cluster, {ask, signal});
      }),
    );
    const answers = asked.flatMap((one) => (one.ok ? [one.answer] : []));
    const imports = answers.flatMap(({imported}) =>
      imported !== undefined && isManagedByHub(imported) ? [imported] : [],
    );
    const held = heldBack(answers, imports);
    const exports = [...answers.flatMap(({found}) => found ?? []), ...held.exports];
    const decided = narrowed(exports, {policies, clusters: items, sought});
    const type = typeOfMost(imports);
    const notTargeted = notTargeting(decided, {from: items.find(({metadata}) => metadata.name === sought.from)});
    const route = answers.find((answer) => answer.route !== undefined)?.route;
    return {
      asked: items.length,
      exports: decided,
      existing: type === undefined ? undefined : {type, consumed: undefined},
      notTargeted,
      forgotten: held.forgotten,
      unremembered: records.unread,
      route: route && {...route, import: {...route.import, notTargeted: missingIn(route, notTargeted)}},
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

interface Answer {
  readonly cluster: string;
  readonly found: MemberExport | undefined;
  readonly imported: ServiceImport | undefined;
  readonly route: RouteInput | undefined;
  /** It shows no export, and the hub does not believe that yet. */
  readonly isHeldBack: boolean;
}

interface Reading {
  readonly client: KubeClient;
  readonly sought: Sought;
  readonly signal: AbortSignal;
}

async function readMember(
  {metadata}: Cluster,
  {client, sought, record, signal}: Reading & {readonly record: MemberRecord},
): Promise<Answer> {
  const cluster = metadata.name;
  const {namespace, service: name, isthmusNamespace, from} = sought;
  const at = {namespace, name};
  const found = await readMemberExport({client, cluster, at, cappedAges: record.cappedAges, signal});
  const imported = await findImport(client, at, signal);
  const isHeldBack = found === undefined && record.held?.keys.has(`${namespace}/${name}`) === true;
  const answer = {cluster, found, imported, isHeldBack};
  if (from !== cluster) return {...answer, route: undefined};
  return {
    ...answer,
    route: await askingRoute({client, clusterId: cluster, at, isthmusNamespace, nowMs: Date.now(), signal}),
  };
}

async function findImport(
  client: KubeClient,
  {namespace, name}: {readonly namespace: string; readonly name: string},
  signal: AbortSignal,
): Promise<ServiceImport | undefined> {
  try {
    // Listed, not asked for by name: the hub's credential may do only that.
    const fieldSelector = `metadata.name=${name}`;
    return (await client.list<ServiceImport>(serviceImports, {namespace, fieldSelector, signal})).items[0];
  } catch (error) {
    if (error instanceof KubeError && error.isKindMissing) return undefined;
    throw error;
  }
}

/** What the hub remembers of each member. Who may read Clusters need not be let read that. */
async function recordsOf(
  all: readonly Cluster[],
  {client, sought, signal}: Reading,
): Promise<{readonly of: ReadonlyMap<string, MemberRecord>; readonly unread: string | undefined}> {
  const logger = createLogger('silent', 'isthmus-explain');
  const memory = new MemberMemory({client, namespace: sought.isthmusNamespace, logger});
  const of = new Map<string, MemberRecord>();
  try {
    const names = all.map(({metadata}) => metadata.name);
    await Promise.all(names.map(async (name) => of.set(name, await memory.load(name, signal))));
    return {of, unread: undefined};
  } catch (error) {
    if (error instanceof KubeError && error.isForbidden) return {of, unread: error.message};
    throw error;
  }
}

/** What counts although its member shows it no more, as the imports of others remember it. */
function heldBack(
  answers: readonly Answer[],
  imports: readonly ServiceImport[],
): {readonly exports: readonly MemberExport[]; readonly forgotten: readonly string[]} {
  const held = answers.filter(({isHeldBack}) => isHeldBack).map(({cluster}) => cluster);
  const rows = held.map((cluster) => ({cluster, of: imports.find((each) => exportersOf(each).includes(cluster))}));
  return {
    exports: rows.flatMap(({cluster, of}) =>
      of === undefined ? [] : rememberExports(of, [cluster]).map((each) => ({...each, heldBack: true as const})),
    ),
    forgotten: rows.filter(({of}) => of === undefined).map(({cluster}) => cluster),
  };
}

function notTargeting(
  exports: readonly MemberExport[],
  {from}: {readonly from: Cluster | undefined},
): readonly string[] {
  if (from === undefined) return [];
  const {name} = from.metadata;
  const consumer = {id: name, key: clusterKey({...from.spec, name})};
  return exports.filter((each) => isValid(each) && !isTargeted(each, consumer)).map(({cluster}) => cluster);
}

/** One that the import still names is served as long as it does. */
function missingIn({import: imported}: RouteInput, clusterIds: readonly string[]): readonly string[] {
  return clusterIds.filter((id) => !imported.clusters.includes(id));
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
