import type {Cluster} from '../api/kinds.ts';
import type {DefaultExportPolicy} from '../clusterset/export-policy.ts';
import {narrowExports} from '../clusterset/narrow-exports.ts';
import type {ClusterPlace} from '../clusterset/policy-condition.ts';
import type {MergeRules} from './clusterset-exports.ts';
import {ImportTypes} from './import-types.ts';
import type {Member} from './member.ts';
import type {PolicyRegistry} from './policy-registry.ts';

export interface MergeRulesOptions {
  readonly members: ReadonlyMap<string, Member>;
  readonly policies: PolicyRegistry;
  readonly defaultExportPolicy?: DefaultExportPolicy | undefined;
  readonly isGathered: () => boolean;
  /** Whether a cluster can't be asked what it exports under this name. */
  readonly isUnknown: (cluster: string, key: string) => boolean;
}

/** What the hub adds to a merge: its ExportPolicies before it, and the types of the imports that exist after it. */
export function mergeRules({
  members,
  policies,
  defaultExportPolicy,
  isGathered,
  isUnknown,
}: MergeRulesOptions): MergeRules {
  const types = new ImportTypes(members, isUnknown);
  return {
    narrow: (exports) =>
      narrowExports(exports, {
        policies: policies.exportPolicies,
        ...(defaultExportPolicy === undefined ? {} : {defaultPolicy: defaultExportPolicy}),
        clusters: new Map(exports.map(({cluster}) => [cluster, placeOf(members.get(cluster)?.cluster)])),
        labelsOf: ({subject}) => subject,
      }).exports,
    typeOf: (key, hasEnded) => types.ofMost(key, hasEnded),
    typeIn: (member) => (key, hasEnded) => types.in(member, key, hasEnded),
    areTypesKnown: isGathered,
  };
}

/** Where a cluster is, for conditions of policies; one that isn't registered is nowhere in particular. */
export function placeOf(cluster: Cluster | undefined): ClusterPlace {
  const {region = 'default', zone = 'default', group = 'default', network} = cluster?.spec ?? {};
  return {region, zone, group, network};
}
