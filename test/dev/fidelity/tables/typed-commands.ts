import {account, AUTHENTICATION, AUTHORIZATION, RBAC} from '../callers.ts';
import {refused} from '../answers.ts';
import {SVC} from '../kinds.ts';
import {get, post} from '../row.ts';
import type {Call, Row} from '../row.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const TYPED = 'fieldManager=kubectl-create&fieldValidation=Strict';
const ACCOUNT = '/api/v1/namespaces/default/serviceaccounts/sa1';
const SECRETS = '/api/v1/namespaces/default/secrets';
const ROLES = `${RBAC}/namespaces/default`;

/** A body as kubectl's typed commands send it. The answer is asked for as JSON, so that it can be looked at. */
function typed(path: string, base64: string): Call {
  return post(path, Buffer.from(base64, 'base64'), {contentType: PROTOBUF, headers: {accept: 'application/json'}});
}

/** Commands of kubectl that know their kind, and send it as protobuf (apiserver §1.5). */
export const typedCommands: readonly Row[] = [
  {
    name: 'auth whoami',
    call: typed(
      `${AUTHENTICATION}/selfsubjectreviews`,
      'azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoECgASABoAIgA=',
    ),
    answer: {code: 201, object: {kind: 'SelfSubjectReview', status: {userInfo: {username: 'admin'}}}},
  },
  {
    name: 'auth can-i get pods',
    call: typed(
      `${AUTHORIZATION}/selfsubjectaccessreviews`,
      'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPAoQCgASABoAIgAqADIAOABCABIeChwKB2RlZmF1bHQSA2dldBoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=',
    ),
    answer: {code: 201, object: {status: {allowed: true}}},
  },
  {
    name: 'auth can-i --list',
    call: typed(
      `${AUTHORIZATION}/selfsubjectrulesreviews`,
      'azhzAAoxChdhdXRob3JpemF0aW9uLms4cy5pby92MRIWU2VsZlN1YmplY3RSdWxlc1JldmlldxIjChAKABIAGgAiACoAMgA4AEIAEgkKB2RlZmF1bHQaBBgAIgAaACIA',
    ),
    answer: {code: 201, object: {status: {incomplete: false}}},
  },
  {
    name: 'create token, bound to a pod that is not there',
    before: [account('sa1')],
    call: typed(
      `${ACCOUNT}/token`,
      'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIxChAKABIAGgAiACoAMgA4AEIAEhcKAXgaDwoDUG9kEgJ2MRoCcDEiACCUBRoECgASABoAIgA=',
    ),
    answer: refused(404, 'NotFound', 'pods "p1" not found', {name: 'p1', kind: 'pods'}),
  },
  {
    name: 'create token, for an audience and eleven minutes',
    call: typed(
      `${ACCOUNT}/token`,
      'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIgChAKABIAGgAiACoAMgA4AEIAEgYKAXgglAUaBAoAEgAaACIA',
    ),
    answer: {code: 201, object: {spec: {audiences: ['x'], expirationSeconds: 660}}},
  },
  {
    name: 'create secret',
    call: typed(`${SECRETS}?${TYPED}`, 'azhzAAoMCgJ2MRIGU2VjcmV0Eh4KEgoCczkSABoAIgAqADIAOABCABIGCgFhEgFiGgAaACIA'),
    answer: {code: 201, object: {kind: 'Secret', data: {a: 'Yg=='}, type: 'Opaque'}},
  },
  {
    name: 'create service clusterip',
    call: typed(
      `${SVC}?${TYPED}`,
      'azhzAAoNCgJ2MRIHU2VydmljZRJmCh8KA2NzORIAGgAiACoAMgA4AEIAWgoKA2FwcBIDY3M5Ej8KGAoFODAtODASA1RDUBhQIgYIABBQGgAoABIKCgNhcHASA2NzORoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==',
    ),
    answer: {code: 201, object: {spec: {selector: {app: 'cs9'}, ports: [{name: '80-80', port: 80, targetPort: 80}]}}},
  },
  {
    name: 'create role',
    call: typed(
      `${ROLES}/roles?${TYPED}`,
      'azhzAAokChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgRSb2xlEiMKEgoCcjkSABoAIgAqADIAOABCABINCgNnZXQSABoEcG9kcxoAIgA=',
    ),
    answer: {code: 201, object: {rules: [{verbs: ['get'], apiGroups: [''], resources: ['pods']}]}},
  },
  {
    name: 'create rolebinding',
    call: typed(
      `${ROLES}/rolebindings?${TYPED}`,
      'azhzAAorChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgtSb2xlQmluZGluZxJeChMKA3JiORIAGgAiACoAMgA4AEIAEiAKDlNlcnZpY2VBY2NvdW50EgAaA3NhOSIHZGVmYXVsdBolChlyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvEgRSb2xlGgJyORoAIgA=',
    ),
    answer: {
      code: 201,
      object: {roleRef: {kind: 'Role', name: 'r9'}, subjects: [{kind: 'ServiceAccount', name: 'sa9'}]},
    },
  },
  {
    name: 'what they made is there',
    call: get(`${SECRETS}/s9`),
    answer: {code: 200, object: {data: {a: 'Yg=='}}},
  },
];
