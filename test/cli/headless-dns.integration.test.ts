import {afterAll, beforeAll, expect, test} from 'vitest';

import {HUB_CLUSTER} from '../../cli/dev-apis.ts';
import {registerMembers} from '../../cli/tour/register-members.ts';
import type {StepContext} from '../../cli/tour/step-context.ts';
import type {Endpoint, EndpointSlice, Service, ServiceImport} from '../../src/api/kinds.ts';
import {CARRIED_CONDITION, SERVICE_NAME_LABEL} from '../../src/api/names.ts';
import * as resources from '../../src/api/resources.ts';
import type {Resource} from '../../src/api/resources.ts';
import {serviceHost} from '../../src/clusterset/dns-names.ts';
import type {RunningClusterset} from './running-clusterset.ts';
import {startClusterset} from './running-clusterset.ts';

/** A headless service from end to end: its source slices in one cluster, DNS answers in another (rules D6 to D10, design §7). */

const MEMBERS = ['cluster-1', 'cluster-2'];
const NAMESPACE = 'pets';
const AT = {namespace: NAMESPACE, name: 'db'};
const HOST = serviceHost(NAMESPACE, 'db');
const POD_0 = '10.201.0.10';
const POD_1 = '10.201.0.11';

let running: RunningClusterset;
let context: StepContext;

beforeAll(async () => {
  running = await startClusterset(MEMBERS);
  ({context} = running);
  await registerMembers(context);
  await context.apply('cluster-1', resources.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {name: NAMESPACE},
  });
});

afterAll(() => running.close());

function of(resource: Resource): {apiVersion: string; kind: string} {
  return {apiVersion: resources.apiVersionOf(resource), kind: resource.kind};
}

/** As the controller of a StatefulSet's Service writes it. */
async function pods(endpoints: readonly Endpoint[]): Promise<void> {
  const slice: EndpointSlice = {
    apiVersion: resources.apiVersionOf(resources.endpointSlices),
    kind: resources.endpointSlices.kind,
    metadata: {namespace: NAMESPACE, name: 'db-abcde', labels: {[SERVICE_NAME_LABEL]: 'db'}},
    addressType: 'IPv4',
    endpoints,
    ports: [{name: 'pg', port: 5432, protocol: 'TCP'}],
  };
  await context.apply('cluster-1', resources.endpointSlices, slice);
}

async function network(name: string | null): Promise<void> {
  for (const member of MEMBERS) {
    const body = {spec: {network: name}};
    const options = {fieldManager: 'test'};
    await context.client(HUB_CLUSTER).patch(resources.clusters, {name: member}, {type: 'merge', body}, options);
  }
}

async function carriedIn(cluster: string, status: string): Promise<{reason: string; message: string}> {
  return context.until(`Carried=${status} in ${cluster}`, async () => {
    const found = await context.find<ServiceImport>(cluster, resources.serviceImports, AT);
    return found?.status?.conditions?.find(({type, status: is}) => type === CARRIED_CONDITION && is === status);
  });
}

async function answerIn(cluster: string, name: string, type: string, wanted: readonly string[]): Promise<void> {
  await context.until(`${name} ${type} in ${cluster}: ${wanted.join()}`, async () => {
    const {rcode, answers} = await context.ask(cluster, {name, type});
    const found = answers.map(({data}) => data).sort();
    return rcode === 'NOERROR' && found.join() === [...wanted].sort().join() ? true : undefined;
  });
}

async function absentIn(cluster: string, name: string): Promise<void> {
  await context.until(`${name} is NXDOMAIN in ${cluster}`, async () => {
    const {rcode} = await context.ask(cluster, {name, type: 'A'});
    return rcode === 'NXDOMAIN' ? true : undefined;
  });
}

const POD_LIST: readonly Endpoint[] = [
  {addresses: [POD_0], hostname: 'db-0', conditions: {ready: true}},
  {addresses: [POD_1], hostname: 'db-1', conditions: {ready: true}},
];

test('without a common network it is answered at home alone; elsewhere NXDOMAIN, and the import says why (design §7)', async () => {
  const metadata = AT;
  const spec = {clusterIP: 'None', ports: [{name: 'pg', port: 5432}]};
  await context.apply<Service>('cluster-1', resources.services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec,
  } as Service);
  await pods(POD_LIST);
  await context.apply('cluster-1', resources.serviceExports, {...of(resources.serviceExports), metadata});
  await answerIn('cluster-1', HOST, 'A', [POD_0, POD_1]);
  const carried = await carriedIn('cluster-2', 'False');
  expect(carried.reason).toBe('NotSameNetwork');
  expect(carried.message).toContain('cluster-1');
  expect(carried.message).toContain('TCP/5432');
  await absentIn('cluster-2', HOST);
  await absentIn('cluster-2', `db-0.cluster-1.${HOST}`);
});

test('in one network the set is all ready endpoints, each has a name with its cluster, and SRV leads there (D6-D8)', async () => {
  await network('flat');
  for (const cluster of MEMBERS) {
    await answerIn(cluster, HOST, 'A', [POD_0, POD_1]);
    await answerIn(cluster, `db-0.cluster-1.${HOST}`, 'A', [POD_0]);
    await answerIn(cluster, `db-1.cluster-1.${HOST}`, 'A', [POD_1]);
    const {answers} = await context.ask(cluster, {name: `_pg._tcp.${HOST}`, type: 'SRV'});
    expect(answers).toHaveLength(2);
  }
  expect((await carriedIn('cluster-2', 'Unknown')).reason).toBe('PodAddresses');
});

test('a pod that is not ready leaves the set and loses its name; with none left the name is NXDOMAIN (D10, D16)', async () => {
  await pods([POD_LIST[0]!, {...POD_LIST[1]!, conditions: {ready: false}}]);
  await answerIn('cluster-2', HOST, 'A', [POD_0]);
  await absentIn('cluster-2', `db-1.cluster-1.${HOST}`);
  await pods(POD_LIST.map((pod) => ({...pod, conditions: {ready: false}})));
  await absentIn('cluster-2', HOST);
  await pods(POD_LIST);
  await answerIn('cluster-2', HOST, 'A', [POD_0, POD_1]);
});

test('unset again, it is gone elsewhere at once: pod ranges of two networks may overlap', async () => {
  await network(null);
  await absentIn('cluster-2', HOST);
  await answerIn('cluster-1', HOST, 'A', [POD_0, POD_1]);
  expect((await carriedIn('cluster-2', 'False')).reason).toBe('NotSameNetwork');
});
