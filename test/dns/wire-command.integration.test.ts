import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {pino} from 'pino';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';

import type {WireFlags} from '../../cli/dns-wire.ts';
import {installManifests} from '../../cli/install-manifests.ts';
import {runDnsWire} from '../../cli/run-dns-wire.ts';
import {WiringCheck} from '../../dns/cluster-dns/wiring-check.ts';
import type {DnsServer} from '../../dns/server.ts';
import {startDnsServer} from '../../dns/server.ts';
import type {ConfigMap, DnsOperator, HelmChartConfig} from '../../dns/wiring/cluster-dns-objects.ts';
import {dnsOperators, helmChartConfigs} from '../../dns/wiring/cluster-dns-objects.ts';
import {configMaps, services} from '../../src/api/resources.ts';
import type {Service} from '../../src/api/kinds.ts';
import type {Condition} from '../../src/api/meta.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {startCluster} from '../testbed/clusters.ts';
import {HELM_CHART_CONFIGS, OPENSHIFT_DNS} from './dns-crds.ts';
import {everything, fixture} from './fixture-view.ts';
import {K3S, KUBEADM, NODE_LOCAL_DNS, configMap, dnsOperator} from './wiring/cluster-dns-samples.ts';

const WRITE = {fieldManager: 'test'};
const AT = {namespace: 'kube-system'};
const ISTHMUS_DNS = {namespace: 'isthmus-system', name: 'isthmus-dns'};

let dir: string;
let isthmus: DnsServer;
let cluster: DevCluster;
let admin: KubeClient;
let address: string;
let printed: string[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isthmus-wire-'));
  isthmus = await startDnsServer({listen: {host: '127.0.0.1', port: 0}, logger: pino({level: 'silent'})});
  isthmus.publish(fixture, everything);
  await isthmus.served(fixture.revision);
});
afterAll(async () => {
  await isthmus.close();
  await rm(dir, {recursive: true});
});

beforeEach(async () => {
  cluster = await startCluster({name: 'cluster-1', index: 1});
  await cluster.applyManifests(await installManifests('agent'));
  admin = new KubeClient({credentials: cluster.credentials, userAgent: 'test'});
  await writeFile(join(dir, 'kubeconfig'), cluster.kubeconfig);
  const service = await admin.get<Service>(services, {namespace: 'isthmus-system', name: 'isthmus-dns'});
  address = service.spec?.clusterIP ?? '';
  printed = [];
});
afterEach(async () => {
  await admin.close();
  await cluster.close();
});

/** The cluster's DNS is played by Isthmus itself: that it forwards is the testbed's to show. */
function wire(flags: Partial<WireFlags> = {}): Promise<number> {
  const clusterDns = {host: '127.0.0.1', port: isthmus.address.port};
  const all = {
    kubeconfig: join(dir, 'kubeconfig'),
    namespace: 'isthmus-system',
    dnsZone: 'clusterset.local',
    wait: 0,
    clusterDns,
  };
  return runDnsWire({...all, ...flags}, (line) => void printed.push(line));
}

async function give(name: string, data: Readonly<Record<string, string>>): Promise<void> {
  const {resourceVersion: _, uid: __, ...metadata} = configMap(name, data).metadata;
  await admin.create(configMaps, {...configMap(name, data), metadata}, WRITE);
}

const read = (name: string): Promise<ConfigMap | undefined> => admin.find<ConfigMap>(configMaps, {...AT, name});

describe('isthmus dns wire', () => {
  test('writes the Corefile, proves it, does nothing the second time, and takes it back to the octet', async () => {
    await give('coredns', {'Corefile': KUBEADM, 'other.txt': 'stays'});
    expect(await wire()).toBe(0);
    const once = await read('coredns');
    expect(once?.data?.['Corefile']).toContain(`\n    forward . ${address}\n}\n`);
    expect(printed.join('\n')).toContain(`+    forward . ${address}`);
    expect(printed.at(-1)).toMatch(
      /^proven: the cluster's DNS at 127\.0\.0\.1:\d+ answers _why\.(\w+)\.clusterset\.local TXT "server=Isthmus nonce=\1"$/,
    );
    expect(await wire()).toBe(0);
    expect(printed.join('\n')).toContain('CoreDNS: ConfigMap kube-system/coredns data.Corefile is wired already');
    expect((await read('coredns'))?.metadata.resourceVersion).toBe(once?.metadata.resourceVersion);
    expect(await wire({undo: true})).toBe(0);
    expect((await read('coredns'))?.data).toEqual({'Corefile': KUBEADM, 'other.txt': 'stays'});
    printed = [];
    expect(await wire({undo: true})).toBe(0);
    expect(printed.join('\n')).toContain('nothing of Isthmus');
  });

  test('--dry-run shows the same and writes nothing', async () => {
    await give('coredns', {Corefile: KUBEADM});
    const before = await read('coredns');
    expect(await wire({dryRun: true})).toBe(0);
    expect(printed.join('\n')).toContain(`would change ConfigMap kube-system/coredns data.Corefile`);
    expect(printed.join('\n')).toContain('+clusterset.local:53 {');
    expect(await read('coredns')).toEqual(before);
  });

  test('a proof by the DNS behind a node cache says that the cache was not asked', async () => {
    await give('coredns', {Corefile: KUBEADM});
    await give('node-local-dns', {Corefile: NODE_LOCAL_DNS});
    expect(await wire()).toBe(0);
    expect(printed.join('\n')).toMatch(/^proven: [^]*\nNodeLocal DNSCache was not asked, which only pods/m);
  });

  test('coredns-custom is made where there is none, and goes again; what somebody put into it stays', async () => {
    await give('coredns', {Corefile: K3S});
    await wire();
    expect(Object.keys((await read('coredns-custom'))?.data ?? {})).toEqual(['isthmus.server']);
    await wire({undo: true});
    expect(await read('coredns-custom')).toBeUndefined();
    await wire();
    await admin.patch(
      configMaps,
      {...AT, name: 'coredns-custom'},
      {type: 'merge', body: {data: {'x.server': '# x'}}},
      WRITE,
    );
    await wire({undo: true});
    expect((await read('coredns-custom'))?.data).toEqual({'x.server': '# x'});
    expect((await read('coredns'))?.data).toEqual({Corefile: K3S});
  });

  test('kube-dns: stub domains and their note come and go', async () => {
    await give('kube-dns', {stubDomains: '{ "a.example" : ["192.0.2.1"] }'});
    await wire();
    expect(JSON.parse((await read('kube-dns'))?.data?.['stubDomains'] ?? '')).toEqual({
      'clusterset.local': [address],
      'a.example': ['192.0.2.1'],
    });
    await wire({undo: true});
    const after = await read('kube-dns');
    expect(after?.data).toEqual({stubDomains: '{ "a.example" : ["192.0.2.1"] }'});
    expect(after?.metadata.annotations).toBeUndefined();
  });

  test('the DNS operator of OpenShift', async () => {
    await cluster.applyManifests(OPENSHIFT_DNS);
    const {resourceVersion: _, ...metadata} = dnsOperator(undefined).metadata;
    await admin.create(dnsOperators, {...dnsOperator(undefined), metadata}, WRITE);
    const spec = async (): Promise<unknown> => (await admin.get<DnsOperator>(dnsOperators, {name: 'default'})).spec;
    await wire();
    expect(await spec()).toMatchObject({servers: [{name: 'isthmus-dns', forwardPlugin: {upstreams: [address]}}]});
    await wire({undo: true});
    expect(await spec()).toEqual({cache: {}, logLevel: 'Normal'});
  });

  test('the chart of RKE2', async () => {
    await cluster.applyManifests(HELM_CHART_CONFIGS);
    await give('rke2-coredns-rke2-coredns', {Corefile: KUBEADM});
    const at = {...AT, name: 'rke2-coredns'};
    await wire();
    expect((await admin.get<HelmChartConfig>(helmChartConfigs, at)).spec?.valuesContent).toContain(
      `parameters: . ${address}`,
    );
    await wire({undo: true});
    expect(await admin.find(helmChartConfigs, at)).toBeUndefined();
  });

  test('what somebody else writes at the same moment is not lost', async () => {
    await give('coredns', {Corefile: KUBEADM});
    const before = await read('coredns');
    const added = `${KUBEADM}new.example:53 {\n    errors\n}\n`;
    const body = {data: {Corefile: added}};
    await admin.patch(configMaps, {...AT, name: 'coredns'}, {type: 'merge', body}, WRITE);
    // It reads what was there before: the same as if the other had written between its look and its write.
    const look = {verb: 'get', resource: 'configmaps', name: 'coredns', userAgent: 'isthmus-agent'} as const;
    let looks = 0;
    cluster.faults.add(look, {kind: 'rewriteBody', rewrite: (now) => (++looks === 1 ? before : now)});
    expect(await wire()).toBe(0);
    expect(looks).toBe(2);
    expect(printed.filter((line) => line.startsWith('changed'))).toHaveLength(1);
    const text = (await read('coredns'))?.data?.['Corefile'] ?? '';
    expect(text.endsWith(added)).toBe(true);
    expect(text).toContain('clusterset.local:53 {');
  });

  test('all places or none: a node cache that is refused keeps CoreDNS from being written', async () => {
    await give('coredns', {Corefile: KUBEADM});
    await give('node-local-dns', {Corefile: `clusterset.local:53 {\n}\n${NODE_LOCAL_DNS}`});
    await expect(wire()).rejects.toThrow(
      'ConfigMap kube-system/node-local-dns data.Corefile: line 1, "clusterset.local:53"',
    );
    expect((await read('coredns'))?.data).toEqual({Corefile: KUBEADM});
  });

  test('all places or none: one that may not be written keeps the one before it from being written, and from being taken back', async () => {
    await give('coredns', {Corefile: KUBEADM});
    await give('node-local-dns', {Corefile: NODE_LOCAL_DNS});
    const second = {verb: 'patch', resource: 'configmaps', name: 'node-local-dns'} as const;
    const forbid = (): (() => void) =>
      cluster.faults.add(second, {kind: 'status', code: 403, reason: 'Forbidden', message: 'not here'});
    const allow = forbid();
    await expect(wire()).rejects.toThrow('not here');
    expect((await read('coredns'))?.data).toEqual({Corefile: KUBEADM});
    expect(printed.join('\n')).not.toContain('changed');
    allow();
    await wire();
    const wired = (await read('coredns'))?.data;
    expect(wired).not.toEqual({Corefile: KUBEADM});
    forbid();
    await expect(wire({undo: true})).rejects.toThrow('not here');
    expect((await read('coredns'))?.data).toEqual(wired);
    expect((await admin.get(services, ISTHMUS_DNS)).metadata.annotations?.['isthmus.dev/dns-wiring']).toBeUndefined();
  });

  test('an agent that repairs leaves alone what was undone, says so, and looks after it again once it is wired', async () => {
    await give('coredns', {Corefile: KUBEADM});
    const records: string[] = [];
    const check = new WiringCheck({
      client: admin,
      ...{namespace: 'isthmus-system', zone: 'clusterset.local', repair: true, mayWrite: () => true},
      events: {record: (_service, {reason}) => void records.push(reason), flush: () => Promise.resolve()},
      logger: pino({level: 'silent'}),
    });
    const corefile = async (): Promise<string | undefined> => (await read('coredns'))?.data?.['Corefile'];
    await wire();
    await check.look();
    expect(check.status()).toMatchObject({wired: true, repairs: 0});
    await wire({undo: true, dryRun: true});
    await check.look();
    expect(check.status()).toMatchObject({wired: true, repairs: 0});
    await wire({undo: true});
    await check.look();
    await check.look();
    expect(check.status()).toEqual({wired: false, reason: 'Unwired', overwritten: 0, repairs: 0});
    expect(await corefile()).toBe(KUBEADM);
    expect(records).toEqual([]);
    const service = await admin.get<Service & {status?: {conditions?: Condition[]}}>(services, ISTHMUS_DNS);
    expect(service.status?.conditions).toMatchObject([{status: 'False', reason: 'Unwired'}]);
    await wire();
    const overwritten = {type: 'merge', body: {data: {Corefile: KUBEADM}}} as const;
    await admin.patch(configMaps, {...AT, name: 'coredns'}, overwritten, WRITE);
    await check.look();
    expect(check.status()).toMatchObject({wired: true, repairs: 1});
    expect(await corefile()).toContain('clusterset.local:53 {');
  });

  test('a zone that is no name is refused: it would be syntax in a Corefile', async () => {
    await expect(wire({dnsZone: 'x {\n}\n.'})).rejects.toThrow('is not a domain name');
  });

  test('a cluster whose DNS is not known is told what to do by hand', async () => {
    await expect(wire()).rejects.toThrow(`forward clusterset.local to ${address} by hand`);
  });

  test('without the Service in front of Isthmus it is said what is missing, and it can still be undone', async () => {
    await give('coredns', {Corefile: KUBEADM});
    await wire();
    await admin.delete(services, {namespace: 'isthmus-system', name: 'isthmus-dns'});
    await expect(wire()).rejects.toThrow(
      'there is no Service isthmus-system/isthmus-dns: apply manifests/install/agent.yaml first',
    );
    await wire({undo: true});
    expect((await read('coredns'))?.data).toEqual({Corefile: KUBEADM});
  });

  test('a DNS that nobody can reach from here proves nothing, and says how to see it; one that answers wrong fails', async () => {
    await give('coredns', {Corefile: KUBEADM});
    expect(await wire({clusterDns: {host: '127.0.0.1', port: 9}})).toBe(0);
    expect(printed.join('\n')).toContain('not proven: from here nothing answers at 127.0.0.1:9');
    expect(printed.join('\n')).toContain('nslookup -type=txt _why.by-hand.clusterset.local');
    const empty = await startDnsServer({
      listen: {host: '127.0.0.1', port: 0},
      zone: 'other.test',
      logger: pino({level: 'silent'}),
    });
    try {
      expect(await wire({clusterDns: {host: '127.0.0.1', port: empty.address.port}})).toBe(1);
      expect(printed.join('\n')).toContain('it does not work yet');
      expect(printed.join('\n')).toContain('is answered with REFUSED');
    } finally {
      await empty.close();
    }
  });

  test('a CoreDNS that does not reload is not restarted, but it is said how', async () => {
    await give('coredns', {Corefile: KUBEADM.replace('    reload\n', '')});
    await wire();
    expect(printed.join('\n')).toContain('kubectl rollout restart -n kube-system deployment/coredns');
  });
});
