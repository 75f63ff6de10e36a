import {isReadinessOutdated} from '../../src/clusterset/staleness.ts';
import type {View, ViewChange} from '../../src/clusterset/view.ts';
import {changedFacts, clusterFacts, dependsOn} from './cluster-facts.ts';
import type {ClusterFact} from './cluster-facts.ts';

export interface Dirty {
  readonly imports: Set<string>;
  readonly facts: ReadonlyMap<string, ClusterFact>;
}

export interface Before {
  readonly view: View;
  readonly facts: ReadonlyMap<string, ClusterFact>;
}

/**
 * Which imports have to be compiled again: those that the change names, and those whose answers depend on something in the
 * clusterset that differs.
 *
 * @param gateways - whether answers are gateway addresses, and so depend on whole routes
 */
export function dirtyImports(before: Before, o: {view: View; change: ViewChange; gateways: boolean}): Dirty {
  const {view, change, gateways} = o;
  const imports = new Set(change.imports);
  const hasImportPolicies = view.importPolicies.size > 0;
  // ImportPolicies may select by the labels of a namespace.
  if (hasImportPolicies && change.namespaces.size > 0) {
    for (const [key, {namespace}] of view.imports) if (change.namespaces.has(namespace)) imports.add(key);
  }
  if (!change.clusterset) return {imports, facts: before.facts};
  const facts = clusterFacts(view, gateways || hasImportPolicies);
  for (const key of differing(before.view.trafficPolicies, view.trafficPolicies)) imports.add(key);
  if (isWholeClustersetDifferent(before, {view, facts, gateways})) {
    return {imports: new Set([...imports, ...view.imports.keys()]), facts};
  }
  const changed = changedFacts(before.facts, facts);
  if (changed.any.size === 0) return {imports, facts};
  for (const [key, service] of view.imports) {
    const clusters = service.type === 'Headless' || gateways ? changed.any : changed.ofAddresses;
    if (clusters.size > 0 && dependsOn(service, clusters)) imports.add(key);
  }
  return {imports, facts};
}

function isWholeClustersetDifferent(
  before: Before,
  {view, facts, gateways}: {view: View; facts: Before['facts']; gateways: boolean},
): boolean {
  if (differing(before.view.importPolicies, view.importPolicies).length > 0) return true;
  if (dottedIds(before.view).join(' ') !== dottedIds(view).join(' ')) return true;
  if (!gateways) return false;
  const own = view.clusterId;
  return (
    before.view.defaultRouting !== view.defaultRouting ||
    hubFact(before.view) !== hubFact(view) ||
    before.facts.get(own)?.routing !== facts.get(own)?.routing
  );
}

/** What routes depend on of the hub: not when it was heard last, which is different with every heartbeat. */
function hubFact(view: View): string {
  const {state} = view.hub;
  const sinceMs = view.hub.state === 'Alive' ? view.hub.sinceMs : undefined;
  return `${state} ${sinceMs} ${isReadinessOutdated(view.clusterId, view)}`;
}

/** Cluster ids of several labels: what is below one may be the name of another (rule D11). */
export function dottedIds(view: View): readonly string[] {
  return [...view.clusters.keys()].filter((id) => id.includes('.')).sort();
}

/** Keys whose values are not the very same. */
function differing<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): readonly string[] {
  if (before === after) return [];
  return [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));
}
