import type {Cluster, ExportPolicy} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import * as resources from '../../src/api/resources.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {HUB_CLUSTER} from '../dev-apis.ts';
import {exportResource, firstMember, namespaceObject, readSample} from './export-service.ts';
import {TOUR_MANAGER, expectThat, failed} from './step-context.ts';
import type {StepContext} from './step-context.ts';

/** Step 5: forbidden, discouraged and broken objects, as a user would meet them. */
export async function checkPolicy(context: StepContext): Promise<void> {
  const member = firstMember(context);
  const policy = await samplePolicy();
  for (const name of ['payments', 'beta']) await context.apply(member, resources.namespaces, namespaceObject(name));
  await context.apply(member, resources.exportPolicies, policy);
  await expectDenied(context, member, policy.metadata.name);
  await expectWarned(context, member);
  await expectExecPluginRefused(context);
  await expectBrokenLeavesNothing(context, member);
}

async function samplePolicy(): Promise<ExportPolicy> {
  const [policy] = await readSample('export-policy.yaml');
  expectThat(policy !== undefined, 'manifests/samples/export-policy.yaml should hold a policy');
  return policy;
}

function exportOf(context: StepContext, namespace: string, name: string): KubeObject {
  const resource = exportResource(context);
  return {apiVersion: resources.apiVersionOf(resource), kind: resource.kind, metadata: {namespace, name}};
}

async function expectDenied(context: StepContext, member: string, policy: string): Promise<void> {
  const object = exportOf(context, 'payments', 'ledger');
  const refusal = await context.until(`export payments/ledger to be refused in ${member}`, async () =>
    refusalOf(
      context.client(member).create(exportResource(context), object, {fieldManager: TOUR_MANAGER, dryRun: true}),
    ),
  );
  expectThat(
    refusal.message.includes(policy) && refusal.message.includes('nothing-else-may'),
    `the refusal should name policy and rule: ${refusal.message}`,
  );
  const real = await refusalOf(
    context.client(member).create(exportResource(context), object, {fieldManager: TOUR_MANAGER}),
  );
  expectThat(real !== undefined, 'the export should be refused without dryRun too');
  await expectAbsent(context, member, exportResource(context), object);
  context.observe(`${member}: ${serverSentence(refusal)}`);
}

async function expectWarned(context: StepContext, member: string): Promise<void> {
  const policy: ExportPolicy = {
    apiVersion: resources.apiVersionOf(resources.exportPolicies),
    kind: 'ExportPolicy',
    metadata: {name: 'beta-is-watched'},
    spec: {enforcement: 'Warn', rules: [{name: 'beta-may-change', action: 'Deny', namespaces: ['beta']}]},
  };
  await context.apply(member, resources.exportPolicies, policy);
  const object = exportOf(context, 'beta', 'trial');
  const warning = await context.until(`a warning about export beta/trial in ${member}`, async () => {
    const warnings: string[] = [];
    await context.client(member).create(exportResource(context), object, {
      fieldManager: TOUR_MANAGER,
      dryRun: true,
      onWarning: (text) => warnings.push(text),
    });
    return warnings.find((text) => text.includes('beta-is-watched'));
  });
  await context.apply(member, exportResource(context), object);
  context.observe(`${member}: let in with a warning: ${warning}`);
}

async function expectExecPluginRefused(context: StepContext): Promise<void> {
  const object: Cluster = {
    apiVersion: resources.apiVersionOf(resources.clusters),
    kind: 'Cluster',
    metadata: {name: 'hostile'},
    spec: {gatewayHost: '192.0.2.99', gatewayPort: 80, kubeconfig: EXEC_KUBECONFIG},
  };
  const refusal = await refusalOf(
    context.client(HUB_CLUSTER).create(resources.clusters, object, {fieldManager: TOUR_MANAGER}),
  );
  if (refusal === undefined) throw failed('a Cluster whose kubeconfig runs a program should be refused');
  expectThat(refusal.message.includes('exec'), `the refusal should name exec: ${refusal.message}`);
  await expectAbsent(context, HUB_CLUSTER, resources.clusters, object);
  context.observe(`${HUB_CLUSTER}: ${serverSentence(refusal)}`);
}

async function expectBrokenLeavesNothing(context: StepContext, member: string): Promise<void> {
  const resource = resources.globalTrafficPolicies;
  const object = {
    apiVersion: resources.apiVersionOf(resource),
    kind: resource.kind,
    metadata: {namespace: 'beta', name: 'broken'},
    spec: {lbType: 'Fastest', targets: [{weight: -1}]},
  };
  const refusal = await refusalOf(context.client(member).create(resource, object, {fieldManager: TOUR_MANAGER}));
  expectThat(refusal !== undefined && refusal.status === 422, 'a traffic policy of an unknown type should be invalid');
  await expectAbsent(context, member, resource, object);
  context.observe(`${member}: ${serverSentence(refusal)}; nothing is left behind`);
}

async function expectAbsent(
  context: StepContext,
  cluster: string,
  resource: resources.Resource,
  {metadata}: Pick<KubeObject, 'metadata'>,
): Promise<void> {
  const left = await context.find(cluster, resource, metadata);
  expectThat(left === undefined, `${resource.kind} ${metadata.name} was refused, and should not exist in ${cluster}`);
}

/** What the API server says against a write; undefined where it accepts it. Anything else is not a refusal. */
async function refusalOf(write: Promise<unknown>): Promise<KubeError | undefined> {
  try {
    await write;
    return undefined;
  } catch (error) {
    if (error instanceof KubeError && [400, 403, 422].includes(error.status)) return error;
    throw error;
  }
}

/** The server's own words, without the request that they answer. */
function serverSentence(error: KubeError): string {
  return error.message.replace(/^.*? answered (\d+ \w+): /, '$1: ');
}

const EXEC_KUBECONFIG = `apiVersion: v1
kind: Config
current-context: hostile
contexts: [{name: hostile, context: {cluster: hostile, user: hostile}}]
clusters: [{name: hostile, cluster: {server: 'https://hostile.example.org:6443', certificate-authority-data: LS0tLS0K}}]
users: [{name: hostile, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh}}}]
`;
