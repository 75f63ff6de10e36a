import {readFile} from 'node:fs/promises';

import {pino} from 'pino';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';

import {startAgentProcess} from '../../cli/agent-process.ts';
import {accountAccess} from '../../cli/dev-accounts.ts';
import {dnsWiringMetrics} from '../../cli/dns-wiring-part.ts';
import {installManifests} from '../../cli/install-manifests.ts';
import {WIRED_CONDITION, WiringCheck} from '../../dns/cluster-dns/wiring-check.ts';
import {dnsOperators, helmChartConfigs} from '../../dns/wiring/cluster-dns-objects.ts';
import type {ConfigMap} from '../../dns/wiring/cluster-dns-objects.ts';
import type {Service} from '../../src/api/kinds.ts';
import type {Condition, KubeObject} from '../../src/api/meta.ts';
import {configMaps, events, services} from '../../src/api/resources.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {EventRecorder} from '../../src/kube/event-recorder.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from '../tools/eventually.ts';
import {HELM_CHART_CONFIGS, OPENSHIFT_DNS} from './dns-crds.ts';
import {K3S, KUBEADM, NODE_LOCAL_DNS, chartConfig, configMap, dnsOperator} from './wiring/cluster-dns-samples.ts';

const logger = pino({level: 'silent'});
const WRITE = {fieldManager: 'test'};
const SERVICE = {namespace: 'isthmus-system', name: 'isthmus-dns'};
const COREDNS = {namespace: 'kube-system', name: 'coredns'};

let cluster: DevCluster;
let admin: KubeClient;
/** With the rights of agent.yaml and dns-wiring.yaml, and no others. */
let agent: KubeClient;
let mayWrite: boolean;

beforeEach(async () => {
  cluster = await startCluster({name: 'cluster-1', index: 1});
  await cluster.applyManifests(await installManifests('agent'));
  await cluster.applyManifests(
    await readFile(new URL('../../manifests/install/dns-wiring.yaml', import.meta.url), 'utf8'),
  );
  admin = new KubeClient({credentials: cluster.credentials, userAgent: 'test'});
  const access = await accountAccess(cluster, 'isthmus-agent');
  if (access === undefined) throw new Error('there is no account of the agent');
  agent = new KubeClient({credentials: access.credentials, userAgent: 'isthmus-agent'});
  mayWrite = true;
});
afterEach(async () => {
  await Promise.all([agent.close(), admin.close()]);
  await cluster.close();
});

function makeCheck(repair: boolean): {check: WiringCheck; recorder: EventRecorder} {
  const recorder = new EventRecorder({client: agent, component: 'isthmus-agent', logger});
  const options = {client: agent, namespace: 'isthmus-system', zone: 'clusterset.local', events: recorder, logger};
  return {check: new WiringCheck({...options, repair, mayWrite: () => mayWrite, everyMs: 20}), recorder};
}

async function give(name: string, data: Readonly<Record<string, string>>): Promise<void> {
  const {resourceVersion: _, uid: __, ...metadata} = configMap(name, data).metadata;
  await admin.create(configMaps, {...configMap(name, data), metadata}, WRITE);
}

async function condition(): Promise<Condition | undefined> {
  const service = await admin.get<Service & {status?: {conditions?: Condition[]}}>(services, SERVICE);
  return service.status?.conditions?.find(({type}) => type === WIRED_CONDITION);
}

async function reasons(): Promise<readonly string[]> {
  const {items} = await admin.list<KubeObject & {reason: string}>(events, {namespace: 'isthmus-system'});
  return items.map(({reason}) => reason).filter((reason) => reason.startsWith('Dns'));
}

const corefile = async (): Promise<string> =>
  (await admin.get<ConfigMap>(configMaps, COREDNS)).data?.['Corefile'] ?? '';
const overwrite = (): Promise<unknown> =>
  admin.patch(configMaps, COREDNS, {type: 'merge', body: {data: {Corefile: KUBEADM}}}, WRITE);

describe('an agent that looks after the wiring, with the rights of dns-wiring.yaml', () => {
  test('repair: writes it, notices when it is overwritten, says so by condition, Event and metric, and writes it again', async () => {
    await give('coredns', {Corefile: KUBEADM});
    await give('node-local-dns', {Corefile: NODE_LOCAL_DNS});
    const {check, recorder} = makeCheck(true);
    await check.look();
    expect(await corefile()).toContain('clusterset.local:53 {');
    expect(await condition()).toMatchObject({
      status: 'True',
      reason: 'Wired',
      message: expect.stringContaining('kube-system/node-local-dns'),
    });
    expect(check.status()).toEqual({wired: true, reason: 'Wired', overwritten: 0, repairs: 1});
    await overwrite();
    await check.look();
    expect(await corefile()).toContain('clusterset.local:53 {');
    expect(check.status()).toEqual({wired: true, reason: 'Wired', overwritten: 1, repairs: 2});
    expect(await condition()).toMatchObject({status: 'True', reason: 'Wired'});
    await recorder.flush();
    expect(new Set(await reasons())).toEqual(new Set(['DnsWiringRepaired', 'DnsWiringOverwritten']));
    const metrics = await dnsWiringMetrics(() => check.status())();
    expect(metrics).toContain('isthmus_dns_wired{reason="Wired"} 1');
    expect(metrics).toContain('isthmus_dns_wiring_overwritten_total 1');
    expect(metrics).toContain('isthmus_dns_wiring_repairs_total 2');
  });

  test('check: says that it is gone, also over a restart, and writes nothing', async () => {
    await give('coredns', {Corefile: KUBEADM});
    const first = makeCheck(false);
    await first.check.look();
    expect(await condition()).toMatchObject({
      status: 'False',
      reason: 'NotWired',
      message: expect.stringContaining('run `isthmus dns wire`'),
    });
    await makeCheck(true).check.look();
    await overwrite();
    const {check} = makeCheck(false);
    await check.look();
    expect(await condition()).toMatchObject({
      status: 'False',
      reason: 'Overwritten',
      message: expect.stringContaining('kube-system/coredns data.Corefile'),
    });
    await check.look();
    expect(check.status()).toMatchObject({wired: false, overwritten: 1, repairs: 0});
    expect(await corefile()).toBe(KUBEADM);
  });

  test('a Service that was made anew has another address: not wired any more, and repaired', async () => {
    await give('coredns', {Corefile: KUBEADM});
    const {check} = makeCheck(true);
    await check.look();
    const before = await admin.get<Service>(services, SERVICE);
    await admin.delete(services, SERVICE);
    await check.look();
    expect(check.status()).toMatchObject({wired: false, reason: 'NoAddress'});
    const {clusterIP: _, clusterIPs: __, ...spec} = before.spec ?? {};
    const again = {apiVersion: 'v1', kind: 'Service', metadata: SERVICE, spec: {...spec, clusterIP: '10.101.200.200'}};
    await admin.create(services, again, WRITE);
    await check.look();
    expect(await corefile()).toContain('forward . 10.101.200.200\n');
    expect(check.status()).toMatchObject({wired: true});
  });

  test('what is in the way of somebody else is left, and told', async () => {
    const taken = `${KUBEADM}clusterset.local:53 {\n    forward . 192.0.2.1\n}\n`;
    await give('coredns', {Corefile: taken});
    await makeCheck(true).check.look();
    expect(await condition()).toMatchObject({
      status: 'False',
      reason: 'Refused',
      message: expect.stringContaining('line 24'),
    });
    expect(await corefile()).toBe(taken);
  });

  test('a replica that does not write says nothing to the API server', async () => {
    await give('coredns', {Corefile: KUBEADM});
    mayWrite = false;
    const {check} = makeCheck(true);
    await check.look();
    expect(check.status()).toMatchObject({wired: false, reason: 'NotWired'});
    expect(await corefile()).toBe(KUBEADM);
    expect(await condition()).toBeUndefined();
  });

  test('coredns-custom that is gone needs a right to create that an agent is not given: it is told, and the rest goes on', async () => {
    await give('coredns', {Corefile: K3S});
    const {check} = makeCheck(true);
    await check.look();
    const message = expect.stringContaining('writing it again failed: ') as unknown;
    expect(await condition()).toMatchObject({status: 'False', reason: 'NotWired', message});
    expect((await condition())?.message).toContain('cannot create resource "configmaps"');
    expect(check.status()).toMatchObject({wired: false, reason: 'NotWired'});
  });

  test('without a right to look it is not known, which is not the same as not wired', async () => {
    await give('coredns', {Corefile: KUBEADM});
    await makeCheck(true).check.look();
    const roles = {group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'roles', kind: 'Role', namespaced: true};
    await admin.delete(roles, {namespace: 'kube-system', name: 'isthmus-dns-wiring'});
    const {check} = makeCheck(true);
    await eventually('a refusal', () =>
      check.look().then(
        () => false,
        () => true,
      ),
    );
    expect(check.status()).toMatchObject({wired: undefined, reason: 'Forbidden'});
    expect(await condition()).toMatchObject({status: 'Unknown', reason: 'Forbidden'});
    expect(await dnsWiringMetrics(() => check.status())()).not.toMatch(/^isthmus_dns_wired\{/m);
  });

  test.each([
    {name: 'OpenShift', crd: OPENSHIFT_DNS, resource: dnsOperators, object: dnsOperator(undefined), maps: {}},
    {
      name: 'RKE2',
      crd: HELM_CHART_CONFIGS,
      resource: helmChartConfigs,
      object: chartConfig('a: b\n'),
      maps: {'rke2-coredns-rke2-coredns': {Corefile: KUBEADM}},
    },
  ])('repairs $name, too', async ({crd, resource, object, maps}) => {
    await cluster.applyManifests(crd);
    const {resourceVersion: _, ...metadata} = object.metadata;
    await admin.create(resource, {...object, metadata}, WRITE);
    for (const [name, data] of Object.entries(maps)) await give(name, data);
    const {check} = makeCheck(true);
    await check.look();
    expect(check.status()).toMatchObject({wired: true, repairs: 1});
    expect(JSON.stringify(await admin.get(resource, metadata))).toContain('clusterset.local');
  });

  test('started, it looks again and again until it is stopped', async () => {
    await give('coredns', {Corefile: KUBEADM});
    const {check} = makeCheck(true);
    const stop = new AbortController();
    check.start(stop.signal);
    await eventually('the wiring', () => check.status().wired === true);
    await overwrite();
    await eventually('the repair', () => check.status().repairs === 2);
    stop.abort();
    await check.closed;
  });

  test('`isthmus agent --dns-wiring repair` runs it, and has its metrics', async () => {
    await give('coredns', {Corefile: KUBEADM});
    const access = await accountAccess(cluster, 'isthmus-agent');
    if (access === undefined) throw new Error('there is no account of the agent');
    const anywhere = {host: '127.0.0.1', port: 0};
    const running = await startAgentProcess({
      ...{credentials: access.credentials, clusterId: 'cluster-1', namespace: 'isthmus-system', identity: 'one'},
      ...{dnsListen: anywhere, webhookListen: anywhere, healthListen: anywhere, webhookUrl: 'auto'},
      ...{sidecarImage: 'example.org/envoy:1', ttlSeconds: 5, lingerMs: 0, maxVips: 10, development: true, logger},
      ...{dnsWiring: 'repair', dnsWiringEveryMs: 20},
    });
    try {
      await eventually('the wiring', async () => (await corefile()).includes('clusterset.local:53 {'));
      const {port = 0} = running.ports['health'] ?? {};
      const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const text = await eventually('the metric', async () => {
        const all = await metrics();
        return all.includes('isthmus_dns_wired{reason="Wired"} 1') ? all : undefined;
      });
      expect(text).toContain('isthmus_agent_synced 1');
      expect(text).toContain('isthmus_dns_wiring_repairs_total 1');
    } finally {
      await running.close();
    }
  });
});
