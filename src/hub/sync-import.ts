import {parseKey} from '../api/meta.ts';
import {HUB_MANAGED_BY, HUB_MANAGER, isProtectedNamespace, MANAGED_BY_LABEL} from '../api/names.ts';
import {apiVersionOf, namespaces} from '../api/resources.ts';
import {KubeError} from '../kube/kube-error.ts';
import type {DeliveryResult} from './delivery-ledger.ts';
import type {MemberContext} from './member-context.ts';
import {mayBeUnseen, memoriesOf, namespaceState} from './member-state.ts';
import type {Plan} from './plan-import.ts';
import {planImport} from './plan-import.ts';
import {inRememberedOrder} from './remembered-export.ts';
import {hasSlices} from './sync-slices.ts';

/** One of each for all names of all members. */
const APPLIED: DeliveryResult = {state: 'Applied'};
const NOT_NEEDED: DeliveryResult = {state: 'NotNeeded'};
const LEFT_ALONE: DeliveryResult = {state: 'LeftAlone'};

/** Makes the standard import of one name in one member what the engine says. @throws KubeError */
export async function syncImport(context: MemberContext, key: string, signal: AbortSignal): Promise<DeliveryResult> {
  const plan = planOf(context, key);
  if (plan?.do !== 'write' || !mayBeUnseen(context, key)) return carryOut(context, key, {plan, signal});
  // A list may have come back short by fault, and what its import remembers of a cluster that can't be asked is nowhere else.
  await context.writers.imports.askFor(parseKey(key), signal);
  return carryOut(context, key, {plan: planOf(context, key), signal});
}

/**
 * How far the import of one name has come in a member that another replica of this hub writes to: judged by what is there. Undefined:
 * it is still to come, or to go.
 */
export function observeImport(context: MemberContext, key: string): DeliveryResult | undefined {
  const plan = planOf(context, key);
  if (plan === undefined) return NOT_NEEDED;
  switch (plan.do) {
    case 'nothing':
      return plan.why === 'NotOurs' ? LEFT_ALONE : NOT_NEEDED;
    case 'delete':
      return undefined;
    case 'write':
      return context.writers.imports.shows(plan.object) ? APPLIED : undefined;
  }
}

/** Undefined: nothing is ever written in that namespace, whatever a member exports (design §10; CVE-2026-66788). */
function planOf(context: MemberContext, key: string): Plan | undefined {
  const {facts, writers, consumer} = context;
  const {namespace = ''} = parseKey(key);
  if (isProtectedNamespace(namespace, facts.namespace)) return undefined;
  const actual = writers.imports.actual(key);
  const memories = memoriesOf(context, key, actual);
  const merged = facts.mergedFor(key, consumer, memories).result.import;
  return planImport({
    merged: merged && memories.length > 0 ? inRememberedOrder(merged, actual) : merged,
    actual,
    namespace: namespaceState(context, namespace),
    createNamespaces: facts.createNamespaces,
    written: actual !== undefined && writers.imports.hasWritten(key),
    hasSlices: hasSlices(context, key),
  });
}

async function carryOut(
  {client, writers}: MemberContext,
  key: string,
  {plan, signal}: {plan: Plan | undefined; signal: AbortSignal},
): Promise<DeliveryResult> {
  if (plan === undefined) return NOT_NEEDED;
  switch (plan.do) {
    case 'nothing':
      return plan.why === 'NotOurs' ? LEFT_ALONE : NOT_NEEDED;
    case 'delete':
      await writers.imports.delete(key, plan.uid, signal);
      return NOT_NEEDED;
    case 'write':
      if (plan.createNamespace) {
        const why = await createNamespace(client, parseKey(key).namespace ?? '', signal);
        if (why !== undefined) return {state: 'NotNeeded', forbidden: {why, againAfterMs: NAMESPACE_AGAIN_MS}};
      }
      await writers.imports.apply(plan.object, plan.status, signal);
      return APPLIED;
  }
}

/** Whether a member lets the hub make namespaces may change, and nothing tells of it. */
const NAMESPACE_AGAIN_MS = 15_000;

/**
 * Never an apply: it would put our label on a namespace that somebody else made a moment ago.
 *
 * @returns why the member doesn't let the hub make it (design §4: a setting of each member), in its words: a namespace that isn't
 * there needs no import
 */
async function createNamespace(
  client: MemberContext['client'],
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const labels = {[MANAGED_BY_LABEL]: HUB_MANAGED_BY};
  const object = {apiVersion: apiVersionOf(namespaces), kind: namespaces.kind, metadata: {name, labels}};
  try {
    await client.create(namespaces, object, {fieldManager: HUB_MANAGER, signal});
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.isForbidden) return error.message;
    if (!error.isAlreadyExists) throw error;
  }
  return undefined;
}
