import type {KubeObject} from '../api/meta.ts';
import {HUB_MANAGED_BY, MANAGED_BY_LABEL, POLICY_FOR_ANNOTATION} from '../api/names.ts';

/** Where a policy comes from: written here by the hub, which mirrors its own, or the member's own. */
export type PolicyOrigin = 'Hub' | 'Member';

/** The hub's copies carry its managed-by label, as everything else that it writes (design §3). */
export function originOf({metadata}: KubeObject): PolicyOrigin {
  return metadata.labels?.[MANAGED_BY_LABEL] === HUB_MANAGED_BY ? 'Hub' : 'Member';
}

/**
 * The name that a policy has for those who wrote it. A copy of the hub's may stand under another name than in the hub, so that
 * it doesn't meet a policy that the member has under the same one; then an annotation tells it.
 */
export function policyNameOf(policy: KubeObject): string {
  const {name, annotations} = policy.metadata;
  return originOf(policy) === 'Hub' ? (annotations?.[POLICY_FOR_ANNOTATION] ?? name) : name;
}

/** The name of the copy that the hub writes into members: no member's own policy can be in its way by chance. */
export function mirroredName(name: string): string {
  return `isthmus-hub.${name}`;
}
