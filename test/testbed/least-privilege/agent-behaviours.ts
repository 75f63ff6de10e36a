import type {EndpointSlice, Service, ServiceExport, ServiceImport} from '../../../src/api/kinds.ts';
import type {KubeObject} from '../../../src/api/meta.ts';
import {conditionsOf} from '../../../src/agent/health-writer.ts';
import {
  AGENT_SERVICE,
  AGENT_WRITER_LEASE,
  DEFAULT_NAMESPACE,
  derivedServiceName,
  HUB_REACHABLE_CONDITION,
} from '../../../src/api/names.ts';
import {
  endpointSlices,
  flomeshMcsServiceExports,
  flomeshServiceExports,
  leases,
  mutatingWebhookConfigurations,
  secrets,
  serviceExports,
  serviceImports,
  services,
  validatingWebhookConfigurations,
} from '../../../src/api/resources.ts';
import type {Resource} from '../../../src/api/resources.ts';
import {until} from '../../../src/dev/real/until.ts';
import type {Behaviour} from './behaviour.ts';
import {exportYaml} from './objects.ts';
import type {World} from './world.ts';

const OWN = DEFAULT_NAMESPACE;
const SOON = {deadlineMs: 20_000};
const KUBECTL = {fieldManager: 'kubectl'};

interface Hooks extends KubeObject {
  readonly webhooks?: readonly {readonly clientConfig: {readonly url?: string}}[];
}

const INJECTOR = {resource: mutatingWebhookConfigurations, name: 'isthmus-injector'};
const VALIDATOR = {resource: validatingWebhookConfigurations, name: 'isthmus-validator'};
type Configuration = typeof INJECTOR;

async function writesHooks(world: World, {resource, name}: Configuration): Promise<boolean> {
  const found = await world.memberPlace.admin.find<Hooks>(resource, {name});
  const port = world.agent?.ports['webhooks']?.port;
  return (
    port !== undefined && (found?.webhooks ?? []).some(({clientConfig}) => clientConfig.url?.includes(`:${port}/`))
  );
}

export async function agentIsThere(world: World): Promise<boolean> {
  const status = world.agent?.agent.status();
  if (status?.synced !== true) return false;
  const all = await Promise.all([INJECTOR, VALIDATOR].map(async (each) => writesHooks(world, each)));
  return Object.values(status.sources).every(({state}) => state === 'Watching') && all.every(Boolean);
}

const starts = (what: string, more: Partial<Behaviour> = {}): Behaviour => ({
  what,
  restarts: 'agent',
  provoke: async (world) => world.startAgent(),
  holds: agentIsThere,
  ...more,
});

/** Rights to read: who lacks one never has a full view, or doesn't follow it. */
export const AGENT_READS = starts('the agent starts, reads everything and follows it');

type Group = Parameters<typeof exportYaml>[1];

let place = '';

async function exportsHere(world: World, group: Group = 'multicluster.x-k8s.io'): Promise<void> {
  place = world.fresh('stall');
  await world.memberPlace.cluster.applyManifests(exportYaml(place, group));
}

const ownService = {namespace: OWN, name: AGENT_SERVICE};
const at = (): {namespace: string; name: string} => ({namespace: place, name: 'foo'});
const derivedAt = (): {namespace: string; name: string} => ({namespace: OWN, name: derivedServiceName(place, 'foo')});

async function derived(world: World): Promise<Service | undefined> {
  return world.memberPlace.admin.find<Service>(services, derivedAt());
}

async function slicesOf(world: World): Promise<readonly EndpointSlice[]> {
  const labelSelector = `kubernetes.io/service-name=${derivedAt().name}`;
  return (await world.memberPlace.admin.list<EndpointSlice>(endpointSlices, {namespace: OWN, labelSelector})).items;
}

async function importHere(world: World): Promise<ServiceImport | undefined> {
  return world.memberPlace.admin.find<ServiceImport>(serviceImports, at());
}

const derives: Behaviour = {
  what: 'an import gets a derived Service',
  provoke: exportsHere,
  holds: async (world) => (await derived(world)) !== undefined,
};

const slices: Behaviour = {
  what: 'a derived Service gets its slices',
  provoke: exportsHere,
  holds: async (world) => (await slicesOf(world)).length > 0,
};

const gives: Behaviour = {
  what: 'an import gets its address',
  provoke: exportsHere,
  holds: async (world) => ((await importHere(world))?.spec?.ips ?? []).length > 0,
};

const judges = (group: Group, resource: Resource): Behaviour => ({
  what: `an export of ${group} is told whether it is Valid`,
  provoke: async (world) => exportsHere(world, group),
  holds: async (world) => {
    const found = await world.memberPlace.admin.find<ServiceExport>(resource, at());
    return (found?.status?.conditions ?? []).some(({type}) => type === 'Valid');
  },
});

const untilServed = async (world: World): Promise<void> => {
  await exportsHere(world);
  await until('the address', async () => gives.holds(world), SOON);
  await until('the slices', async () => slices.holds(world), SOON);
};

/** A selector on a derived Service would send the traffic of an import to pods of Isthmus' namespace. */
const selects = async (world: World): Promise<void> => {
  const body = {spec: {selector: {app: 'taken'}}};
  await world.memberPlace.admin.patch(services, derivedAt(), {type: 'merge', body}, KUBECTL);
};

const FOREIGN = 'taken-over';

const writesBoth = (configuration: Configuration): Behaviour =>
  starts(`webhook configuration ${configuration.name} names the agent's server`, {
    holds: async (world) => writesHooks(world, configuration),
  });

const mends = (configuration: Configuration): Behaviour =>
  starts(`webhook configuration ${configuration.name} is mended when somebody empties it`, {
    provoke: async (world) => {
      world.startAgent();
      await until('entries', async () => writesHooks(world, configuration), SOON);
      const {resource, name} = configuration;
      await world.memberPlace.admin.patch(resource, {name}, {type: 'merge', body: {webhooks: []}}, KUBECTL);
    },
    holds: async (world) => writesHooks(world, configuration),
  });

const hooks = (plural: string, configuration: Configuration): Readonly<Record<string, Behaviour>> => {
  const right = `${plural}.admissionregistration.k8s.io ${configuration.name}`;
  return {
    [`agent: list ${right}`]: writesBoth(configuration),
    [`agent: watch ${right}`]: mends(configuration),
    [`agent: patch ${right}`]: writesBoth(configuration),
  };
};

const oneWrites = starts('one replica of the agent writes', {
  holds: async (world) => world.agent?.agent.isWriter === true,
});

export const AGENT: Readonly<Record<string, Behaviour>> = {
  ...hooks('mutatingwebhookconfigurations', INJECTOR),
  ...hooks('validatingwebhookconfigurations', VALIDATOR),
  'agent: patch serviceexports/status.multicluster.x-k8s.io': judges('multicluster.x-k8s.io', serviceExports),
  'agent: patch serviceexports/status.flomesh.io': judges('flomesh.io', flomeshServiceExports),
  'agent: patch serviceexports/status.multicluster.flomesh.io': judges(
    'multicluster.flomesh.io',
    flomeshMcsServiceExports,
  ),
  'agent: patch serviceimports.multicluster.x-k8s.io': gives,
  'agent: own serviceimports.multicluster.x-k8s.io': {...gives, says: "'isthmus-owned-kinds'"},
  'agent: patch serviceimports/status.multicluster.x-k8s.io': {
    what: 'an import says whether it is Ready',
    provoke: exportsHere,
    holds: async (world) => ((await importHere(world))?.status?.conditions ?? []).some(({type}) => type === 'Ready'),
  },
  'agent: create services': derives,
  'agent: update services': {
    what: 'a derived Service that somebody gave a selector is mended',
    prepare: untilServed,
    provoke: selects,
    holds: async (world) => {
      const spec = (await derived(world))?.spec as {selector?: object} | undefined;
      return spec !== undefined && spec.selector === undefined;
    },
  },
  'agent: delete services': {
    what: 'a derived Service goes after its import',
    prepare: untilServed,
    provoke: async (world) => {
      await world.memberPlace.admin.delete(serviceExports, at());
    },
    holds: async (world) => (await derived(world)) === undefined,
  },
  'agent: create endpointslices.discovery.k8s.io': slices,
  'agent: patch endpointslices.discovery.k8s.io': slices,
  'agent: delete endpointslices.discovery.k8s.io': {
    what: 'slices that somebody put under a derived Service are removed',
    prepare: async (world) => {
      await untilServed(world);
      const labels = {'kubernetes.io/service-name': derivedAt().name};
      const metadata = {namespace: OWN, name: world.fresh(FOREIGN), labels};
      const slice = {apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata};
      await world.memberPlace.admin.create<KubeObject & object>(
        endpointSlices,
        {...slice, ...{addressType: 'IPv4', endpoints: [{addresses: ['10.9.9.9']}], ports: []}},
        KUBECTL,
      );
    },
    provoke: selects,
    holds: async (world) => !(await slicesOf(world)).some(({metadata}) => metadata.name.startsWith(FOREIGN)),
  },
  'agent: patch services/status isthmus-agent': {
    what: "the agent's Service says whether the hub is heard, and which gateways answer",
    provoke: async (world) => {
      const body = {status: {conditions: []}};
      const options = {...KUBECTL, subresource: 'status'} as const;
      await world.memberPlace.admin.patch(services, ownService, {type: 'merge', body}, options);
    },
    holds: async (world) => {
      const found = await world.memberPlace.admin.get<Service>(services, ownService);
      return conditionsOf(found).some(({type}) => type === HUB_REACHABLE_CONDITION);
    },
  },
  'agent: create leases.coordination.k8s.io': {
    ...oneWrites,
    provoke: async (world) => {
      await world.memberPlace.admin.delete(leases, {namespace: OWN, name: AGENT_WRITER_LEASE});
      world.startAgent();
    },
  },
  'agent: get leases.coordination.k8s.io isthmus-agent-writer': oneWrites,
  'agent: update leases.coordination.k8s.io isthmus-agent-writer': oneWrites,
  'agent: get secrets isthmus-ca': starts('the agent serves its webhooks with a certificate of the CA of its cluster'),
  'agent: create secrets': starts('the CA of a cluster is made where there is none', {
    provoke: async (world) => {
      await world.memberPlace.admin.delete(secrets, {namespace: OWN, name: 'isthmus-ca'});
      world.startAgent();
    },
  }),
};
