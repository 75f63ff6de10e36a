import type {ExportPolicy, GlobalTrafficPolicy, ImportPolicy} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {keyOf, parseKey} from '../api/meta.ts';
import {exportPolicies, globalTrafficPolicies, importPolicies, type Resource} from '../api/resources.ts';
import {COPIES_CONDITION} from '../api/names.ts';
import {mirroredName} from '../clusterset/policy-origin.ts';

/** The kinds that are applied in the hub's cluster and reach every member. */
export type PolicyKind = 'export-policy' | 'import-policy' | 'traffic-policy';

export type Policy = ExportPolicy | ImportPolicy | GlobalTrafficPolicy;

export const policyResources: Readonly<Record<PolicyKind, Resource>> = {
  'export-policy': exportPolicies,
  'import-policy': importPolicies,
  'traffic-policy': globalTrafficPolicies,
};

export const POLICY_KINDS: readonly PolicyKind[] = ['export-policy', 'import-policy', 'traffic-policy'];

const PREFIX = mirroredName('');

/** Key of the copy in a member, of the key of the original in the hub's cluster. */
export function copyKeyOf(original: string): string {
  const at = parseKey(original);
  return keyOf({...at, name: mirroredName(at.name)});
}

/** The reverse of {@link copyKeyOf}; undefined: no copy has such a name. */
export function originalKeyOf(copy: string): string | undefined {
  const at = parseKey(copy);
  return at.name.startsWith(PREFIX) ? keyOf({...at, name: at.name.slice(PREFIX.length)}) : undefined;
}

/** What is kept of a policy, in the hub's cluster and in members alike: what it says, not what is said of it. */
export function keepPolicy(raw: KubeObject): Policy {
  const {apiVersion, kind, metadata, spec} = raw as Policy;
  const {name, namespace, uid, generation, labels, annotations} = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : {namespace}),
      ...(uid === undefined ? {} : {uid}),
      ...(generation === undefined ? {} : {generation}),
      ...(labels === undefined ? {} : {labels}),
      ...(annotations === undefined ? {} : {annotations}),
    },
    ...(spec === undefined ? {} : {spec}),
  } as Policy;
}

/** The same of an original in the hub's cluster, with the one condition that is the hub's own. */
export function keepOriginal(raw: KubeObject): Policy {
  const conditions = (raw as Policy).status?.conditions?.filter(({type}) => type === COPIES_CONDITION) ?? [];
  return conditions.length === 0 ? keepPolicy(raw) : {...keepPolicy(raw), status: {conditions}};
}
