import {HUB_MANAGED_BY, isProtectedNamespace, MANAGED_BY_LABEL, POLICY_FOR_ANNOTATION} from '../api/names.ts';
import {mirroredName, originOf} from '../clusterset/policy-origin.ts';
import type {NamespaceState} from './plan-import.ts';
import type {Policy} from './policy-kinds.ts';

export interface PolicySituation {
  /** The hub's; undefined: there is none of this name (any more). */
  readonly original: Policy | undefined;
  /** What stands in the member under the name of the copy. */
  readonly actual: Policy | undefined;
  /** The member is the hub's own cluster, so the original itself is there. */
  readonly isOriginalThere: boolean;
  /** Undefined: of a cluster-scoped kind. */
  readonly namespace: {readonly name: string; readonly state: NamespaceState} | undefined;
  readonly ownNamespace: string;
}

export type PolicyPlan =
  | {readonly do: 'nothing'}
  /** Only after it was made sure that the original is gone. */
  | {readonly do: 'delete'; readonly uid: string}
  | {readonly do: 'write'; readonly object: Policy};

/**
 * The copy of one policy of the hub in one member (design §4: policies applied on the hub reach the members). Whatever stands
 * under its name is made the copy: without that, taking our label off it would be a way to be rid of a denial.
 */
export function planPolicy({original, actual, isOriginalThere, namespace, ownNamespace}: PolicySituation): PolicyPlan {
  if (namespace !== undefined && isProtectedNamespace(namespace.name, ownNamespace)) return {do: 'nothing'};
  if (original === undefined || isOriginalThere) {
    const isOurs = actual !== undefined && originOf(actual) === 'Hub';
    return isOurs && actual.metadata.uid !== undefined ? {do: 'delete', uid: actual.metadata.uid} : {do: 'nothing'};
  }
  // What it is about is not there either.
  if (namespace !== undefined && namespace.state !== 'Present') return {do: 'nothing'};
  return {do: 'write', object: copyOf(original, actual?.metadata.uid)};
}

function copyOf({apiVersion, kind, metadata, spec}: Policy, uid: string | undefined): Policy {
  return {
    apiVersion,
    kind,
    metadata: {
      ...(metadata.namespace === undefined ? {} : {namespace: metadata.namespace}),
      name: mirroredName(metadata.name),
      ...(uid === undefined ? {} : {uid}),
      labels: {[MANAGED_BY_LABEL]: HUB_MANAGED_BY},
      annotations: {[POLICY_FOR_ANNOTATION]: metadata.name},
    },
    ...(spec === undefined ? {} : {spec}),
  } as Policy;
}
