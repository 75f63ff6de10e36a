import {parseKey} from '../api/meta.ts';
import {isUpToDate} from '../kube/apply-if-different.ts';
import type {Member} from './member.ts';
import type {MemberContext} from './member-context.ts';
import {namespaceState} from './member-state.ts';
import {planPolicy, type PolicyPlan} from './plan-policy.ts';
import type {CopyState} from './plan-policy-status.ts';
import {copyKeyOf, originalKeyOf, type Policy, type PolicyKind} from './policy-kinds.ts';
import {saidElsewhere} from './said-elsewhere.ts';
import {syncItemText} from './sync-item.ts';

export interface PolicyCopy {
  readonly original: Policy | undefined;
  /** Key of the original; undefined: no copy has such a name. */
  readonly key: string | undefined;
  /** What stands in the member under the name of the copy. */
  readonly actual: Policy | undefined;
  readonly plan: PolicyPlan;
  /** The member has the original itself. */
  readonly isOriginalThere: boolean;
}

/**
 * What is to be done about the copy of one policy in one member.
 *
 * @param copy - its key
 * @returns undefined where the member doesn't serve the kind
 */
export function planCopy(context: MemberContext, kind: PolicyKind, copy: string): PolicyCopy | undefined {
  const {facts, writers, watches} = context;
  const writer = writers.policies.get(kind);
  if (writer === undefined) return undefined;
  const key = originalKeyOf(copy);
  const original = key === undefined ? undefined : facts.policies(kind).get(key);
  const {namespace} = parseKey(copy);
  const there = key === undefined ? undefined : watches.policies.get(kind)?.store.get(key);
  const isOriginalThere = original?.metadata.uid !== undefined && there?.metadata.uid === original.metadata.uid;
  const actual = writer.actual(copy);
  const plan = planPolicy({
    original,
    actual,
    isOriginalThere,
    namespace: namespace === undefined ? undefined : {name: namespace, state: namespaceState(context, namespace)},
    ownNamespace: facts.namespace,
  });
  return {original, key, actual, plan, isOriginalThere};
}

/**
 * How far one policy of the hub has come in one member, by what its watch shows: any replica can tell, whoever writes there.
 *
 * @param failure - why the last attempt to write it failed, where this replica writes
 */
export function copyStateIn(
  context: MemberContext,
  {kind, key, failure}: {readonly kind: PolicyKind; readonly key: string; readonly failure: string | undefined},
): CopyState {
  const reflector = context.watches.policies.get(kind);
  if (reflector === undefined) return {state: 'Failed', why: 'it does not serve this kind; apply manifests/crds there'};
  const {synced, forbidden} = reflector.status();
  if (forbidden !== undefined) return {state: 'Unknown', why: forbidden};
  if (!synced || !context.watches.isSynced) return {state: 'Waiting', why: 'its objects are being read'};
  const copy = planCopy(context, kind, copyKeyOf(key));
  if (copy === undefined || copy.plan.do === 'delete') return {state: 'Waiting', why: 'a copy is still to be removed'};
  if (copy.plan.do === 'nothing') {
    if (copy.isOriginalThere) return {state: 'Held'};
    return {state: 'NotNeeded', why: `it has no namespace ${parseKey(key).namespace ?? ''}`};
  }
  if (isUpToDate(copy.actual, copy.plan.object, {whole: ['spec']})) return {state: 'Held'};
  return failure === undefined ? {state: 'Waiting', why: 'it is still to be written'} : {state: 'Failed', why: failure};
}

/** The same of a member, whatever its connection is like. */
export function copyStateOf(member: Member, kind: PolicyKind, key: string): CopyState {
  const {session, connection, api} = member;
  const isAsked = session !== undefined && api?.state !== 'Unreachable';
  if (isAsked) {
    const seen = session.policyCopy(kind, key);
    if (seen.state !== 'Waiting' || !session.isWrittenElsewhere) return seen;
    return saidElsewhere(member.cluster, syncItemText(kind, copyKeyOf(key))) ?? seen;
  }
  const reachable = member.reachable();
  const isSure = connection?.refusal !== undefined || api?.state === 'Unreachable';
  const {reason} = reachable.status === 'True' ? member.synced() : reachable;
  return {state: isSure ? 'Unknown' : 'Waiting', why: reason};
}
