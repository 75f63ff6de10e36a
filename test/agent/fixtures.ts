import type {EndpointSlice, Service, ServiceImport} from '../../src/api/kinds.ts';
import {DEFAULT_NAMESPACE, HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../../src/api/names.ts';
import {buildDerivedService, buildDerivedSlices} from '../../src/agent/derived-service.ts';

/** An import as the hub writes it, before any agent has looked at it. */
export function anImport(
  changes: {
    name?: string;
    namespace?: string;
    spec?: Partial<ServiceImport['spec']>;
    annotations?: Record<string, string>;
  } = {},
): ServiceImport {
  const {name = 'foo', namespace = 'bar', spec = {}, annotations = {}} = changes;
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata: {
      name,
      namespace,
      uid: `uid-${namespace}-${name}`,
      generation: 1,
      labels: {[MANAGED_BY_LABEL]: HUB_MANAGED_BY},
      annotations,
    },
    spec: {type: 'ClusterSetIP', ports: [{port: 80, protocol: 'TCP'}], ...spec},
    status: {clusters: [{cluster: 'cluster-1'}]},
  };
}

/** Its derived Service, as the API server answers: with addresses of both families. */
export function derivedOf(object: ServiceImport, ips: readonly string[] = ['10.102.0.7', 'fd00:0:0:2::7']): Service {
  const built = buildDerivedService(object, DEFAULT_NAMESPACE);
  return {
    ...built,
    metadata: {...built.metadata, uid: `uid-${built.metadata.name}`},
    spec: {
      ...built.spec,
      clusterIP: ips[0] ?? '',
      clusterIPs: ips,
      ipFamilies: ips.map((ip) => (ip.includes(':') ? 'IPv6' : 'IPv4')),
    },
  };
}

export function slicesOf(derived: Service): readonly EndpointSlice[] {
  return buildDerivedSlices(derived);
}
