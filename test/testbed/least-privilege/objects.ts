import {HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../../../src/api/names.ts';

/** Objects as the hub writes them into members, and as users write theirs. */

const OURS = {[MANAGED_BY_LABEL]: HUB_MANAGED_BY};

export const IMPORTED_SLICE = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'imported',
    namespace: 'default',
    labels: {
      'endpointslice.kubernetes.io/managed-by': HUB_MANAGED_BY,
      'multicluster.kubernetes.io/service-name': 'foo',
      'multicluster.kubernetes.io/source-cluster': 'cluster-2',
    },
  },
  addressType: 'IPv4',
  endpoints: [],
  ports: [],
};

const policy = (kind: string): object => ({
  apiVersion: 'isthmus.dev/v1alpha1',
  kind,
  metadata: {name: 'mirrored', labels: OURS},
  spec: {enforcement: 'Audit', rules: [{name: 'all', action: 'Allow'}]},
});

export const MIRRORED_POLICY = {exportpolicies: policy('ExportPolicy'), importpolicies: policy('ImportPolicy')};

/** A namespace, and in it a Service with its export. */
export function exportYaml(
  namespace: string,
  group: 'multicluster.x-k8s.io' | 'flomesh.io' | 'multicluster.flomesh.io',
): string {
  const version = group === 'multicluster.x-k8s.io' ? 'v1beta1' : 'v1alpha1';
  return `apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}}
---
apiVersion: v1
kind: Service
metadata: {name: foo, namespace: ${namespace}}
spec: {selector: {app: foo}, ports: [{name: http, port: 80}]}
---
apiVersion: ${group}/${version}
kind: ServiceExport
metadata: {name: foo, namespace: ${namespace}}`;
}
