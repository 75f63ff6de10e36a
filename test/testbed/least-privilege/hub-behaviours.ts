import type {Cluster, FlomeshServiceImport, ServiceExport, ServiceImport} from '../../../src/api/kinds.ts';
import type {KubeObject} from '../../../src/api/meta.ts';
import {
  CLUSTER_ID_PROPERTY,
  CLUSTERSET_ID_PROPERTY,
  COMPONENT_LABEL,
  DEFAULT_NAMESPACE,
  HUB_LEASE,
  HUB_REPLICA_COMPONENT,
} from '../../../src/api/names.ts';
import {
  clusterProperties,
  clusters,
  configMaps,
  events,
  flomeshServiceExports,
  flomeshServiceImports,
  leases,
  namespaces,
  remoteClusters,
  secrets,
  serviceExports,
  serviceImports,
  validatingWebhookConfigurations,
} from '../../../src/api/resources.ts';
import type {Resource} from '../../../src/api/resources.ts';
import {HUB_MANAGER} from '../../../src/api/names.ts';
import {until} from '../../../src/dev/real/until.ts';
import type {Behaviour} from './behaviour.ts';
import {exportYaml} from './objects.ts';
import {MEMBER} from './world.ts';
import type {Place, World} from './world.ts';

const OWN = DEFAULT_NAMESPACE;
const SOON = {deadlineMs: 20_000};
const VALIDATOR = {name: 'isthmus-hub-validator'};
const LEFT_OVER = {namespace: DEFAULT_NAMESPACE, name: 'isthmus-hub-0123456789'};

interface Hooks extends KubeObject {
  readonly webhooks?: readonly {readonly clientConfig: {readonly url?: string}}[];
}

export async function hubIsThere(world: World): Promise<boolean> {
  return (await writesHooks(world)) && followsAll(world);
}

/** The configuration names the very server of this process. */
async function writesHooks(world: World): Promise<boolean> {
  const found = await world.hubPlace.admin.find<Hooks>(validatingWebhookConfigurations, VALIDATOR);
  const port = world.hub?.ports['webhooks']?.port;
  return (
    port !== undefined && (found?.webhooks ?? []).some(({clientConfig}) => clientConfig.url?.includes(`:${port}/`))
  );
}

function followsAll(world: World): boolean {
  const status = world.hub?.hub.status();
  const member = status?.members.find(({cluster}) => cluster === MEMBER);
  if (status?.clusterList.state !== 'Watching' || member === undefined) return false;
  if (Object.values(status.policyLists).some(({state}) => state !== 'Watching')) return false;
  if (Object.values(status.sharedLists).some(({state}) => state !== 'Watching')) return false;
  return member.synced && Object.values(member.reflectors).every(({state}) => state === 'Watching');
}

const starts = (what: string, more: Partial<Behaviour> = {}): Behaviour => ({
  what,
  restarts: 'hub',
  provoke: async (world) => world.startHub(),
  holds: hubIsThere,
  ...more,
});

/** Rights to read: who lacks one never comes to the point where everything is read and followed. */
export const HUB_READS = starts('the hub starts, reads everything and follows it');

const remove =
  (place: (world: World) => Place, resource: Resource, at: {name: string; namespace?: string}) =>
  async (world: World): Promise<void> => {
    await place(world).admin.delete(resource, at);
  };
const home = (world: World): Place => world.hubPlace;
const member = (world: World): Place => world.memberPlace;

/** The last namespace that an export was made in. */
let place = '';
type Group = Parameters<typeof exportYaml>[1];

const exporting =
  (group: Group, at = member) =>
  async (world: World): Promise<void> => {
    place = world.fresh('shop');
    await at(world).cluster.applyManifests(exportYaml(place, group));
  };

async function importHere(world: World): Promise<ServiceImport | undefined> {
  return world.memberPlace.admin.find<ServiceImport>(serviceImports, {namespace: place, name: 'foo'});
}

async function flomeshImportHere(world: World): Promise<FlomeshServiceImport | undefined> {
  return world.memberPlace.admin.find<FlomeshServiceImport>(flomeshServiceImports, {namespace: place, name: 'foo'});
}

const imports: Behaviour = {
  what: 'an export becomes an import, with the clusters that it is from',
  provoke: exporting('multicluster.x-k8s.io'),
  holds: async (world) => ((await importHere(world))?.status?.clusters ?? []).length > 0,
};

const flomeshImports: Behaviour = {
  what: "an export of FSM's group becomes an import of that group",
  provoke: exporting('flomesh.io'),
  holds: async (world) => (await flomeshImportHere(world))?.spec !== undefined,
};

const tells = (group: Group, resource: Resource): Behaviour => ({
  what: `an export of ${group} is told whether it is Ready`,
  provoke: exporting(group),
  holds: async (world) => {
    const found = await world.memberPlace.admin.find<ServiceExport>(resource, {namespace: place, name: 'foo'});
    return (found?.status?.conditions ?? []).some(({type}) => type === 'Ready');
  },
});

const takesBack = (group: Group, resource: Resource, find: (world: World) => Promise<unknown>): Behaviour => ({
  what: 'an import goes with its last export',
  prepare: async (world) => {
    await exporting(group)(world);
    await until('the import', async () => (await find(world)) !== undefined, SOON);
  },
  provoke: async (world) => remove(member, resource, {namespace: place, name: 'foo'})(world),
  holds: async (world) => (await find(world)) === undefined,
});

const mends = (resource: Resource, name: string): Behaviour => ({
  what: `${resource.kind} ${name} comes back when somebody deletes it`,
  provoke: remove(member, resource, {name}),
  holds: async (world) => (await world.memberPlace.admin.find(resource, {name})) !== undefined,
});

interface WithApi extends KubeObject {
  readonly status?: {readonly api?: object};
}

const GHOST = {apiVersion: 'isthmus.dev/v1alpha1', kind: 'RemoteCluster', spec: {}};

async function isBeingDeleted(world: World): Promise<boolean> {
  const found = await world.hubPlace.admin.find<Cluster>(clusters, {name: MEMBER});
  return found?.metadata.deletionTimestamp !== undefined;
}

/** Everything of ours, and nothing else, goes when a Cluster is deleted. The Cluster itself doesn't wait for long. */
const leaves = (resource: Resource, name: string): Behaviour => {
  const at = {name, ...(resource.namespaced ? {namespace: OWN} : {})};
  return {
    what: `${resource.kind} ${name} is taken back from a member that leaves`,
    refusal: 'once',
    provoke: async (world) => {
      await until('no Cluster that is still being deleted', async () => !(await isBeingDeleted(world)), SOON);
      await world.registerAll();
      await until('the member', async () => followsAll(world), SOON);
      await world.unregister(MEMBER);
    },
    holds: async (world) => {
      const {members = [], leaving = []} = world.hub?.hub.status() ?? {};
      const isGone = !members.some(({cluster}) => cluster === MEMBER) && leaving.length === 0;
      return isGone && (await world.memberPlace.admin.find(resource, at)) === undefined;
    },
    tidy: async (world) => {
      await world.registerAll();
      await until('the member', async () => followsAll(world), SOON);
    },
  };
};

/** A Cluster that there is no way into: the hub has to say so, and to forget it. */
const registersGhost = async (world: World): Promise<void> => {
  ghost = world.fresh('ghost');
  await world.register(ghost, {gatewayHost: `${ghost}.example.com`, kubeconfigSecretRef: {name: 'missing'}});
};
let ghost = '';
/** One that there is a way into, by a kubeconfig in the object itself. */
const registersTwin = async (world: World): Promise<void> => {
  ghost = world.fresh('ghost');
  const {kubeconfig} = world.memberPlace.access(HUB_MANAGER);
  await world.register(ghost, {gatewayHost: `${ghost}.example.com`, kubeconfig});
};
const keptSecret = async (world: World): Promise<KubeObject | undefined> =>
  world.hubPlace.admin.find(secrets, ghostRecord());
const forgetsGhost = async (world: World): Promise<void> => world.unregister(ghost);
const ghostRecord = (): {namespace: string; name: string} => ({namespace: OWN, name: `isthmus-member-${ghost}`});
const knowsGhost = (world: World): boolean =>
  (world.hub?.hub.status().members ?? []).some(({cluster}) => cluster === ghost);

interface Event extends KubeObject {
  readonly involvedObject: {readonly name: string};
}

const pinned = {namespace: OWN, name: `isthmus-member-${MEMBER}`};
const remembers = starts('the identity of a member is remembered over a restart', {
  provoke: async (world) => {
    await remove(home, configMaps, pinned)(world);
    world.startHub();
  },
  holds: async (world) => (await world.hubPlace.admin.find(configMaps, pinned)) !== undefined,
});

const validates = starts("the hub's webhook configuration names its server");

export const HUB: Readonly<Record<string, Behaviour>> = {
  'hub: get clusters.flomesh.io': {
    what: 'a Cluster that is gone is asked for by name before its member leaves',
    prepare: async (world) => {
      await registersGhost(world);
      await until('the ghost', async () => knowsGhost(world), SOON);
    },
    provoke: forgetsGhost,
    holds: async (world) => !knowsGhost(world),
  },
  'hub: patch clusters/status.flomesh.io': {
    what: 'a Cluster says whether it is reachable',
    provoke: registersGhost,
    holds: async (world) => {
      const found = await world.hubPlace.admin.find<Cluster>(clusters, {name: ghost});
      return (found?.status?.conditions ?? []).length > 0;
    },
    tidy: forgetsGhost,
  },
  'hub: patch clusters.flomesh.io': {
    what: 'a Cluster gets a finalizer, and its inline kubeconfig is moved to a Secret',
    provoke: registersTwin,
    holds: async (world) => {
      const found = await world.hubPlace.admin.find<Cluster>(clusters, {name: ghost});
      return (found?.metadata.finalizers ?? []).length > 0 && found?.spec?.kubeconfig === undefined;
    },
    tidy: forgetsGhost,
  },
  'hub: patch secrets': {
    what: 'the inline kubeconfig of a Cluster is kept in a Secret',
    provoke: registersTwin,
    holds: async (world) => (await keptSecret(world)) !== undefined,
    tidy: forgetsGhost,
  },
  'hub: delete secrets': {
    what: 'the kubeconfig that the hub kept goes with its Cluster',
    prepare: async (world) => {
      await registersTwin(world);
      await until('the Secret', async () => (await keptSecret(world)) !== undefined, SOON);
    },
    provoke: forgetsGhost,
    holds: async (world) => (await keptSecret(world)) === undefined,
  },
  'hub: list configmaps': starts('a member that left while no hub ran is found by its record', {
    prepare: async (world) => {
      ghost = world.fresh('ghost');
      const labels = {'app.kubernetes.io/managed-by': HUB_MANAGER};
      const object = {apiVersion: 'v1', kind: 'ConfigMap', metadata: {...ghostRecord(), labels}};
      await world.hubPlace.admin.create(configMaps, object, {fieldManager: 'kubectl'});
    },
    holds: async (world) => (await world.hubPlace.admin.find(configMaps, ghostRecord())) === undefined,
  }),
  'hub: list validatingwebhookconfigurations.admissionregistration.k8s.io isthmus-hub-validator': validates,
  'hub: watch validatingwebhookconfigurations.admissionregistration.k8s.io isthmus-hub-validator': starts(
    "the hub's webhook configuration is mended when somebody empties it",
    {
      provoke: async (world) => {
        world.startHub();
        await until('entries', async () => writesHooks(world), SOON);
        const body = {webhooks: []};
        const write = {fieldManager: 'kubectl'};
        await world.hubPlace.admin.patch(validatingWebhookConfigurations, VALIDATOR, {type: 'merge', body}, write);
      },
      holds: writesHooks,
    },
  ),
  'hub: patch validatingwebhookconfigurations.admissionregistration.k8s.io isthmus-hub-validator': validates,
  'hub: get secrets': starts('the hub serves its webhooks with a certificate of the CA of its cluster'),
  'hub: create secrets': starts("the CA of the hub's cluster is made where there is none", {
    provoke: async (world) => {
      await remove(home, secrets, {namespace: OWN, name: 'isthmus-ca'})(world);
      world.startHub();
    },
  }),
  'hub: get configmaps': HUB_READS,
  'hub: create configmaps': remembers,
  'hub: patch configmaps': remembers,
  'hub: delete configmaps': {
    what: 'what was remembered of a member goes with it',
    prepare: async (world) => {
      await registersGhost(world);
      await until('the ghost', async () => knowsGhost(world), SOON);
      const record = {apiVersion: 'v1', kind: 'ConfigMap', metadata: ghostRecord()};
      await world.hubPlace.admin.create(configMaps, record, {fieldManager: 'kubectl'});
    },
    provoke: forgetsGhost,
    holds: async (world) => (await world.hubPlace.admin.find(configMaps, ghostRecord())) === undefined,
  },
  'hub: create leases.coordination.k8s.io': starts('one replica of the hub writes the webhook configuration', {
    provoke: async (world) => {
      await remove(home, leases, {namespace: OWN, name: 'isthmus-hub-writer'})(world);
      world.startHub();
    },
  }),
  'hub: get leases.coordination.k8s.io': validates,
  'hub: update leases.coordination.k8s.io': validates,
  'hub: delete leases.coordination.k8s.io': {
    what: 'what is left of a replica that is gone is removed',
    provoke: async (world) => {
      const metadata = {...LEFT_OVER, labels: {[COMPONENT_LABEL]: HUB_REPLICA_COMPONENT}};
      const object = {apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: {holderIdentity: ''}};
      await world.hubPlace.admin.create(leases, object, {fieldManager: 'kubectl'});
    },
    holds: async (world) => (await world.hubPlace.admin.find(leases, LEFT_OVER)) === undefined,
  },
  'hub: create events': {
    what: 'a change of a Cluster leaves an Event',
    refusal: 'once',
    provoke: registersGhost,
    holds: async (world) => {
      const {items} = await world.hubPlace.admin.list<Event>(events, {namespace: 'default'});
      return items.some(({involvedObject}) => involvedObject.name === ghost);
    },
    tidy: forgetsGhost,
  },
  'member: get services': imports,
  'member: get namespaces': HUB_READS,
  'member: create serviceimports.multicluster.x-k8s.io': imports,
  'member: patch serviceimports.multicluster.x-k8s.io': imports,
  'member: own serviceimports.multicluster.x-k8s.io': {...imports, says: "'isthmus-owned-kinds'"},
  'member: patch serviceimports/status.multicluster.x-k8s.io': imports,
  'member: delete serviceimports.multicluster.x-k8s.io': takesBack('multicluster.x-k8s.io', serviceExports, importHere),
  'member: create serviceimports.flomesh.io': flomeshImports,
  'member: patch serviceimports.flomesh.io': flomeshImports,
  'member: delete serviceimports.flomesh.io': takesBack('flomesh.io', flomeshServiceExports, flomeshImportHere),
  'member: patch serviceexports/status.multicluster.x-k8s.io': tells('multicluster.x-k8s.io', serviceExports),
  'member: patch serviceexports/status.flomesh.io': tells('flomesh.io', flomeshServiceExports),
  'member: patch serviceexports/status.multicluster.flomesh.io': tells('multicluster.flomesh.io', {
    ...flomeshServiceExports,
    group: 'multicluster.flomesh.io',
  }),
  'member: create remoteclusters.isthmus.dev': mends(remoteClusters, MEMBER),
  'member: patch remoteclusters.isthmus.dev': mends(remoteClusters, MEMBER),
  'member: patch remoteclusters/status.isthmus.dev': {
    what: 'a member is told which API servers are reachable',
    provoke: remove(member, remoteClusters, {name: MEMBER}),
    holds: async (world) => {
      const found = await world.memberPlace.admin.find<WithApi>(remoteClusters, {name: MEMBER});
      return found?.status?.api !== undefined;
    },
  },
  'member: delete remoteclusters.isthmus.dev': {
    what: 'a RemoteCluster of a Cluster that is gone is removed',
    provoke: async (world) => {
      const labels = {'app.kubernetes.io/managed-by': HUB_MANAGER};
      const object = {...GHOST, metadata: {name: 'gone', labels}};
      await world.memberPlace.admin.create(remoteClusters, object, {fieldManager: 'kubectl'});
    },
    holds: async (world) => (await world.memberPlace.admin.find(remoteClusters, {name: 'gone'})) === undefined,
  },
  'member: own remoteclusters.isthmus.dev': {
    what: 'the hub is known as the hub and held to its own objects',
    refusal: 'unlogged',
    holds: async (world) => {
      const body = {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'unlabelled'}};
      const client = world.memberAsHub;
      return (await client.raw('POST', '/api/v1/namespaces?dryRun=All', {body})).status === 403;
    },
  },
  ...Object.fromEntries(
    [CLUSTER_ID_PROPERTY, CLUSTERSET_ID_PROPERTY].flatMap((name) => [
      [`member: create clusterproperties.about.k8s.io ${name}`, mends(clusterProperties, name)],
      [`member: patch clusterproperties.about.k8s.io ${name}`, mends(clusterProperties, name)],
      [`member: delete clusterproperties.about.k8s.io ${name}`, leaves(clusterProperties, name)],
    ]),
  ),
  'member: create namespaces': {
    what: 'a namespace that a member lacks is made for an import',
    refusal: 'once',
    provoke: exporting('multicluster.x-k8s.io', home),
    holds: async (world) => (await world.memberPlace.admin.find(namespaces, {name: place})) !== undefined,
  },
  'member: create leases.coordination.k8s.io': starts('the hub takes the Lease of a member that has none', {
    provoke: async (world) => {
      await remove(member, leases, {namespace: OWN, name: HUB_LEASE})(world);
      world.startHub();
    },
  }),
  'member: get leases.coordination.k8s.io isthmus-hub': HUB_READS,
  'member: update leases.coordination.k8s.io isthmus-hub': starts('the hub takes the Lease of a member'),
  'member: delete leases.coordination.k8s.io isthmus-hub': leaves(leases, HUB_LEASE),
};
