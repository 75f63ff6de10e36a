import type {JsonObject} from '../../schema/json.ts';

/**
 * What Go writes for an object of which nothing is set, beside its type and metadata: the body of a bookmark (seen). Kinds that
 * are not in here have nothing more; nor have custom ones.
 */
export const emptyObjects: Readonly<Record<string, JsonObject>> = {
  'namespaces': {spec: {}, status: {}},
  'services': {spec: {}, status: {loadBalancer: {}}},
  'pods': {spec: {containers: null}, status: {}},
  'nodes': {
    spec: {},
    status: {
      daemonEndpoints: {kubeletEndpoint: {Port: 0}},
      nodeInfo: {
        machineID: '',
        systemUUID: '',
        bootID: '',
        kernelVersion: '',
        osImage: '',
        containerRuntimeVersion: '',
        kubeletVersion: '',
        kubeProxyVersion: '',
        operatingSystem: '',
        architecture: '',
      },
    },
  },
  'events': {
    involvedObject: {},
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: '',
    reportingInstance: '',
  },
  'endpointslices.discovery.k8s.io': {addressType: '', endpoints: null, ports: null},
  'leases.coordination.k8s.io': {spec: {}},
  'servicecidrs.networking.k8s.io': {spec: {}, status: {}},
  'customresourcedefinitions.apiextensions.k8s.io': {
    spec: {group: '', names: {plural: '', kind: ''}, scope: '', versions: null},
    status: {conditions: null, acceptedNames: {plural: '', kind: ''}, storedVersions: null},
  },
  'roles.rbac.authorization.k8s.io': {rules: null},
  'clusterroles.rbac.authorization.k8s.io': {rules: null},
  'rolebindings.rbac.authorization.k8s.io': {roleRef: {apiGroup: '', kind: '', name: ''}},
  'clusterrolebindings.rbac.authorization.k8s.io': {roleRef: {apiGroup: '', kind: '', name: ''}},
  'validatingadmissionpolicies.admissionregistration.k8s.io': {spec: {}, status: {}},
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': {spec: {}},
};
