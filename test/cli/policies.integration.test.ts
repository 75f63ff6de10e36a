import {afterAll, beforeAll, expect, test} from 'vitest';

import {HUB_CLUSTER} from '../../cli/dev-apis.ts';
import {exportService} from '../../cli/tour/export-service.ts';
import {registerMembers} from '../../cli/tour/register-members.ts';
import type {StepContext} from '../../cli/tour/step-context.ts';
import type {
  ExportPolicy,
  GlobalTrafficPolicy,
  ImportPolicy,
  ServiceExport,
  ServiceImport,
} from '../../src/api/kinds.ts';
import type {Condition} from '../../src/api/meta.ts';
import * as resources from '../../src/api/resources.ts';
import type {RunningClusterset} from './running-clusterset.ts';
import {startClusterset} from './running-clusterset.ts';

/** One place to configure: policies applied to the hub alone, judged by hub and agents with the rights of manifests/install. */

const MEMBERS = ['cluster-1', 'cluster-2'];
const AT = {namespace: 'bar', name: 'foo'};

let running: RunningClusterset;
let context: StepContext;

beforeAll(async () => {
  running = await startClusterset(MEMBERS);
  ({context} = running);
  for (const step of [registerMembers, exportService]) await step(context);
  await context.apply(HUB_CLUSTER, resources.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {name: 'bar'},
  });
});

afterAll(() => running.close());

const of = (resource: resources.Resource) => ({
  apiVersion: resources.apiVersionOf(resource),
  kind: resource.kind,
});

type Told = ServiceExport | ServiceImport | ExportPolicy | ImportPolicy | GlobalTrafficPolicy;

async function told(
  cluster: string,
  resource: resources.Resource,
  {at, type, reason}: {at: {namespace?: string; name: string}; type: string; reason: string},
): Promise<Condition> {
  return context.until(`${type} ${reason} of ${at.name} in ${cluster}`, async () => {
    const found = await context.find<Told>(cluster, resource, at);
    return found?.status?.conditions?.find((each) => each.type === type && each.reason === reason);
  });
}

test('an ExportPolicy: the member says NotAllowed by the policy of the hub, and the imports go', async () => {
  const spec = {rules: [{name: 'no-bar', action: 'Deny' as const, namespaces: ['bar']}]};
  const policy: ExportPolicy = {...of(resources.exportPolicies), metadata: {name: 'closed'}, spec};
  await context.apply(HUB_CLUSTER, resources.exportPolicies, policy);
  const valid = await told('cluster-1', resources.flomeshServiceExports, {at: AT, type: 'Valid', reason: 'NotAllowed'});
  expect(valid.message).toContain('ExportPolicy closed (of the hub), rule no-bar');
  await told('cluster-1', resources.exportPolicies, {
    at: {name: 'isthmus-hub.closed'},
    type: 'Effective',
    reason: 'FromHub',
  });
  await context.until('the import to go', async () =>
    (await context.find(MEMBERS[1] ?? '', resources.serviceImports, AT)) === undefined ? true : undefined,
  );
  await context.client(HUB_CLUSTER).delete(resources.exportPolicies, {name: 'closed'});
  await told('cluster-1', resources.flomeshServiceExports, {at: AT, type: 'Valid', reason: 'Valid'});
  await context.until('the import to come back', () => context.find('cluster-2', resources.serviceImports, AT));
});

test('an ImportPolicy keeps a source out of every other cluster, and so does the name server', async () => {
  const spec = {rules: [{name: 'not-from-one', action: 'Deny' as const, cel: "source.id == 'cluster-1'"}]};
  const policy: ImportPolicy = {...of(resources.importPolicies), metadata: {name: 'border'}, spec};
  const answers = async (): Promise<number> =>
    (await context.ask('cluster-2', {name: 'foo.bar.svc.clusterset.local', type: 'A'})).answers.length;
  await context.until('an answer', async () => ((await answers()) > 0 ? true : undefined));
  await context.apply(HUB_CLUSTER, resources.importPolicies, policy);
  const ready = await told('cluster-2', resources.serviceImports, {at: AT, type: 'Ready', reason: 'NotAccepted'});
  expect(ready.message).toContain('ImportPolicy border (of the hub), rule not-from-one');
  await context.until('no answer', async () => ((await answers()) === 0 ? true : undefined));
  await context.client(HUB_CLUSTER).delete(resources.importPolicies, {name: 'border'});
  await context.until('an answer again', async () => ((await answers()) > 0 ? true : undefined));
});

test("a GlobalTrafficPolicy: the hub's decides until it lets a member's own", async () => {
  const hubs = (allowOverride: boolean): GlobalTrafficPolicy => ({
    ...of(resources.globalTrafficPolicies),
    metadata: AT,
    spec: {lbType: 'ActiveActive', allowOverride},
  });
  await context.apply(HUB_CLUSTER, resources.globalTrafficPolicies, hubs(false));
  const own: GlobalTrafficPolicy = {
    ...of(resources.globalTrafficPolicies),
    metadata: AT,
    spec: {lbType: 'Locality', targets: [{clusterKey: 'cluster-1'}]},
  };
  await context.apply('cluster-2', resources.globalTrafficPolicies, own);
  await told('cluster-2', resources.globalTrafficPolicies, {at: AT, type: 'Effective', reason: 'HubDecides'});
  await context.apply(HUB_CLUSTER, resources.globalTrafficPolicies, hubs(true));
  await told('cluster-2', resources.globalTrafficPolicies, {at: AT, type: 'Effective', reason: 'OverridesHub'});
});
