import type {JsonObject} from '../schema/json.ts';
import {applyDefaults} from '../schema/defaults.ts';
import {createNow} from '../apiserver/write/create-object.ts';
import {internalCall} from '../apiserver/write/internal-call.ts';
import type {WriteContext} from '../apiserver/write/write-call.ts';
import {metaOf} from '../apiserver/object-meta.ts';
import {bootstrapRoles} from './tables/bootstrap-roles.ts';
import type {BootstrapRole, ShortRule} from './tables/bootstrap-roles.ts';

const GROUP = 'rbac.authorization.k8s.io';
const LABEL = `${GROUP}/aggregate-to-`;
const MANAGER = 'kube-apiserver';

/** Makes the ClusterRoles and bindings that every cluster begins with. To be called once, before anybody may come in. */
export function createBootstrapRoles(context: WriteContext): void {
  for (const role of bootstrapRoles) {
    create(context, 'clusterroles', toClusterRole(role));
    if (role.groups !== undefined) create(context, 'clusterrolebindings', toBinding(role.name, role.groups));
  }
}

function create(context: WriteContext, plural: string, object: JsonObject): void {
  const type = context.registry.stored({group: GROUP, plural});
  if (type === undefined) return;
  const call = internalCall(type, {verb: 'create', manager: MANAGER, at: metaOf(object)});
  createNow(context, call, {object: applyDefaults(type.schema, object), tracked: false});
}

function metadata(name: string, labels: JsonObject = {}): JsonObject {
  return {
    name,
    labels: {'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels},
    annotations: {'rbac.authorization.kubernetes.io/autoupdate': 'true'},
  };
}

function toClusterRole({name, aggregateTo, aggregated, rules}: BootstrapRole): JsonObject {
  const labels = aggregateTo === undefined ? {} : {[`${LABEL}${aggregateTo}`]: 'true'};
  const gathered = {clusterRoleSelectors: [{matchLabels: {[`${LABEL}${name}`]: 'true'}}]};
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRole',
    metadata: metadata(name, labels),
    rules: rules === undefined ? null : rules.map(toRule),
    ...(aggregated === undefined ? {} : {aggregationRule: gathered}),
  };
}

function toRule(short: ShortRule): JsonObject {
  const verbs = short.verbs.split(' ');
  if ('urls' in short) return {verbs, nonResourceURLs: short.urls.split(' ')};
  const apiGroups = short.groups.split(' ').map((group) => (group === 'core' ? '' : group));
  return {verbs, apiGroups, resources: short.resources.split(' ')};
}

function toBinding(name: string, groups: readonly string[]): JsonObject {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    roleRef: {apiGroup: GROUP, kind: 'ClusterRole', name},
    subjects: groups.map((group) => ({kind: 'Group', apiGroup: GROUP, name: group})),
  };
}
