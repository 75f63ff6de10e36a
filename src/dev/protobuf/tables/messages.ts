/**
 * How a field is read. `flag` is a plain bool, whose false means unset; `bool` and `int` are Go pointers, which are written only where they
 * are set, so that false and 0 count. `number` is a plain integer, whose 0 means unset. `bytes` become base64.
 */
export type FieldType =
  | 'string'
  | 'int'
  | 'number'
  | 'bool'
  | 'flag'
  | 'bytes'
  | 'time'
  | 'intOrString'
  | 'stringMap'
  | 'bytesMap'
  | 'ignored'
  | {readonly message: Message};

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly repeated?: true;
}

export type Message = Readonly<Record<number, Field>>;

function field(name: string, type: FieldType = 'string'): Field {
  return {name, type};
}

function list(name: string, type: FieldType = 'string'): Field {
  return {name, type, repeated: true};
}

function message(name: string, of: Message): Field {
  return {name, type: {message: of}};
}

const objectMeta: Message = {
  1: field('name'),
  2: field('generateName'),
  3: field('namespace'),
  4: field('selfLink', 'ignored'),
  5: field('uid'),
  6: field('resourceVersion'),
  7: field('generation', 'number'),
  8: field('creationTimestamp', 'time'),
  9: field('deletionTimestamp', 'time'),
  10: field('deletionGracePeriodSeconds', 'int'),
  11: field('labels', 'stringMap'),
  12: field('annotations', 'stringMap'),
  13: list('ownerReferences', {
    message: {
      1: field('kind'),
      3: field('name'),
      4: field('uid'),
      5: field('apiVersion'),
      6: field('controller', 'bool'),
      7: field('blockOwnerDeletion', 'bool'),
    },
  }),
  14: list('finalizers'),
  17: field('managedFields', 'ignored'),
};

const objectReference: Message = {
  1: field('kind'),
  2: field('namespace'),
  3: field('name'),
  4: field('uid'),
  5: field('apiVersion'),
  6: field('resourceVersion'),
  7: field('fieldPath'),
};

const serviceSpec: Message = {
  1: list('ports', {
    message: {
      1: field('name'),
      2: field('protocol'),
      3: field('port', 'number'),
      4: field('targetPort', 'intOrString'),
      5: field('nodePort', 'number'),
      6: field('appProtocol'),
    },
  }),
  2: field('selector', 'stringMap'),
  3: field('clusterIP'),
  4: field('type'),
  5: list('externalIPs'),
  7: field('sessionAffinity'),
  8: field('loadBalancerIP'),
  9: list('loadBalancerSourceRanges'),
  10: field('externalName'),
  11: field('externalTrafficPolicy'),
  12: field('healthCheckNodePort', 'number'),
  13: field('publishNotReadyAddresses', 'flag'),
  17: field('ipFamilyPolicy'),
  18: list('clusterIPs'),
  19: list('ipFamilies'),
  20: field('allocateLoadBalancerNodePorts', 'bool'),
  21: field('loadBalancerClass'),
  22: field('internalTrafficPolicy'),
  23: field('trafficDistribution'),
};

const policyRule: Message = {
  1: list('verbs'),
  2: list('apiGroups'),
  3: list('resources'),
  4: list('resourceNames'),
  5: list('nonResourceURLs'),
};

const subject: Message = {1: field('kind'), 2: field('apiGroup'), 3: field('name'), 4: field('namespace')};
const roleRef: Message = {1: field('apiGroup'), 2: field('kind'), 3: field('name')};

function kind(fields: Message): Message {
  return {1: message('metadata', objectMeta), ...fields};
}

const role = kind({2: list('rules', {message: policyRule})});
const binding = kind({2: list('subjects', {message: subject}), 3: message('roleRef', roleRef)});
/** Clients have nothing to say about the status of what they create. */
const status: Field = field('status', 'ignored');

/** The kinds that kubectl's typed commands create, by `apiVersion/Kind` (reference: apiserver §1.5). */
export const messageOfKind: Readonly<Record<string, Message>> = {
  'v1/Namespace': kind({2: message('spec', {1: list('finalizers')}), 3: status}),
  'v1/ConfigMap': kind({
    2: field('data', 'stringMap'),
    3: field('binaryData', 'bytesMap'),
    4: field('immutable', 'bool'),
  }),
  'v1/Secret': kind({
    2: field('data', 'bytesMap'),
    3: field('type'),
    4: field('stringData', 'stringMap'),
    5: field('immutable', 'bool'),
  }),
  'v1/ServiceAccount': kind({
    2: list('secrets', {message: objectReference}),
    3: list('imagePullSecrets', {message: {1: field('name')}}),
    4: field('automountServiceAccountToken', 'bool'),
  }),
  'v1/Service': kind({2: message('spec', serviceSpec), 3: status}),
  'rbac.authorization.k8s.io/v1/Role': role,
  'rbac.authorization.k8s.io/v1/ClusterRole': role,
  'rbac.authorization.k8s.io/v1/RoleBinding': binding,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': binding,
  'authentication.k8s.io/v1/TokenRequest': kind({
    2: message('spec', {
      1: list('audiences'),
      3: message('boundObjectRef', {1: field('kind'), 2: field('apiVersion'), 3: field('name'), 4: field('uid')}),
      4: field('expirationSeconds', 'int'),
    }),
    3: status,
  }),
  'authentication.k8s.io/v1/SelfSubjectReview': kind({2: status}),
  'authorization.k8s.io/v1/SelfSubjectAccessReview': kind({
    2: message('spec', {
      1: message('resourceAttributes', {
        1: field('namespace'),
        2: field('verb'),
        3: field('group'),
        4: field('version'),
        5: field('resource'),
        6: field('subresource'),
        7: field('name'),
      }),
      2: message('nonResourceAttributes', {1: field('path'), 2: field('verb')}),
    }),
    3: status,
  }),
  'authorization.k8s.io/v1/SelfSubjectRulesReview': kind({2: message('spec', {1: field('namespace')}), 3: status}),
};
