import {parseKey} from '../api/meta.ts';
import type {MemberContext} from './member-context.ts';
import {namespaceState} from './member-state.ts';
import {planPolicy} from './plan-policy.ts';
import {originalKeyOf, type PolicyKind} from './policy-kinds.ts';

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
  const {facts, writers, watches} = context;
  const writer = writers.policies.get(kind);
  if (writer === undefined) return;
  const key = originalKeyOf(copy);
  const original = key === undefined ? undefined : facts.policies(kind).get(key);
  const {namespace} = parseKey(copy);
  const there = key === undefined ? undefined : watches.policies.get(kind)?.store.get(key);
  const plan = planPolicy({
    original,
    actual: writer.actual(copy),
    isOriginalThere: original?.metadata.uid !== undefined && there?.metadata.uid === original.metadata.uid,
    namespace: namespace === undefined ? undefined : {name: namespace, state: namespaceState(context, namespace)},
    ownNamespace: facts.namespace,
  });
  if (plan.do === 'write') await writer.apply(plan.object, undefined, signal);
  if (plan.do !== 'delete') return;
  // Less policy is more that is allowed: a copy goes when the original is sure to be gone.
  if (original === undefined && key !== undefined && !(await facts.isPolicyGone(kind, key, signal))) return;
  await writer.delete(copy, plan.uid, signal);
}
