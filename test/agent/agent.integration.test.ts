import {pino} from 'pino';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';

import {Agent} from '../../src/agent/agent.ts';
import type {EndpointSlice, Service, ServiceImport} from '../../src/api/kinds.ts';
import {DEFAULT_NAMESPACE, derivedServiceName} from '../../src/api/names.ts';
import * as resources from '../../src/api/resources.ts';
import type {View, ViewChange} from '../../src/clusterset/view.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {installManifests} from '../../cli/install-manifests.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from '../tools/eventually.ts';
import {anImport} from './fixtures.ts';

const logger = pino({level: 'silent'});
const AT = {namespace: 'bar', name: 'foo'};
const DERIVED = {namespace: DEFAULT_NAMESPACE, name: derivedServiceName('bar', 'foo')};

let cluster: DevCluster;
let hub: KubeClient;
let agent: Agent;
let stop: AbortController;
let views: {view: View; change: ViewChange}[];

function startAgent(identity = 'one', maxVips = 100): Agent {
  const started = new Agent({
    credentials: cluster.credentials,
    namespace: DEFAULT_NAMESPACE,
    clusterId: 'cluster-2',
    identity,
    development: true,
    lingerMs: 300,
    ttlMs: 100,
    maxVips,
    logger,
  });
  started.onView((view, change) => views.push({view, change}));
  started.start(stop.signal);
  return started;
}

async function importFromHub(object: ServiceImport = anImport()): Promise<void> {
  const {uid: _uid, generation: _generation, ...metadata} = object.metadata;
  const written = {...object, metadata};
  await hub.apply(resources.serviceImports, written, {fieldManager: 'isthmus-hub', force: true});
}

const served = (): Promise<readonly string[]> =>
  eventually('a served address', () => {
    const ips = agent.view().imports.get('bar/foo')?.ips ?? [];
    return ips.length > 0 ? ips : undefined;
  });

beforeEach(async () => {
  cluster = await startCluster({name: 'cluster-2', index: 2});
  await cluster.applyManifests(await installManifests('agent'));
  hub = new KubeClient({credentials: cluster.credentials, userAgent: 'test'});
  await hub.create(
    resources.namespaces,
    {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'bar'}},
    {fieldManager: 'test'},
  );
  stop = new AbortController();
  views = [];
  agent = startAgent();
});

afterEach(async () => {
  stop.abort();
  await agent.closed;
  await hub.close();
  await cluster.close();
});

test('the first view is complete, later ones say what changed', async () => {
  await agent.synced;
  expect(views[0]?.change.all).toBe(true);
  expect(views[0]?.view.namespaces.has('bar')).toBe(true);
  await importFromHub();
  await served();
  expect(views.slice(1).every(({change}) => !change.all)).toBe(true);
  const first = views.find(({view}) => (view.imports.get('bar/foo')?.ips ?? []).length > 0);
  expect(first?.change.imports.has('bar/foo')).toBe(true);
});

test('what a view does not say of an import is no news to who serves it, and foreign addresses are no answer', async () => {
  await importFromHub();
  const ips = await served();
  const settled = await eventually('conditions', async () => {
    const now = await hub.get<ServiceImport>(resources.serviceImports, AT);
    return now.status?.conditions === undefined ? undefined : now;
  });
  const before = views.length;
  const foreign = {
    ...settled,
    metadata: {name: 'foo', namespace: 'bar'},
    spec: {ips: ['10.9.9.9'], ipFamilies: ['IPv4']},
  };
  const {status: _status, ...written} = foreign;
  await hub.apply(resources.serviceImports, written, {fieldManager: 'somebody', force: true});
  await eventually('the addresses to be mended', async () => {
    const now = await hub.get<ServiceImport>(resources.serviceImports, AT);
    return now.metadata.generation !== settled.metadata.generation && now.spec?.ips?.join() === ips.join();
  });
  const since = views.slice(before);
  expect(since.flatMap(({change}) => [...change.imports])).toEqual([]);
  expect(since.map(({view}) => view.imports.get('bar/foo')?.ips)).toEqual(since.map(() => ips));
});

test('an import gets a dual-stack derived Service, a slice for each family, addresses in order and conditions', async () => {
  await importFromHub();
  const ips = await served();
  const derived = await hub.get<Service>(resources.services, DERIVED);
  expect(derived.spec).toMatchObject({
    clusterIPs: ips,
    ipFamilies: ['IPv4', 'IPv6'],
    ports: [{port: 80, protocol: 'TCP'}],
  });
  expect(derived.spec?.selector).toBeUndefined();
  const {items} = await hub.list<EndpointSlice>(resources.endpointSlices, {namespace: DEFAULT_NAMESPACE});
  expect(
    items
      .filter(({metadata}) => metadata.name.startsWith('derived-'))
      .map(({addressType}) => addressType)
      .sort(),
  ).toEqual(['IPv4', 'IPv6']);
  const found = await eventually('conditions', async () => {
    const now = await hub.get<ServiceImport>(resources.serviceImports, AT);
    return now.status?.conditions === undefined ? undefined : now;
  });
  expect(found.spec).toMatchObject({ips, ipFamilies: ['IPv4', 'IPv6'], type: 'ClusterSetIP'});
  const conditions = found.status?.conditions?.map(({type, status, reason}) => `${type}=${status}/${reason}`).sort();
  expect(conditions).toEqual(['Ready=True/Ready', 'isthmus.dev/Carried=False/NoGateway'].sort());
});

test('a deleted import goes from the view at once, its derived Service and slices after the linger', async () => {
  await importFromHub();
  await served();
  const startedMs = performance.now();
  await hub.delete(resources.serviceImports, AT);
  await eventually('the import to go', () => (agent.view().imports.has('bar/foo') ? undefined : true));
  expect(await hub.find(resources.services, DERIVED)).toBeDefined();
  await eventually('the derived Service to go', async () =>
    (await hub.find(resources.services, DERIVED)) === undefined ? true : undefined,
  );
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(300);
  await eventually('its slices to go', async () => {
    const {items} = await hub.list<EndpointSlice>(resources.endpointSlices, {namespace: DEFAULT_NAMESPACE});
    return items.some(({metadata}) => metadata.name.startsWith('derived-')) ? undefined : true;
  });
});

describe('what belongs to the agent is repaired', () => {
  test('a derived Service that a user deleted comes back, and the import follows it', async () => {
    await importFromHub();
    await served();
    await hub.delete(resources.services, DERIVED);
    const again = await eventually('another derived Service', () => hub.find<Service>(resources.services, DERIVED));
    await eventually('the import to follow', () => {
      const ips = agent.view().imports.get('bar/foo')?.ips ?? [];
      return ips.join() === again.spec?.clusterIPs?.join() ? true : undefined;
    });
  });

  test('a slice that a user deleted comes back, and the address is not served meanwhile', async () => {
    await importFromHub();
    await served();
    const at = {namespace: DEFAULT_NAMESPACE, name: `${DERIVED.name}-ipv4`};
    views = [];
    await hub.delete(resources.endpointSlices, at);
    await eventually('the slice to come back', () => hub.find(resources.endpointSlices, at));
    await served();
    expect(views.some(({view}) => view.imports.get('bar/foo')?.ips.length === 0)).toBe(true);
  });

  const damages = [
    {name: 'another port', patch: {spec: {ports: [{port: 81}]}}},
    {name: 'a selector, which would lead the address to other pods', patch: {spec: {selector: {app: 'mallory'}}}},
    {name: 'no labels any more', patch: {metadata: {labels: null}}},
  ];
  test.each(damages)('a derived Service that a user gave $name', async ({patch}) => {
    await importFromHub();
    const ips = await served();
    const before = await hub.get<Service>(resources.services, DERIVED);
    await hub.patch(resources.services, DERIVED, {type: 'merge', body: patch}, {fieldManager: 'user'});
    const {metadata, spec} = await eventually('the repair', async () => {
      const now = await hub.get<Service>(resources.services, DERIVED);
      const {selector, ports} = now.spec ?? {};
      const mended = selector === undefined && JSON.stringify(ports) === JSON.stringify(before.spec?.ports);
      return mended && JSON.stringify(now.metadata.labels) === JSON.stringify(before.metadata.labels) ? now : undefined;
    });
    expect({uid: metadata.uid, ips: spec?.clusterIPs}).toEqual({uid: before.metadata.uid, ips});
  });

  test('slices that came of a foreign selector go with it', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {name: 'mallory', namespace: DEFAULT_NAMESPACE, labels: {app: 'mallory'}},
      spec: {containers: [{name: 'c', image: 'example.org/c:1'}]},
    };
    await hub.create(resources.pods, pod, {fieldManager: 'user'});
    await importFromHub();
    await served();
    // The repair must find the slices there: it is kept away until they are.
    const release = cluster.faults.add(
      {verb: 'update', resource: 'services', userAgent: 'isthmus-agent'},
      {kind: 'status', code: 503},
    );
    await hub.patch(
      resources.services,
      DERIVED,
      {type: 'merge', body: {spec: {selector: {app: 'mallory'}}}},
      {fieldManager: 'user'},
    );
    const foreign = async (): Promise<number> => {
      const labelSelector = `kubernetes.io/service-name=${DERIVED.name},endpointslice.kubernetes.io/managed-by!=isthmus-agent`;
      return (await hub.list(resources.endpointSlices, {namespace: DEFAULT_NAMESPACE, labelSelector})).items.length;
    };
    await eventually('foreign slices', async () => ((await foreign()) > 0 ? true : undefined));
    release();
    await eventually('them to go', async () => ((await foreign()) === 0 ? true : undefined));
    expect((await hub.get<Service>(resources.services, DERIVED)).spec?.selector).toBeUndefined();
  });

  test('addresses that a user set are taken back', async () => {
    await importFromHub();
    const ips = await served();
    await hub.patch(
      resources.serviceImports,
      AT,
      {type: 'merge', body: {spec: {ips: ['10.102.9.9']}}},
      {fieldManager: 'user'},
    );
    await eventually('the addresses to be ours again', async () => {
      const found = await hub.get<ServiceImport>(resources.serviceImports, AT);
      return found.spec?.ips?.join() === ips.join() ? true : undefined;
    });
  });
});

test('an import that turns headless loses its addresses at once and its derived Service after the linger', async () => {
  await importFromHub();
  await served();
  await importFromHub(anImport({spec: {type: 'Headless', ips: [], ipFamilies: ['IPv4']}}));
  await eventually('the view to say so', () =>
    agent.view().imports.get('bar/foo')?.type === 'Headless' ? true : undefined,
  );
  expect(agent.view().imports.get('bar/foo')?.ips).toEqual([]);
  await eventually('the derived Service to go', async () =>
    (await hub.find(resources.services, DERIVED)) === undefined ? true : undefined,
  );
});

describe('addresses that other clusters may not have here (design §10)', () => {
  const {metadata, ...headless} = anImport({spec: {type: 'Headless'}});
  const addresses = (): string =>
    (agent.view().imports.get('bar/foo')?.slices ?? [])
      .flatMap(({endpoints}) => endpoints.flatMap((endpoint) => endpoint.addresses))
      .join();
  const see = (wanted: string): Promise<true> =>
    eventually(`addresses ${wanted}`, () => (addresses() === wanted ? true : undefined));
  const told = (wanted: RegExp): Promise<true> =>
    eventually(`${wanted} on the import`, async () => {
      const {status} = await hub.get<ServiceImport>(resources.serviceImports, AT);
      const ready = status?.conditions?.find(({type}) => type === 'Ready');
      return wanted.test(ready?.message ?? '') ? true : undefined;
    });

  async function importSlice(...ips: readonly string[]): Promise<void> {
    await importFromHub({...headless, metadata});
    const labels = {
      'multicluster.kubernetes.io/service-name': 'foo',
      'multicluster.kubernetes.io/source-cluster': 'cluster-1',
      'endpointslice.kubernetes.io/managed-by': 'isthmus-hub',
    };
    const slice: EndpointSlice = {
      ...{
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {namespace: 'bar', name: 'foo-a', labels},
      },
      ...{addressType: 'IPv4', endpoints: ips.map((ip) => ({addresses: [ip]})), ports: []},
    };
    await hub.apply(resources.endpointSlices, slice, {fieldManager: 'isthmus-hub', force: true});
  }

  test('its own service range, as ServiceCIDRs say, also when there is another one', async () => {
    await importSlice('10.102.0.1', '10.102.7.7', '10.50.0.1', '10.200.0.1');
    await see('10.50.0.1,10.200.0.1');
    await told(/; 10\.102\.0\.1, 10\.102\.7\.7 of cluster-1 can't be used here \(ServiceRange\)$/);
    const more = {apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: {name: 'more'}};
    await hub.create(resources.serviceCIDRs, {...more, ...{spec: {cidrs: ['10.50.0.0/24']}}}, {fieldManager: 'test'});
    await see('10.200.0.1');
    await told(/10\.50\.0\.1/);
  });

  test('outside of the pod ranges that their cluster declares, as soon as it does', async () => {
    await importSlice('10.200.0.1', '10.9.0.1');
    await see('10.200.0.1,10.9.0.1');
    const remote = {apiVersion: 'isthmus.dev/v1alpha1', kind: 'RemoteCluster', metadata: {name: 'cluster-1'}};
    const declared = {...remote, spec: {podCIDRs: ['10.200.0.0/16']}};
    await hub.create(resources.remoteClusters, declared, {fieldManager: 'isthmus-hub'});
    await see('10.200.0.1');
    await told(/; 10\.9\.0\.1 of cluster-1 can't be used here \(OutsidePodCIDRs\)$/);
  });

  test('names that do not fit DNS are told too, until they do', async () => {
    await importFromHub();
    await served();
    agent.noteSkippedNames(new Map([['bar/foo', [{name: 'x', reason: 'too long'}]]]));
    await told(/; names that are not in DNS: x \(too long\)$/);
    agent.noteSkippedNames(new Map([['bar/foo', []]]));
    await told(/^gateway VIP [^;]+$/);
  });
});

describe('the VIP budget (design §9)', () => {
  test('an import over it has no address, and gets one when a place is free', async () => {
    stop.abort();
    await agent.closed;
    stop = new AbortController();
    agent = startAgent('small', 1);
    await importFromHub();
    await served();
    await importFromHub(anImport({name: 'late'}));
    const late = {namespace: 'bar', name: 'late'};
    await eventually('it to be refused', async () => {
      const {status} = await hub.get<ServiceImport>(resources.serviceImports, late);
      return status?.conditions?.some(({reason}) => reason === 'VIPBudgetExhausted') === true ? true : undefined;
    });
    expect(agent.view().imports.get('bar/late')?.ips).toEqual([]);
    await hub.delete(resources.serviceImports, AT);
    await eventually('its address', () =>
      (agent.view().imports.get('bar/late')?.ips ?? []).length > 0 ? true : undefined,
    );
  });
});

test('two replicas serve, one writes', async () => {
  const second = startAgent('two');
  await second.synced;
  await importFromHub();
  await served();
  await eventually('the second to see it', () =>
    second.view().imports.get('bar/foo')?.ips.length === 2 ? true : undefined,
  );
  expect([agent, second].filter(({isWriter}) => isWriter)).toHaveLength(1);
  stop.abort();
  await second.closed;
});

test('the API server goes away: the view stays; it comes back: changes arrive', async () => {
  await importFromHub();
  const ips = await served();
  await cluster.stop();
  await eventually('a failure to be seen', () => {
    const {sources} = agent.status();
    return Object.values(sources).some(({lastError}) => lastError !== undefined) ? true : undefined;
  });
  expect(agent.view().imports.get('bar/foo')?.ips).toEqual(ips);
  expect(agent.view().synced).toBe(true);
  await cluster.start();
  await eventually('the deletion to be possible', async () =>
    hub.delete(resources.serviceImports, AT).then(
      () => true,
      () => undefined,
    ),
  );
  await eventually('the import to go', () => (agent.view().imports.has('bar/foo') ? undefined : true));
});

test('Valid of an export follows its Service, policies and labels (KEP-1645: level-triggered)', async () => {
  const valid = (): Promise<string | undefined> =>
    hub
      .get<ServiceImport>(resources.flomeshServiceExports, AT)
      .then(({status}) => status?.conditions?.find(({type}) => type === 'Valid'))
      .then((condition) => condition && `${condition.status}/${condition.reason}`);
  const until = (wanted: string): Promise<true> =>
    eventually(wanted, async () => ((await valid()) === wanted ? true : undefined));
  const exported = {apiVersion: 'flomesh.io/v1alpha1', kind: 'ServiceExport', metadata: AT};
  await hub.create(resources.flomeshServiceExports, exported, {fieldManager: 'test'});
  await until('False/NoService');
  const service: Service = {apiVersion: 'v1', kind: 'Service', metadata: AT, spec: {ports: [{port: 80}]}};
  await hub.create(resources.services, service, {fieldManager: 'test'});
  await until('True/Valid');
  const policy = {
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'ExportPolicy',
    metadata: {name: 'closed'},
    spec: {
      enforcement: 'Deny',
      rules: [{name: 'nothing', action: 'Deny', namespaceSelector: {matchLabels: {tier: 'inner'}}}],
    },
  };
  await hub.create(resources.exportPolicies, policy, {fieldManager: 'test'});
  await hub.patch(
    resources.namespaces,
    {name: 'bar'},
    {type: 'merge', body: {metadata: {labels: {tier: 'inner'}}}},
    {fieldManager: 'test'},
  );
  await until('False/NotAllowed');
  await hub.delete(resources.exportPolicies, {name: 'closed'});
  await until('True/Valid');
  await hub.delete(resources.services, AT);
  await until('False/NoService');
});
