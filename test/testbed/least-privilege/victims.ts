import {AGENT_MANAGER, HUB_MANAGER} from '../../../src/api/names.ts';
import {clusterProperties, endpointSlices, flomeshServiceImports, serviceImports} from '../../../src/api/resources.ts';
import type {KubeObject} from '../../../src/api/meta.ts';
import type {DevCluster} from '../../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../../src/kube/client.ts';
import {requestToken} from '../../../src/kube/token-request.ts';
import {SHOP, flomeshImport, serviceImport, slice} from './attempts.ts';
import type {Who} from './attempts.ts';
import {IMPORTED_SLICE} from './objects.ts';
import type {Place} from './world.ts';

/** Users, what they have, and the namespaces that attempts are made in. */
const USERS = `
apiVersion: v1
kind: Namespace
metadata: {name: ${SHOP}, labels: {isthmus.dev/inject: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: openshift}
---
apiVersion: v1
kind: Namespace
metadata: {name: openshift-ingress}
---
apiVersion: v1
kind: Service
metadata: {name: foo, namespace: ${SHOP}}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Secret
metadata: {name: password, namespace: ${SHOP}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: theirs, namespace: ${SHOP}, labels: {kubernetes.io/service-name: foo, endpointslice.kubernetes.io/managed-by: somebody}}
addressType: IPv4
endpoints: []
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: foo, namespace: ${SHOP}}
---
apiVersion: isthmus.dev/v1alpha1
kind: ExportPolicy
metadata: {name: theirs}
spec: {enforcement: Deny, rules: [{name: all, action: Deny}]}
---
apiVersion: isthmus.dev/v1alpha1
kind: ImportPolicy
metadata: {name: theirs}
spec: {enforcement: Deny, rules: [{name: all, action: Deny}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: editor, namespace: ${SHOP}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: editor, namespace: ${SHOP}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: ServiceAccount, name: editor, namespace: ${SHOP}}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: namespace-admin, namespace: ${SHOP}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: everything, namespace: ${SHOP}}
rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: everything, namespace: ${SHOP}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: everything}
subjects: [{kind: ServiceAccount, name: namespace-admin, namespace: ${SHOP}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: exports-anywhere}
rules:
  - {apiGroups: [isthmus.dev], resources: ['*'], verbs: ['*']}
  - {apiGroups: [multicluster.x-k8s.io], resources: [serviceexports], verbs: ['*']}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: exports-anywhere}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: exports-anywhere}
subjects: [{kind: ServiceAccount, name: namespace-admin, namespace: ${SHOP}}]
`;

/** Objects of the hub, of another controller and of users, for attempts to be made on. */
export async function makeVictims(place: Place<DevCluster>, hub: KubeClient): Promise<void> {
  await place.cluster.applyManifests(USERS);
  const asHub = {fieldManager: HUB_MANAGER, force: true};
  const asOther = {fieldManager: 'other-controller', force: true};
  const {admin} = place;
  for (const name of ['ours', 'unlabelled']) await hub.apply(serviceImports, serviceImport(name, SHOP), asHub);
  const unlabel = {metadata: {labels: {'app.kubernetes.io/managed-by': null}}};
  await admin.patch(serviceImports, {namespace: SHOP, name: 'unlabelled'}, {type: 'merge', body: unlabel}, asOther);
  await admin.apply(serviceImports, serviceImport('theirs', SHOP, {}), asOther);
  await admin.apply(flomeshServiceImports, flomeshImport('theirs', SHOP, {}), asOther);
  const {spec: _, ...empty} = flomeshImport('empty', SHOP, {}) as KubeObject & {spec: object};
  await admin.apply(flomeshServiceImports, empty, asOther);
  const filled = flomeshImport('filled', SHOP, {});
  const annotations = {'isthmus.dev/filled-by': HUB_MANAGER};
  await admin.apply(flomeshServiceImports, {...filled, metadata: {...filled.metadata, annotations}}, asOther);
  await hub.apply(endpointSlices, slice('ours', IMPORTED_SLICE.metadata.labels), asHub);
  const property = {apiVersion: 'about.k8s.io/v1beta1', kind: 'ClusterProperty', metadata: {name: 'clusterset.k8s.io'}};
  await hub.apply(clusterProperties, {...property, ...{spec: {value: 'set'}}}, asHub);
}

/** Clients of everybody who attempts something, in one cluster. */
export async function attackers(place: Place<DevCluster>): Promise<Readonly<Record<Who, KubeClient>>> {
  const {server, ca} = place.cluster.credentials;
  const as = (token: string | undefined): KubeClient =>
    new KubeClient({credentials: {server, ca, ...(token === undefined ? {} : {token})}, userAgent: 'attempt'});
  const user = async (name: string): Promise<KubeClient> =>
    as(await requestToken(place.admin, {namespace: SHOP, name, expirationSeconds: 3600}));
  return {
    'hub': as(place.access(HUB_MANAGER).credentials.token),
    'agent': as(place.access(AGENT_MANAGER).credentials.token),
    'editor': await user('editor'),
    'namespace-admin': await user('namespace-admin'),
  };
}
