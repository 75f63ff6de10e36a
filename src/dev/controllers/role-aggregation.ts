import type {Logger} from 'pino';
import {matchesSelector} from '../../clusterset/selectors.ts';
import type {InternalApi} from '../apiserver/internal-api.ts';
import {labelsOf, nameOf, objectIn, objectsIn} from '../builtin/read-json.ts';
import {jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {CLUSTER_ROLES, isType} from './known-types.ts';
import {startReconciler} from './reconciler.ts';

const MANAGER = 'clusterrole-aggregation-controller';

/**
 * Fills ClusterRoles that have an `aggregationRule` with the rules of all ClusterRoles that its selectors find. Those that are there
 * already are filled when this returns.
 *
 * @returns stops it
 */
export function startRoleAggregation(api: InternalApi, {logger}: {readonly logger: Logger}): () => void {
  // What one role gathers may be gathered from it again (view, edit, admin), so until nothing changes.
  while (aggregating(api).some((role) => aggregate(api, role)));
  return startReconciler(api, {
    name: 'role-aggregation',
    logger,
    keysOf: ({type}) => (isType(type, CLUSTER_ROLES) ? aggregating(api).map(nameOf) : []),
    reconcile: (name) => {
      const role = api.get(CLUSTER_ROLES, undefined, name);
      if (role !== undefined) aggregate(api, role);
    },
  });
}

function aggregating(api: InternalApi): readonly JsonObject[] {
  return api.list(CLUSTER_ROLES).filter((role) => role['aggregationRule'] !== undefined);
}

/** @returns whether the role has changed */
function aggregate(api: InternalApi, role: JsonObject): boolean {
  const {apiVersion, kind} = role;
  const name = nameOf(role);
  const rules: JsonObject[] = [];
  for (const selector of objectsIn(objectIn(role, 'aggregationRule'), 'clusterRoleSelectors')) {
    for (const part of api.list(CLUSTER_ROLES)) {
      if (nameOf(part) === name || !matchesSelector(selector, labelsOf(part))) continue;
      const news = objectsIn(part, 'rules').filter((rule) => !rules.some((known) => jsonEquals(known, rule)));
      rules.push(...news);
    }
  }
  if (jsonEquals(rules, objectsIn(role, 'rules'))) return false;
  api.apply(CLUSTER_ROLES, {apiVersion, kind, metadata: {name}, rules}, MANAGER);
  return true;
}
