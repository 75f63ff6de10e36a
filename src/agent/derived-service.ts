import type {EndpointSlice, IPFamily, Service, ServiceImport} from '../api/kinds.ts';
import {
  AGENT_MANAGED_BY,
  IMPORT_NAME_LABEL,
  IMPORT_NAMESPACE_LABEL,
  MANAGED_BY_LABEL,
  SERVICE_NAME_LABEL,
  SLICE_MANAGED_BY_LABEL,
  derivedServiceName,
} from '../api/names.ts';
import {isUpToDate} from '../kube/apply-if-different.ts';

/**
 * The derived Service that stands for one ClusterSetIP import in this cluster (design §9). It lives in Isthmus' own
 * namespace: no user's quota, no environment variables in user pods. Every field the API server would default is
 * written out, so that an unchanged one compares equal and is not written again.
 */
export function buildDerivedService(object: ServiceImport, namespace: string): Service {
  const {namespace: importNamespace = '', name} = object.metadata;
  const ports = object.spec?.ports ?? [];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: derivedServiceName(importNamespace, name),
      namespace,
      labels: {
        [MANAGED_BY_LABEL]: AGENT_MANAGED_BY,
        [IMPORT_NAMESPACE_LABEL]: importNamespace,
        [IMPORT_NAME_LABEL]: name,
      },
    },
    spec: {
      type: 'ClusterIP',
      ipFamilyPolicy: 'PreferDualStack',
      ports: ports.map(({name: portName, port, protocol = 'TCP', appProtocol}) => ({
        // A Service with several ports needs a name on each; an import may have one without.
        ...(portName !== undefined && portName !== ''
          ? {name: portName}
          : ports.length > 1
            ? {name: `${protocol.toLowerCase()}-${port}`}
            : {}),
        port,
        protocol,
        ...(appProtocol === undefined ? {} : {appProtocol}),
        targetPort: port,
      })),
    },
  };
}

/** True where nothing of the derived Service has to be mended: neither something of ours missing nor anything foreign in it. */
export function isDerivedIntact(existing: Service, desired: Service): boolean {
  const {selector = {}, externalIPs = [], sessionAffinity = 'None'} = (existing.spec ?? {}) as ForeignFields;
  const isForeignFree = Object.keys(selector).length + externalIPs.length === 0 && sessionAffinity === 'None';
  return isForeignFree && isUpToDate(existing, desired);
}

/** What users may have set on it, each of which would send the traffic of the address elsewhere. */
interface ForeignFields {
  readonly selector?: object;
  readonly externalIPs?: readonly string[];
  readonly sessionAffinity?: string;
}

/** The object to replace a damaged one with: the same addresses, which must never change under a living import (KEP-1645). */
export function repairedDerived(existing: Service, desired: Service): Service {
  const {uid, resourceVersion} = existing.metadata;
  const {clusterIP, clusterIPs, ipFamilies} = existing.spec ?? {};
  return {
    ...desired,
    metadata: {
      ...desired.metadata,
      ...(uid === undefined ? {} : {uid}),
      ...(resourceVersion === undefined ? {} : {resourceVersion}),
    },
    spec: {
      ...desired.spec,
      ...(clusterIP === undefined ? {} : {clusterIP}),
      ...(clusterIPs === undefined ? {} : {clusterIPs}),
      ...(ipFamilies === undefined ? {} : {ipFamilies}),
    },
  };
}

/**
 * One slice for each family of the derived Service, without endpoints: nothing carries the traffic yet, and a client
 * is refused at once instead of hanging. Owned by the Service, so that both go together.
 */
export function buildDerivedSlices(derived: Service): readonly EndpointSlice[] {
  const {name, namespace = '', uid = '', labels = {}} = derived.metadata;
  return (derived.spec?.ipFamilies ?? []).map((family) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${family.toLowerCase()}`,
      namespace,
      labels: {...labels, [SERVICE_NAME_LABEL]: name, [SLICE_MANAGED_BY_LABEL]: AGENT_MANAGED_BY},
      ownerReferences: [{apiVersion: 'v1', kind: 'Service', name, uid, controller: true}],
    },
    addressType: family satisfies IPFamily,
    endpoints: [],
    ports: [],
  }));
}

/** The import that a derived Service stands for, or undefined for any other Service. */
export function importKeyOf(service: Service): string | undefined {
  const {labels = {}} = service.metadata;
  const namespace = labels[IMPORT_NAMESPACE_LABEL];
  const name = labels[IMPORT_NAME_LABEL];
  if (labels[MANAGED_BY_LABEL] !== AGENT_MANAGED_BY || namespace === undefined || name === undefined) return undefined;
  return `${namespace}/${name}`;
}
