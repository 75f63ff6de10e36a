import type {EndpointSlice, ServiceImport} from '../../src/api/kinds.ts';
import {HUB_MANAGED_BY, SERVICE_NAME_LABEL, SLICE_MANAGED_BY_LABEL} from '../../src/api/names.ts';
import {endpointSlices, serviceImports} from '../../src/api/resources.ts';
import {eventually} from '../tools/eventually.ts';
import type {TestCluster} from './clusterset.ts';

/** Services whose EndpointSlice controller a test is itself, and what of their slices is imported. */

export interface SourceEndpoint {
  readonly addresses: readonly string[];
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly conditions?: object;
}

export const POD: SourceEndpoint = {
  addresses: ['10.200.0.1'],
  hostname: 'pet-0',
  nodeName: 'node-1',
  zone: 'zone-a',
  conditions: {ready: true, serving: true, terminating: false},
};

/** A slice as its controller writes it. */
export function sourceSlice(
  namespace: string,
  name: string,
  endpoints: readonly SourceEndpoint[],
  {service = 'pets', addressType = 'IPv4'} = {},
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace,
      name,
      labels: {[SERVICE_NAME_LABEL]: service, [SLICE_MANAGED_BY_LABEL]: 'endpointslice-controller.k8s.io'},
    },
    addressType: addressType as EndpointSlice['addressType'],
    endpoints,
    ports: [{name: 'pg', port: 5432, protocol: 'TCP'}],
  };
}

export async function put(member: TestCluster, slice: EndpointSlice): Promise<void> {
  await member.client.apply(endpointSlices, slice, {fieldManager: 'controller', force: true});
}

/** A Service without selector, so that a test plays the part of its EndpointSlice controller. */
export function serviceYaml(namespace: string, {name = 'pets', headless = true, targets = ''} = {}): string {
  const flomesh = `
---
apiVersion: flomesh.io/v1alpha1
kind: ServiceExport
metadata: {namespace: ${namespace}, name: ${name}}
spec: {rules: [{portNumber: 5432, path: '/', pathType: Prefix}], targetClusters: [${targets}]}`;
  return `apiVersion: v1
kind: Service
metadata: {namespace: ${namespace}, name: ${name}}
spec: {${headless ? 'clusterIP: None, ' : ''}ports: [{name: pg, port: 5432}]}
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {namespace: ${namespace}, name: ${name}}${targets === '' ? '' : flomesh}`;
}

export async function importedIn(member: TestCluster, namespace: string): Promise<readonly EndpointSlice[]> {
  const labelSelector = `${SLICE_MANAGED_BY_LABEL}=${HUB_MANAGED_BY}`;
  return (await member.client.list<EndpointSlice>(endpointSlices, {namespace, labelSelector})).items;
}

export async function someIn(member: TestCluster, namespace: string, count: number): Promise<readonly EndpointSlice[]> {
  return eventually(`${count} imported slices in ${member.name}`, async () => {
    const found = await importedIn(member, namespace);
    return found.length === count ? found : undefined;
  });
}

export async function presence(member: TestCluster, namespace: string, said: 'Present' | 'Absent'): Promise<void> {
  await eventually(`slices are said to be ${said}`, async () => {
    const found = await member.find<ServiceImport>(serviceImports, {namespace, name: 'pets'});
    return found?.status?.endpointSliceObjects === said;
  });
}

/** Requests to write a slice of that namespace. */
export function sliceWrites(member: TestCluster, namespace: string): number {
  const rows = member.cluster.writes.requests().filter(({resource, name}) => {
    return resource.startsWith('endpointslices') && name.startsWith(`${namespace}/`);
  });
  return rows.reduce((sum, row) => sum + row.count, 0);
}

export const addressesOf = (slices: readonly EndpointSlice[]): readonly string[] =>
  slices.flatMap(({endpoints}) => (endpoints ?? []).flatMap(({addresses}) => addresses)).sort();
