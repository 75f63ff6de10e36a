import type {MemberExport} from './member-export.ts';

/**
 * Whether a cluster may import this export: FSM's `targetClusters`, of which none means all (reference: FSM §1.2).
 * The exporter itself is always one: hiding a cluster's own endpoints from it would send its requests abroad.
 *
 * @param consumer - `key` is the long form `region/zone/group/name`; a target may be written in either form
 */
export function isTargeted(e: MemberExport, consumer: {readonly id: string; readonly key: string}): boolean {
  const targets = e.flomesh?.targetClusters ?? [];
  if (targets.length === 0 || e.cluster === consumer.id) return true;
  return targets.some((target) => isClusterNamed(target, consumer));
}

/** A long key names a cluster only as a whole, so that a wrong region is not silently some other cluster. */
export function isClusterNamed(name: string, cluster: {readonly id: string; readonly key: string}): boolean {
  return name === (name.includes('/') ? cluster.key : cluster.id);
}
