import type {EndpointSlice, FlomeshServiceExport, Service, ServiceExport} from '../../src/api/kinds.ts';
import {SERVICE_NAME_LABEL, SLICE_MANAGED_BY_LABEL} from '../../src/api/names.ts';
import type {ExportedPort} from '../../src/clusterset/member-export.ts';
import {HTTP} from '../clusterset/fixtures.ts';
import {NAME} from './clusterset-row.ts';
import type {Given} from './clusterset-row.ts';

/** The Service of a row, as a user writes it; undefined: the row has none. */
export function serviceOf(namespace: string, given: Given): Service | undefined {
  const {service, slices, ownLabels, serviceName = NAME} = given;
  if (service === undefined) return undefined;
  const {type, headless = false, ports = [HTTP], ipFamilies, ...rest} = service;
  const metadata = {namespace, name: serviceName, ...own(ownLabels)};
  const spec =
    type === 'ExternalName'
      ? {type, externalName: 'www.example.org'}
      : {
          ...rest,
          ...(type === undefined ? {} : {type}),
          ...(headless ? {clusterIP: 'None'} : {}),
          ...(ipFamilies === undefined ? {} : {ipFamilies, ipFamilyPolicy: policyOf(ipFamilies.length)}),
          ...(slices === undefined ? {selector: {app: NAME}} : {}),
          ports,
        };
  return {apiVersion: 'v1', kind: 'Service', metadata, spec} as Service;
}

function policyOf(families: number): string {
  return families > 1 ? 'RequireDualStack' : 'SingleStack';
}

function own(labels: Given['ownLabels']): object {
  return labels === undefined ? {} : {labels, annotations: labels};
}

/** Its exports, one for each group. */
export function exportsOf(
  namespace: string,
  {over = {}, ownLabels}: Given,
): readonly (ServiceExport | FlomeshServiceExport)[] {
  const {groups = ['multicluster.x-k8s.io'], exportedLabels, exportedAnnotations, flomesh} = over;
  const metadata = {namespace, name: NAME, ...own(ownLabels)};
  return groups.map((group) => {
    if (group === 'flomesh.io')
      return {apiVersion: 'flomesh.io/v1alpha1', kind: 'ServiceExport', metadata, spec: {...flomesh}};
    const spec = {
      ...(exportedLabels === undefined ? {} : {exportedLabels}),
      ...(exportedAnnotations === undefined ? {} : {exportedAnnotations}),
    };
    return {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata, spec};
  });
}

/** Its EndpointSlices: the test is their controller. */
export function slicesOf(namespace: string, {service, slices = {}}: Given): readonly EndpointSlice[] {
  const ports: readonly ExportedPort[] = service?.ports ?? [HTTP];
  return Object.entries(slices).map(([name, endpoints]) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace,
      name,
      labels: {[SERVICE_NAME_LABEL]: NAME, [SLICE_MANAGED_BY_LABEL]: 'conformance.example.org'},
    },
    addressType: 'IPv4',
    endpoints,
    ports: ports.map(({name: port, port: number, protocol}) => ({name: port ?? '', port: number, protocol})),
  }));
}
