import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {IsthmusError} from '../../../src/errors.ts';
import {decodeKubernetesProtobuf} from '../../../src/dev/protobuf/decode.ts';

/** Bodies as kubectl's typed commands sent them. */
const recorded = [
  {
    name: 'create namespace',
    body: 'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhwKFAoEcGJucxIAGgAiACoAMgA4AEIAEgAaAgoAGgAiAA==',
    object: {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'pbns'}},
  },
  {
    name: 'create serviceaccount',
    body: 'azhzAAoUCgJ2MRIOU2VydmljZUFjY291bnQSFQoTCgNzYTkSABoAIgAqADIAOABCABoAIgA=',
    object: {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name: 'sa9'}},
  },
  {
    name: 'create configmap',
    body: 'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEh0KEwoDY205EgAaACIAKgAyADgAQgASBgoBYRIBYhoAIgA=',
    object: {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'cm9'}, data: {a: 'b'}},
  },
  {
    name: 'create secret: bytes become base64',
    body: 'azhzAAoMCgJ2MRIGU2VjcmV0Eh4KEgoCczkSABoAIgAqADIAOABCABIGCgFhEgFiGgAaACIA',
    object: {apiVersion: 'v1', kind: 'Secret', metadata: {name: 's9'}, data: {a: 'Yg=='}},
  },
  {
    name: 'create service',
    body: 'azhzAAoNCgJ2MRIHU2VydmljZRJmCh8KA2NzORIAGgAiACoAMgA4AEIAWgoKA2FwcBIDY3M5Ej8KGAoFODAtODASA1RDUBhQIgYIABBQGgAoABIKCgNhcHASA2NzORoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==',
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {name: 'cs9', labels: {app: 'cs9'}},
      spec: {
        ports: [{name: '80-80', protocol: 'TCP', port: 80, targetPort: 80}],
        selector: {app: 'cs9'},
        type: 'ClusterIP',
      },
    },
  },
  {
    name: 'create role: the core group is an empty text that stays',
    body: 'azhzAAokChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgRSb2xlEiMKEgoCcjkSABoAIgAqADIAOABCABINCgNnZXQSABoEcG9kcxoAIgA=',
    object: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: {name: 'r9'},
      rules: [{verbs: ['get'], apiGroups: [''], resources: ['pods']}],
    },
  },
  {
    name: 'create rolebinding',
    body: 'azhzAAorChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgtSb2xlQmluZGluZxJeChMKA3JiORIAGgAiACoAMgA4AEIAEiAKDlNlcnZpY2VBY2NvdW50EgAaA3NhOSIHZGVmYXVsdBolChlyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvEgRSb2xlGgJyORoAIgA=',
    object: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: {name: 'rb9'},
      subjects: [{kind: 'ServiceAccount', name: 'sa9', namespace: 'default'}],
      roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r9'},
    },
  },
  {
    name: 'create token bound to a pod',
    body: 'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIxChAKABIAGgAiACoAMgA4AEIAEhcKAXgaDwoDUG9kEgJ2MRoCcDEiACCUBRoECgASABoAIgA=',
    object: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {audiences: ['x'], boundObjectRef: {kind: 'Pod', apiVersion: 'v1', name: 'p1'}, expirationSeconds: 660},
    },
  },
  {
    name: 'auth whoami',
    body: 'azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoECgASABoAIgA=',
    object: {apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {}},
  },
  {
    name: 'auth can-i get pods',
    body: 'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPAoQCgASABoAIgAqADIAOABCABIeChwKB2RlZmF1bHQSA2dldBoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=',
    object: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: {resourceAttributes: {namespace: 'default', verb: 'get', resource: 'pods'}},
    },
  },
  {
    name: 'auth can-i --list',
    body: 'azhzAAoxChdhdXRob3JpemF0aW9uLms4cy5pby92MRIWU2VsZlN1YmplY3RSdWxlc1JldmlldxIjChAKABIAGgAiACoAMgA4AEIAEgkKB2RlZmF1bHQaBBgAIgAaACIA',
    object: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      metadata: {},
      spec: {namespace: 'default'},
    },
  },
];

/** An object of one field behind its type, each number below 128. */
function bodyOf(kind: string, field: readonly number[]): Uint8Array {
  const type = [0x0a, 2, ...Buffer.from('v1'), 0x12, kind.length, ...Buffer.from(kind)];
  return Uint8Array.from([0x6b, 0x38, 0x73, 0, 0x0a, type.length, ...type, 0x12, field.length, ...field]);
}

describe('a protobuf body', () => {
  test.each(recorded)('of kubectl $name', ({body, object}) => {
    expect(decodeKubernetesProtobuf(Buffer.from(body, 'base64'))).toEqual(object);
  });

  test.each([
    {name: 'a false that is set counts', kind: 'ConfigMap', field: [0x20, 0], object: {immutable: false}},
    {name: 'a true', kind: 'Secret', field: [0x28, 1], object: {immutable: true}},
    {
      name: 'text for a port',
      kind: 'Service',
      field: [0x12, 12, 0x0a, 10, 0x22, 8, 0x08, 1, 0x10, 0, 0x1a, 2, 0x68, 0x69],
      object: {spec: {ports: [{targetPort: 'hi'}]}},
    },
    {
      name: 'a time',
      kind: 'ConfigMap',
      field: [0x0a, 4, 0x42, 2, 0x08, 60],
      object: {metadata: {creationTimestamp: '1970-01-01T00:01:00Z'}},
    },
    {name: 'an unknown field that is empty', kind: 'ConfigMap', field: [0x7a, 0, 0x78, 0], object: {}},
  ])('$name', ({kind, field, object}) => {
    expect(decodeKubernetesProtobuf(bodyOf(kind, field))).toEqual({apiVersion: 'v1', kind, metadata: {}, ...object});
  });

  test.each([
    {
      name: 'of another kind',
      body: bodyOf('Widget', []),
      says: 'v1/Widget cannot be read from protobuf; send it as JSON',
    },
    {
      name: 'with an unknown field that is not empty',
      body: bodyOf('ConfigMap', [0x7a, 1, 0x41]),
      says: 'field 15 of a message is not known',
    },
    {name: 'that is JSON', body: Buffer.from('{}'), says: 'it does not begin as a Kubernetes object'},
    {name: 'that is empty', body: new Uint8Array(), says: 'it does not begin'},
    {name: 'that is cut off', body: bodyOf('ConfigMap', [0x12, 100]), says: 'a field is cut off'},
    {
      name: 'with a number that does not end',
      body: bodyOf('ConfigMap', [0x20, ...Array.from({length: 11}, () => 0xff)]),
      says: 'a number is longer',
    },
    {name: 'with a group', body: bodyOf('ConfigMap', [0x0b]), says: 'there is no wire type 3'},
    {
      name: 'with a number for a message',
      body: bodyOf('ConfigMap', [0x08, 1]),
      says: 'a number stands where bytes are due',
    },
  ])('$name is refused', ({body, says}) => {
    expect(() => decodeKubernetesProtobuf(body)).toThrow(says);
  });

  test('of any bytes is an object or an error of ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 40}), (bytes) => {
        try {
          expect(decodeKubernetesProtobuf(bodyOf('Service', [...bytes]))).toBeTypeOf('object');
        } catch (error) {
          expect(error).toBeInstanceOf(IsthmusError);
        }
      }),
    );
  });
});
