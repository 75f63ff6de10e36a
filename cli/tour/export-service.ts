import {readFile} from 'node:fs/promises';

import {parseAllDocuments} from 'yaml';

import type {FlomeshServiceImport, Namespace, ServiceExport, ServiceImport} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {MANAGED_BY_LABEL} from '../../src/api/names.ts';
import * as resources from '../../src/api/resources.ts';
import {expectThat} from './step-context.ts';
import type {StepContext} from './step-context.ts';

export const NAMESPACE = 'bar';
export const SERVICE = 'foo';
const AT = {namespace: NAMESPACE, name: SERVICE};

/** Step 2: the seed's Service and ServiceExport, and what appears in the members because of them. */
export async function exportService(context: StepContext): Promise<void> {
  const exporter = firstMember(context);
  await context.apply(exporter, resources.namespaces, namespaceObject(NAMESPACE));
  await applyExport(context, exporter);
  await context.apply(exporter, resources.pods, backendPod());
  context.observe(
    `${exporter}: Service and ServiceExport ${NAMESPACE}/${SERVICE} applied (${context.options.exportGroup})`,
  );
  for (const member of context.members) {
    const found = await untilImported(context, member);
    const from = (found.status?.clusters ?? []).map(({cluster}) => cluster).join(', ');
    context.observe(`${member}: ServiceImport ${NAMESPACE}/${SERVICE}, type ${found.spec?.type}, exported by ${from}`);
    if (context.options.exportGroup === resources.FLOMESH_GROUP) await expectFlomeshImport(context, member);
  }
  await expectNamespaces(context, exporter);
  await untilExportConditions(context, exporter);
}

export function firstMember(context: StepContext): string {
  const [first] = context.members;
  expectThat(first !== undefined, 'a clusterset needs at least one member');
  return first;
}

export function namespaceObject(name: string, labels: Record<string, string> = {}): Namespace {
  return {apiVersion: 'v1', kind: 'Namespace', metadata: {name, labels}};
}

/** A pod that the Service selects: without one its export has no ready endpoint, and nothing would be routed to it. */
function backendPod(): KubeObject & {spec: object} {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {...AT, labels: {app: SERVICE}},
    spec: {containers: [{name: SERVICE, image: 'example.org/foo:1.0', ports: [{containerPort: 80}]}]},
  };
}

/** Which file holds the export, and in which resource it lands, for the group that this run shows. */
function exportFiles(group: StepContext['options']['exportGroup']): {
  files: readonly string[];
  resource: resources.Resource;
} {
  return group === resources.FLOMESH_GROUP
    ? {files: ['service-export.yaml'], resource: resources.flomeshServiceExports}
    : {files: ['service-export.yaml', 'service-export-standard.yaml'], resource: resources.serviceExports};
}

export function exportResource(context: StepContext): resources.Resource {
  return exportFiles(context.options.exportGroup).resource;
}

/** The samples' own YAML, so that what the documents show is what runs. */
export async function applyExport(context: StepContext, member: string): Promise<void> {
  const {files, resource} = exportFiles(context.options.exportGroup);
  for (const object of (await Promise.all(files.map(readSample))).flat()) {
    if (object.kind === 'Service') await context.apply(member, resources.services, object);
    else if (object.apiVersion === resources.apiVersionOf(resource)) await context.apply(member, resource, object);
  }
}

export async function readSample(file: string): Promise<KubeObject[]> {
  const text = await readFile(new URL(`../../manifests/samples/${file}`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
}

export async function untilImported(context: StepContext, member: string): Promise<ServiceImport> {
  return context.until(`ServiceImport ${NAMESPACE}/${SERVICE} in ${member}`, async () => {
    const found = await context.find<ServiceImport>(member, resources.serviceImports, AT);
    return (found?.status?.clusters ?? []).length > 0 ? found : undefined;
  });
}

async function expectFlomeshImport(context: StepContext, member: string): Promise<void> {
  await context.until(`flomesh ServiceImport ${NAMESPACE}/${SERVICE} in ${member}`, () =>
    context.find<FlomeshServiceImport>(member, resources.flomeshServiceImports, AT),
  );
}

async function expectNamespaces(context: StepContext, exporter: string): Promise<void> {
  const created: string[] = [];
  for (const member of context.members.filter((name) => name !== exporter)) {
    const namespace = await context.find<Namespace>(member, resources.namespaces, {name: NAMESPACE});
    const label = namespace?.metadata.labels?.[MANAGED_BY_LABEL];
    expectThat(label !== undefined, `namespace ${NAMESPACE} in ${member} should carry the label ${MANAGED_BY_LABEL}`);
    created.push(`${member} (${label})`);
  }
  context.observe(`namespace ${NAMESPACE} was missing and is made: ${created.join(', ')}`);
}

async function untilExportConditions(context: StepContext, exporter: string): Promise<void> {
  const conditions = await context.until(`conditions of the export in ${exporter}`, async () => {
    const found = await context.find<ServiceExport>(exporter, exportResource(context), AT);
    const status = new Map(found?.status?.conditions?.map((condition) => [condition.type, condition.status]));
    const settled =
      status.get('Valid') === 'True' && status.get('Ready') === 'True' && status.get('Conflict') === 'False';
    return settled ? found?.status?.conditions : undefined;
  });
  const shown = conditions.map(({type, status, reason}) => `${type}=${status} (${reason})`).join(', ');
  context.observe(`${exporter}: the export says ${shown}`);
}
