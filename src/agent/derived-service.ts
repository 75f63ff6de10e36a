import {isIP} from 'node:net';

import type {EndpointSlice, IPFamily, Service, ServiceImport} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
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
 * One slice for each of these families of a derived Service, without endpoints: nothing carries the traffic yet, and a client
 * is refused at once instead of hanging. Not owned by the Service, whose uid nobody knows before it is there: they are written
 * together, and the agent itself takes both away (docs/decisions/0010).
 */
export function buildDerivedSlices(
  derived: Service,
  families = derived.spec?.ipFamilies ?? [],
): readonly EndpointSlice[] {
  const {name, namespace = '', labels = {}} = derived.metadata;
  return families.map((family) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: derivedSliceName(name, family),
      namespace,
      labels: {...labels, [SERVICE_NAME_LABEL]: name, [SLICE_MANAGED_BY_LABEL]: AGENT_MANAGED_BY},
    },
    addressType: family satisfies IPFamily,
    endpoints: [],
    ports: [],
  }));
}

export function derivedSliceName(service: string, family: IPFamily): string {
  return `${service}-${family.toLowerCase()}`;
}

/** The gateway VIPs; none of a Service that somebody made headless, whose clusterIPs are `None`. */
export function derivedAddresses(derived: Service | undefined): readonly string[] {
  return (derived?.spec?.clusterIPs ?? []).filter((address) => isIP(address) !== 0);
}

/** The import that a derived Service, or a slice of one, stands for; undefined for anything else. */
export function importKeyOf({metadata}: KubeObject): string | undefined {
  const {labels = {}} = metadata;
  const namespace = labels[IMPORT_NAMESPACE_LABEL];
  const name = labels[IMPORT_NAME_LABEL];
  if (labels[MANAGED_BY_LABEL] !== AGENT_MANAGED_BY || namespace === undefined || name === undefined) return undefined;
  return `${namespace}/${name}`;
}
