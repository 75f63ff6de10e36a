/** A resource as it stands in a URL, and the kind that its bodies carry. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export const MCS_GROUP = 'multicluster.x-k8s.io';
export const FLOMESH_GROUP = 'flomesh.io';
/** The group that newer FSM releases moved to; its objects are read as those of {@link FLOMESH_GROUP}. */
export const FLOMESH_MCS_GROUP = 'multicluster.flomesh.io';
export const ISTHMUS_GROUP = 'isthmus.dev';
export const ABOUT_GROUP = 'about.k8s.io';

const resource = (group: string, version: string, plural: string, kind: string, namespaced = true): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});

export const namespaces = resource('', 'v1', 'namespaces', 'Namespace', false);
export const services = resource('', 'v1', 'services', 'Service');
export const pods = resource('', 'v1', 'pods', 'Pod');
export const configMaps = resource('', 'v1', 'configmaps', 'ConfigMap');
export const secrets = resource('', 'v1', 'secrets', 'Secret');
export const serviceAccounts = resource('', 'v1', 'serviceaccounts', 'ServiceAccount');
export const events = resource('', 'v1', 'events', 'Event');
export const nodes = resource('', 'v1', 'nodes', 'Node', false);
export const endpointSlices = resource('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice');
/** The ranges that a cluster's own Services have addresses of. Served since Kubernetes 1.33, in beta versions before. */
export const serviceCIDRs = resource('networking.k8s.io', 'v1', 'servicecidrs', 'ServiceCIDR', false);
export const leases = resource('coordination.k8s.io', 'v1', 'leases', 'Lease');
export const customResourceDefinitions = resource(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  false,
);
export const mutatingWebhookConfigurations = resource(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
  false,
);
export const validatingWebhookConfigurations = resource(
  'admissionregistration.k8s.io',
  'v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
  false,
);

export const clusters = resource(FLOMESH_GROUP, 'v1alpha1', 'clusters', 'Cluster', false);
export const globalTrafficPolicies = resource(
  FLOMESH_GROUP,
  'v1alpha1',
  'globaltrafficpolicies',
  'GlobalTrafficPolicy',
);
export const serviceExports = resource(MCS_GROUP, 'v1beta1', 'serviceexports', 'ServiceExport');
export const serviceImports = resource(MCS_GROUP, 'v1beta1', 'serviceimports', 'ServiceImport');
export const flomeshServiceExports = resource(FLOMESH_GROUP, 'v1alpha1', 'serviceexports', 'ServiceExport');
/** Of FSM's newer group: read as the one before, written by its own name. */
export const flomeshMcsServiceExports = resource(FLOMESH_MCS_GROUP, 'v1alpha1', 'serviceexports', 'ServiceExport');
export const flomeshServiceImports = resource(FLOMESH_GROUP, 'v1alpha1', 'serviceimports', 'ServiceImport');
export const exportPolicies = resource(ISTHMUS_GROUP, 'v1alpha1', 'exportpolicies', 'ExportPolicy', false);
export const importPolicies = resource(ISTHMUS_GROUP, 'v1alpha1', 'importpolicies', 'ImportPolicy', false);
export const remoteClusters = resource(ISTHMUS_GROUP, 'v1alpha1', 'remoteclusters', 'RemoteCluster', false);
export const clusterProperties = resource(ABOUT_GROUP, 'v1beta1', 'clusterproperties', 'ClusterProperty', false);

/** `group/version`, or the version alone for the core group: what `apiVersion` says. */
export function apiVersionOf(of: Pick<Resource, 'group' | 'version'>): string {
  return of.group === '' ? of.version : `${of.group}/${of.version}`;
}
