import type {Cluster, ClusterProperty, Namespace} from '../../src/api/kinds.ts';
import {CLUSTERSET_ID_PROPERTY, CLUSTER_ID_PROPERTY, isDnsLabel} from '../../src/api/names.ts';
import {clusterProperties, clusters, namespaces} from '../../src/api/resources.ts';
import {compareClocks} from '../../src/clusterset/clock-difference.ts';
import {joinRefusal} from '../../src/clusterset/join-refusal.ts';
import {IsthmusError} from '../../src/errors.ts';
import {refuseVersion} from '../../src/hub/member-admission.ts';
import type {Right} from '../../src/kube/access-review.ts';
import {mayDo} from '../../src/kube/access-review.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {readServerClock} from '../../src/kube/server-clock.ts';
import {step} from '../terminal.ts';
import type {JoinContext} from './join-context.ts';
import {rightText} from './member-rights.ts';

const KUBE_SYSTEM = 'kube-system';

/** What was learnt before anything is changed. */
export interface CheckedClusters {
  readonly existing: Cluster | undefined;
  readonly others: readonly Cluster[];
  readonly uid: string;
  /** The hub's own cluster is to become a member. */
  readonly isInCluster: boolean;
}

/**
 * Looks at both clusters, without changing anything: who answers, who may do what here, and whether something speaks against it.
 *
 * @throws IsthmusError ISTHMUS_COMMAND_REFUSED with what to change; KubeError where nobody answers
 */
export async function checkClusters(context: JoinContext): Promise<CheckedClusters> {
  const {name, hub, client, signal, clustersetId} = context;
  if (!isDnsLabel(name)) {
    throw refused(`"${name}" can't be a cluster id: use one DNS label, at most 63 lower-case letters, digits and '-'`);
  }
  const {existing, others, hubUid} = await checkHub(context);
  const uid = await checkMember(context);
  const records = await hub.records(signal);
  const properties = await memberProperties(client, signal);
  const refusal = joinRefusal({
    name,
    uid,
    records: records.map((record) => ({name: record.name, uid: record.uid, left: record.left !== undefined})),
    isLeaving: existing?.metadata.deletionTimestamp !== undefined,
    clusterId: properties.get(CLUSTER_ID_PROPERTY),
    clustersetId: properties.get(CLUSTERSET_ID_PROPERTY),
    wantedClusterset: clustersetId,
  });
  if (refusal !== undefined) throw refused(refusal);
  await compareTheirClocks(context);
  return {existing, others, uid, isInCluster: uid === hubUid};
}

function refused(reason: string): IsthmusError {
  return new IsthmusError('ISTHMUS_COMMAND_REFUSED', reason);
}

async function checkHub({
  name,
  hub,
  terminal,
  signal,
}: JoinContext): Promise<{existing: Cluster | undefined; others: readonly Cluster[]; hubUid: string}> {
  const {client, namespace} = hub;
  const {gitVersion} = await client.version({signal});
  step(terminal, 'hub', `${hub.own.server} answers, ${gitVersion}`);
  const registered = await listClusters(client, signal);
  await requireRights(client, "the hub's cluster", [
    // By name, as they are read: a role may let no more.
    {verb: 'get', group: '', resource: 'namespaces', name: KUBE_SYSTEM},
    {verb: 'get', group: '', resource: 'namespaces', name: namespace},
    {verb: 'create', group: 'flomesh.io', resource: 'clusters'},
    {verb: 'patch', group: '', resource: 'secrets', namespace},
    {verb: 'list', group: '', resource: 'configmaps', namespace},
  ]);
  if ((await client.find(namespaces, {name: namespace}, {signal})) === undefined) {
    throw refused(`the hub's cluster has no namespace ${namespace}; apply manifests/install/hub.yaml there`);
  }
  return {
    existing: registered.find(({metadata}) => metadata.name === name),
    others: registered.filter(({metadata}) => metadata.name !== name),
    hubUid: await uidOf(client, signal),
  };
}

async function listClusters(client: KubeClient, signal: AbortSignal): Promise<readonly Cluster[]> {
  try {
    return (await client.list<Cluster>(clusters, {signal})).items;
  } catch (error) {
    if (!(error instanceof KubeError) || !error.isKindMissing) throw error;
    throw refused('that is not the cluster of a hub: it does not serve Cluster objects; apply manifests/crds there');
  }
}

async function uidOf(client: KubeClient, signal: AbortSignal): Promise<string> {
  const found = await client.get<Namespace>(namespaces, {name: KUBE_SYSTEM}, {signal});
  return found.metadata.uid ?? '';
}

async function checkMember({client, member, terminal, signal}: JoinContext): Promise<string> {
  const {gitVersion} = await client.version({signal});
  const tooOld = refuseVersion(gitVersion);
  if (tooOld !== undefined) throw refused(tooOld);
  const uid = await uidOf(client, signal);
  step(terminal, 'member', `${member.server} answers, ${gitVersion}, its kube-system is ${uid}`);
  await requireRights(client, 'the member', [
    {verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterroles'},
    {verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings'},
    {verb: 'create', group: '', resource: 'serviceaccounts', subresource: 'token', namespace: 'isthmus-system'},
  ]);
  return uid;
}

/** Half an installation is worse than none: who lacks a right is told before the first change. */
async function requireRights(client: KubeClient, where: string, rights: readonly Right[]): Promise<void> {
  const allowed = await Promise.all(rights.map((right) => mayDo(client, right)));
  const missing = rights.filter((_, index) => allowed[index] !== true);
  if (missing.length === 0) return;
  throw refused(`the kubeconfig of ${where} may not ${missing.map(rightText).join(', ')}; use an administrator's`);
}

async function memberProperties(client: KubeClient, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  try {
    const {items} = await client.list<ClusterProperty>(clusterProperties, {signal});
    return new Map(items.map(({metadata, spec}) => [metadata.name, spec?.value ?? '']));
  } catch (error) {
    // Without the CRD nobody can have said anything.
    if (error instanceof KubeError && error.isKindMissing) return new Map();
    throw error;
  }
}

async function compareTheirClocks({hub, client, terminal, signal}: JoinContext): Promise<void> {
  const [atHub, atMember] = [await readServerClock(hub.client, {signal}), await readServerClock(client, {signal})];
  const compared = compareClocks(atMember, atHub);
  if (compared.verdict === 'Unknown') {
    step(terminal, 'warning', 'an API server tells no time, so that the clocks were not compared');
    return;
  }
  const seconds = (ms: number): string => `${(Math.abs(ms) / 1_000).toFixed(1)} s`;
  const {verdict, differenceMs, errorMs} = compared;
  const which = differenceMs > 0 ? 'ahead of' : 'behind';
  const text = `the member's is ${seconds(differenceMs)} ${which} the hub's (give or take ${seconds(errorMs)})`;
  if (verdict === 'Close') step(terminal, 'clocks', text);
  else step(terminal, 'warning', `clocks: ${text}; conflicts are decided by age, so set them right`);
}
