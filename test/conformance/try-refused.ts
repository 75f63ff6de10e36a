import type {KubeObject} from '../../src/api/meta.ts';
import {apiVersionOf} from '../../src/api/resources.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {requestToken} from '../../src/kube/token-request.ts';
import type {TestCluster} from '../hub/clusterset.ts';
import {TEAM} from './refused-rows.ts';
import type {RefusedRow} from './refused-rows.ts';

const USER = 'developer';

/** A user who may do everything with the standard's kinds in a namespace of their own, the verb `own` included. */
export async function userOf(member: TestCluster): Promise<KubeClient> {
  await member.apply(`apiVersion: v1
kind: Namespace
metadata: {name: ${TEAM}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {namespace: ${TEAM}, name: ${USER}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {namespace: ${TEAM}, name: ${USER}}
rules: [{apiGroups: [multicluster.x-k8s.io], resources: ['*'], verbs: ['*']}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {namespace: ${TEAM}, name: ${USER}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${USER}}
subjects: [{kind: ServiceAccount, namespace: ${TEAM}, name: ${USER}}]`);
  const token = await requestToken(member.client, {namespace: TEAM, name: USER, expirationSeconds: 3_600});
  const {server, ca} = member.cluster.credentials;
  return new KubeClient({credentials: {server, ca, token}, userAgent: 'kubectl'});
}

/** Creates what must be refused. @throws KubeError which it is refused by */
export async function tryToCreate(
  row: RefusedRow,
  {administrator, user}: {administrator: KubeClient; user: KubeClient},
): Promise<void> {
  const {resource, namespace, name = 'refused', spec} = row;
  const object = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: {...(namespace === undefined ? {} : {namespace}), name},
    spec,
  } as KubeObject;
  await (row.as === 'administrator' ? administrator : user).create(resource, object, {
    fieldManager: 'kubectl',
    dryRun: true,
  });
}
