import type {ResourceType, Subresource} from '../apiserver/resource-type.ts';
import {storageKeyOf} from '../apiserver/resource-type.ts';
import type {Schema} from '../schema/schema.ts';
import {admissionPolicyBindingStrategy, admissionPolicyStrategy} from './admission-policy-strategies.ts';
import {configMapStrategy, secretStrategy} from './config-data-strategies.ts';
import {endpointSliceStrategy} from './endpoint-slice-strategy.ts';
import {eventStrategy} from './event-strategy.ts';
import {leaseStrategy} from './lease-strategy.ts';
import {namespaceStrategy} from './namespace-strategy.ts';
import {podStrategy} from './pod-strategy.ts';
import {clusterRoleStrategy, roleBindingStrategy, roleStrategy} from './rbac-strategies.ts';
import {builtinSchema} from './schemas.ts';
import type {ServiceIpAllocator} from './service-ip-allocator.ts';
import {serviceStrategy} from './service-strategy.ts';
import type {Strategy} from './strategy.ts';
import {mutatingWebhookStrategy, validatingWebhookStrategy} from './webhook-configuration-strategy.ts';

interface KindRow {
  readonly kind: string;
  readonly plural: string;
  readonly clusterScoped?: boolean;
  readonly hasStatus?: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly strategy?: Strategy;
  readonly subresources?: readonly Subresource[];
}

const EXTENSIONS = ['api-extensions'];
const TOKEN: Subresource = {
  name: 'token',
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  verbs: ['create'],
};

/** What each group serves in `v1`, with the names and categories that discovery shows (recorded, reference fixtures). */
function rows(allocator: ServiceIpAllocator): Readonly<Record<string, readonly KindRow[]>> {
  return {
    '': [
      {
        kind: 'Namespace',
        plural: 'namespaces',
        clusterScoped: true,
        hasStatus: true,
        shortNames: ['ns'],
        strategy: namespaceStrategy,
      },
      {
        kind: 'Service',
        plural: 'services',
        hasStatus: true,
        shortNames: ['svc'],
        categories: ['all'],
        strategy: serviceStrategy(allocator),
      },
      {kind: 'Pod', plural: 'pods', hasStatus: true, shortNames: ['po'], categories: ['all'], strategy: podStrategy},
      {kind: 'ConfigMap', plural: 'configmaps', shortNames: ['cm'], strategy: configMapStrategy},
      {kind: 'Secret', plural: 'secrets', strategy: secretStrategy},
      {
        kind: 'ServiceAccount',
        plural: 'serviceaccounts',
        shortNames: ['sa'],
        strategy: {answersDeleteWithObject: true},
        subresources: [TOKEN],
      },
      {kind: 'Node', plural: 'nodes', clusterScoped: true, hasStatus: true, shortNames: ['no']},
      {kind: 'Event', plural: 'events', shortNames: ['ev'], strategy: eventStrategy},
    ],
    'discovery.k8s.io': [{kind: 'EndpointSlice', plural: 'endpointslices', strategy: endpointSliceStrategy}],
    'coordination.k8s.io': [{kind: 'Lease', plural: 'leases', strategy: leaseStrategy}],
    'networking.k8s.io': [{kind: 'ServiceCIDR', plural: 'servicecidrs', clusterScoped: true, hasStatus: true}],
    'apiextensions.k8s.io': [
      {
        kind: 'CustomResourceDefinition',
        plural: 'customresourcedefinitions',
        clusterScoped: true,
        hasStatus: true,
        shortNames: ['crd', 'crds'],
        categories: EXTENSIONS,
        strategy: {answersDeleteWithObject: true},
      },
    ],
    'admissionregistration.k8s.io': [
      {
        kind: 'MutatingWebhookConfiguration',
        plural: 'mutatingwebhookconfigurations',
        clusterScoped: true,
        categories: EXTENSIONS,
        strategy: mutatingWebhookStrategy,
      },
      {
        kind: 'ValidatingWebhookConfiguration',
        plural: 'validatingwebhookconfigurations',
        clusterScoped: true,
        categories: EXTENSIONS,
        strategy: validatingWebhookStrategy,
      },
      {
        kind: 'ValidatingAdmissionPolicy',
        plural: 'validatingadmissionpolicies',
        clusterScoped: true,
        hasStatus: true,
        categories: EXTENSIONS,
        strategy: admissionPolicyStrategy,
      },
      {
        kind: 'ValidatingAdmissionPolicyBinding',
        plural: 'validatingadmissionpolicybindings',
        clusterScoped: true,
        categories: EXTENSIONS,
        strategy: admissionPolicyBindingStrategy,
      },
    ],
    'rbac.authorization.k8s.io': [
      {kind: 'Role', plural: 'roles', strategy: roleStrategy},
      {kind: 'RoleBinding', plural: 'rolebindings', strategy: roleBindingStrategy},
      {kind: 'ClusterRole', plural: 'clusterroles', clusterScoped: true, strategy: clusterRoleStrategy},
      {kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', clusterScoped: true, strategy: roleBindingStrategy},
    ],
  };
}

/**
 * The kinds that an embedded API server knows by itself.
 *
 * @param options.allocator - of the cluster's own Service range; one per cluster
 */
export function builtinKinds(options: {index: number; allocator: ServiceIpAllocator}): readonly ResourceType[] {
  return Object.entries(rows(options.allocator)).flatMap(([group, kinds]) => kinds.map((row) => toType(group, row)));
}

/** Anything goes: for a kind that nobody has described. */
const OPEN: Schema = {'type': 'object', 'x-kubernetes-preserve-unknown-fields': true};

function toType(group: string, row: KindRow): ResourceType {
  const {kind, plural} = row;
  return {
    group,
    version: 'v1',
    kind,
    plural,
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    namespaced: row.clusterScoped !== true,
    hasStatus: row.hasStatus ?? false,
    schema: builtinSchema(group, 'v1', kind) ?? OPEN,
    custom: false,
    storageKey: storageKeyOf(group, plural),
    strategy: row.strategy ?? {},
    ...(row.subresources === undefined ? {} : {subresources: row.subresources}),
  };
}
