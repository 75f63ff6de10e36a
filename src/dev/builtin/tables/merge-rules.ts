/**
 * How lists and structs of the built-in kinds are owned (server-side apply) and patched (strategic merge). Names are those of the models
 * in the client library, `Model.field`. What is not listed is atomic if it is a list, and granular if it is a map or a struct.
 */
export interface ListRule {
  readonly type: 'atomic' | 'set' | 'map';
  /** What makes an item the same item, for apply. */
  readonly keys?: readonly string[];
  readonly patchMergeKey?: string;
  readonly patchStrategy?: 'merge' | 'merge,retainKeys';
}

function map(...keys: [string, ...string[]]): ListRule {
  return {type: 'map', keys, patchMergeKey: keys[0], patchStrategy: 'merge'};
}

/** A list that apply merges, and a strategic merge patch replaces. */
function mapForApply(...keys: [string, ...string[]]): ListRule {
  return {type: 'map', keys};
}

function retainKeys(key: string): ListRule {
  return {type: 'map', keys: [key], patchMergeKey: key, patchStrategy: 'merge,retainKeys'};
}

const set: ListRule = {type: 'set'};

export const listRules: Readonly<Record<string, ListRule>> = {
  'V1NamespaceStatus.conditions': map('type'),
  'V1ServiceSpec.ports': map('port', 'protocol'),
  'V1ServiceStatus.conditions': map('type'),
  'V1PodSpec.containers': map('name'),
  'V1PodSpec.initContainers': map('name'),
  'V1PodSpec.ephemeralContainers': map('name'),
  'V1PodSpec.volumes': retainKeys('name'),
  'V1PodSpec.hostAliases': map('ip'),
  'V1PodSpec.imagePullSecrets': map('name'),
  'V1PodSpec.schedulingGates': map('name'),
  'V1PodSpec.resourceClaims': retainKeys('name'),
  'V1PodSpec.topologySpreadConstraints': map('topologyKey', 'whenUnsatisfiable'),
  'V1PodStatus.conditions': map('type'),
  'V1PodStatus.podIPs': map('ip'),
  'V1PodStatus.hostIPs': {type: 'atomic', patchMergeKey: 'ip', patchStrategy: 'merge'},
  'V1PodStatus.resourceClaimStatuses': retainKeys('name'),
  'V1Container.ports': map('containerPort', 'protocol'),
  'V1Container.env': map('name'),
  'V1Container.volumeMounts': map('mountPath'),
  'V1Container.volumeDevices': map('devicePath'),
  'V1EphemeralContainer.ports': map('containerPort', 'protocol'),
  'V1EphemeralContainer.env': map('name'),
  'V1EphemeralContainer.volumeMounts': map('mountPath'),
  'V1EphemeralContainer.volumeDevices': map('devicePath'),
  'V1ContainerStatus.volumeMounts': map('mountPath'),
  'V1ResourceRequirements.claims': mapForApply('name'),
  'V1ServiceAccount.secrets': map('name'),
  'V1NodeSpec.podCIDRs': {type: 'set', patchStrategy: 'merge'},
  'V1NodeStatus.addresses': map('type'),
  'V1NodeStatus.conditions': map('type'),
  'V1Endpoint.addresses': set,
  'V1ServiceCIDRStatus.conditions': map('type'),
  'V1CustomResourceDefinitionStatus.conditions': mapForApply('type'),
  'V1MutatingWebhookConfiguration.webhooks': map('name'),
  'V1ValidatingWebhookConfiguration.webhooks': map('name'),
  'V1MutatingWebhook.matchConditions': map('name'),
  'V1ValidatingWebhook.matchConditions': map('name'),
  'V1ValidatingAdmissionPolicySpec.matchConditions': map('name'),
  'V1ValidatingAdmissionPolicySpec.variables': map('name'),
  'V1ValidatingAdmissionPolicyStatus.conditions': mapForApply('type'),
  'V1ValidatingAdmissionPolicyBindingSpec.validationActions': set,
};

/** Structs that are owned as a whole. */
export const atomicStructs: ReadonlySet<string> = new Set([
  'V1ConfigMapKeySelector',
  'V1LabelSelector',
  'V1LocalObjectReference',
  'V1NamedRuleWithOperations',
  'V1NodeSelector',
  'V1NodeSelectorTerm',
  'V1ObjectFieldSelector',
  'V1ObjectReference',
  'V1OwnerReference',
  'V1ParamKind',
  'V1ParamRef',
  'V1ResourceFieldSelector',
  'V1RoleRef',
  'V1SecretKeySelector',
  'V1SecretReference',
  'V1MatchResources',
  'V1TypedLocalObjectReference',
  'V1Variable',
  'RbacV1Subject',
]);

/** Maps that are owned as a whole. */
export const atomicMaps: ReadonlySet<string> = new Set(['V1ServiceSpec.selector', 'V1PodSpec.nodeSelector']);

/** Text in the models, but numbers are taken as well (`cpu: 1`). */
export const quantities: ReadonlySet<string> = new Set([
  'V1ContainerStatus.allocatedResources',
  'V1EmptyDirVolumeSource.sizeLimit',
  'V1NodeStatus.allocatable',
  'V1NodeStatus.capacity',
  'V1PodSpec.overhead',
  'V1PodStatus.allocatedResources',
  'V1ResourceFieldSelector.divisor',
  'V1ResourceRequirements.limits',
  'V1ResourceRequirements.requests',
  'V1VolumeResourceRequirements.limits',
  'V1VolumeResourceRequirements.requests',
]);

/** Lists that Go writes out even where they are empty or null. */
export const keptWhenEmpty: ReadonlySet<string> = new Set([
  'V1ClusterRole.rules',
  'V1CustomResourceDefinitionStatus.conditions',
  'V1CustomResourceDefinitionStatus.storedVersions',
  'V1EndpointSlice.endpoints',
  'V1EndpointSlice.ports',
  'V1PodSpec.containers',
  'V1Role.rules',
]);

/** Protocols complete the keys of ports; the structs are no pointers in Go, so that they are always there. */
export const defaults: Readonly<Record<string, unknown>> = {
  'V1ServicePort.protocol': 'TCP',
  'V1ContainerPort.protocol': 'TCP',
  'V1TokenRequestSpec.expirationSeconds': 3600,
  'AuthenticationV1TokenRequest.spec': {},
  'V1LocalSubjectAccessReview.spec': {},
  'V1SelfSubjectAccessReview.spec': {},
  'V1SelfSubjectRulesReview.spec': {},
  'V1SubjectAccessReview.spec': {},
  'V1TokenReview.spec': {},
  'V1Namespace.spec': {},
  'V1Namespace.status': {},
  'V1Service.spec': {},
  'V1Service.status': {},
  'V1ServiceStatus.loadBalancer': {},
  'V1Pod.spec': {},
  'V1Pod.status': {},
  'V1Container.resources': {},
  'V1ContainerStatus.lastState': {},
  'V1ContainerStatus.state': {},
  'V1Node.spec': {},
  'V1Node.status': {},
  'CoreV1Event.source': {},
  'V1Endpoint.conditions': {},
  'V1Lease.spec': {},
  'V1ServiceCIDR.spec': {},
  'V1ServiceCIDR.status': {},
  'V1CustomResourceDefinition.spec': {},
  'V1CustomResourceDefinition.status': {},
  'V1CustomResourceDefinitionSpec.names': {},
  'V1ValidatingAdmissionPolicy.spec': {},
  'V1ValidatingAdmissionPolicy.status': {},
  'V1ValidatingAdmissionPolicyBinding.spec': {},
};
