import type {MemberContext} from './member-context.ts';
import {planCopy} from './policy-copies.ts';
import type {PolicyKind} from './policy-kinds.ts';

/**
 * Makes the copy of one policy of the hub in one member what the original says, or takes it away. @throws KubeError
 *
 * @param copy - key of the copy
 */
export async function syncPolicy(
  context: MemberContext,
  {kind, copy}: {readonly kind: PolicyKind; readonly copy: string},
  signal: AbortSignal,
): Promise<void> {
  const {facts, writers} = context;
  const writer = writers.policies.get(kind);
  const planned = planCopy(context, kind, copy);
  if (writer === undefined || planned === undefined) return;
  const {plan, original, key} = planned;
  if (plan.do === 'write') await writer.apply(plan.object, undefined, signal);
  if (plan.do !== 'delete') return;
  // Less policy is more that is allowed: a copy goes when the original is sure to be gone.
  if (original === undefined && key !== undefined && !(await facts.isPolicyGone(kind, key, signal))) return;
  await writer.delete(copy, plan.uid, signal);
}
