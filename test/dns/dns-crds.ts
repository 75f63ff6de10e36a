/** The kinds that other distributions configure their DNS with, as little of them as a server needs to keep such objects. */
const definition = (group: string, plural: string, kind: string, scope: 'Cluster' | 'Namespaced'): string => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${plural}.${group}}
spec:
  group: ${group}
  scope: ${scope}
  names: {plural: ${plural}, singular: ${kind.toLowerCase()}, kind: ${kind}, listKind: ${kind}List}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;

export const OPENSHIFT_DNS = definition('operator.openshift.io', 'dnses', 'DNS', 'Cluster');
export const HELM_CHART_CONFIGS = definition('helm.cattle.io', 'helmchartconfigs', 'HelmChartConfig', 'Namespaced');
