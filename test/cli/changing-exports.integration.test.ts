import {afterAll, beforeAll, expect, test} from 'vitest';

import {registerMembers} from '../../cli/tour/register-members.ts';
import type {StepContext} from '../../cli/tour/step-context.ts';
import type {ExportPolicy, Service, ServiceExport, ServiceImport} from '../../src/api/kinds.ts';
import type {Resource} from '../../src/api/resources.ts';
import * as resources from '../../src/api/resources.ts';
import {serviceHost} from '../../src/clusterset/dns-names.ts';
import type {RunningClusterset} from './running-clusterset.ts';
import {startClusterset} from './running-clusterset.ts';

const MEMBERS = ['cluster-1', 'cluster-2'];

let running: RunningClusterset;
let context: StepContext;
let tries = 0;

/** A try that failed leaves its namespace as it was: the next one must not find it. */
const fresh = (name: string): string => `${name}-${++tries}`;

beforeAll(async () => {
  running = await startClusterset(MEMBERS);
  ({context} = running);
  await registerMembers(context);
});

afterAll(() => running.close());

async function exported(
  cluster: string,
  namespace: string,
  spec: Service['spec'] = {ports: [{port: 80}]},
): Promise<void> {
  await context.apply(cluster, resources.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {name: namespace},
  });
  const at = {namespace, name: 'db'};
  const service: Service = {apiVersion: 'v1', kind: 'Service', metadata: at, ...(spec === undefined ? {} : {spec})};
  await context.apply(cluster, resources.services, service);
  await context.apply(cluster, resources.serviceExports, {...of(resources.serviceExports), metadata: at});
}

function of(resource: Resource): {apiVersion: string; kind: string} {
  return {apiVersion: resources.apiVersionOf(resource), kind: resource.kind};
}

function untilImport(
  cluster: string,
  namespace: string,
  holds: (found: ServiceImport) => boolean,
): Promise<ServiceImport> {
  return context.until(`import ${namespace}/db in ${cluster}`, async () => {
    const found = await context.find<ServiceImport>(cluster, resources.serviceImports, {namespace, name: 'db'});
    return found !== undefined && holds(found) ? found : undefined;
  });
}

function untilAbsent(cluster: string, namespace: string): Promise<true> {
  return context.until(`no import ${namespace}/db in ${cluster}`, async () => {
    const found = await context.find(cluster, resources.serviceImports, {namespace, name: 'db'});
    const {rcode} = await context.ask(cluster, {name: serviceHost(namespace, 'db'), type: 'A'});
    return found === undefined && rcode === 'NXDOMAIN' ? true : undefined;
  });
}

test('an import turns headless, and back, past the webhook that checks both writers (KEP-1645: the oldest decides)', async () => {
  const flip = fresh('flip');
  const client = context.client('cluster-1');
  const deleted = async (): Promise<void> => {
    await client.delete(resources.services, {namespace: flip, name: 'db'});
    // With the Service the export ended, as soon as the hub has seen it; a Service that it never missed would be a flip of an import in use.
    await untilAbsent('cluster-1', flip);
  };
  await exported('cluster-1', flip);
  for (const member of MEMBERS) await untilImport(member, flip, ({spec}) => (spec?.ips ?? []).length === 2);
  await deleted();
  await exported('cluster-1', flip, {clusterIP: 'None', ports: [{port: 80}]});
  for (const member of MEMBERS) {
    const {spec} = await untilImport(member, flip, (found) => found.spec?.type === 'Headless');
    expect(spec?.ips).toEqual([]);
  }
  await deleted();
  await exported('cluster-1', flip);
  for (const member of MEMBERS) await untilImport(member, flip, ({spec}) => (spec?.ips ?? []).length === 2);
});

test('an export that is forbidden after it got in is imported no more, until it is allowed again (design §8)', async () => {
  const namespace = fresh('late-policy');
  await exported('cluster-1', namespace);
  await untilImport('cluster-2', namespace, ({spec}) => spec !== undefined);
  const policy: ExportPolicy = {
    ...of(resources.exportPolicies),
    metadata: {name: 'closed'},
    spec: {enforcement: 'Deny', rules: [{name: 'nothing', action: 'Deny', namespaces: [namespace]}]},
  };
  await context.apply('cluster-1', resources.exportPolicies, policy);
  for (const member of MEMBERS) await untilAbsent(member, namespace);
  const found = await context.until('the export to say so', async () => {
    const now = await context.find<ServiceExport>('cluster-1', resources.serviceExports, {
      namespace,
      name: 'db',
    });
    // One is the hub's word, the other the agent's: neither waits for the other.
    const said = (now?.status?.conditions ?? []).filter(({status}) => status === 'False');
    const [ready, valid] = ['Ready', 'Valid'].map((type) => said.find((each) => each.type === type));
    return ready?.message.includes('closed') === true && valid !== undefined ? valid : undefined;
  });
  expect(found).toMatchObject({status: 'False', reason: 'NotAllowed'});
  await context.client('cluster-1').delete(resources.exportPolicies, {name: 'closed'});
  await untilImport('cluster-2', namespace, ({spec}) => spec !== undefined);
});

test('of two exporters one leaves: the import stays with the other', async () => {
  const shared = fresh('shared');
  for (const member of MEMBERS) await exported(member, shared);
  await untilImport('cluster-1', shared, ({status}) => status?.clusters?.length === 2);
  await context.client('cluster-1').delete(resources.serviceExports, {namespace: shared, name: 'db'});
  const left = await untilImport('cluster-1', shared, ({status}) => status?.clusters?.length === 1);
  expect(left.status?.clusters).toEqual([{cluster: 'cluster-2'}]);
});
