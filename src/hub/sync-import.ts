import type {ServiceImport} from '../api/kinds.ts';
import {parseKey} from '../api/meta.ts';
import {HUB_MANAGED_BY, HUB_MANAGER, isProtectedNamespace, MANAGED_BY_LABEL} from '../api/names.ts';
import {apiVersionOf, namespaces} from '../api/resources.ts';
import type {MemberExport} from '../clusterset/member-export.ts';
import {KubeError} from '../kube/kube-error.ts';
import type {DeliveryResult} from './delivery-ledger.ts';
import type {MemberContext} from './member-context.ts';
import type {NamespaceState, Plan} from './plan-import.ts';
import {planImport} from './plan-import.ts';
import {exportersOf, rememberExport} from './remembered-export.ts';

/** Makes the standard import of one name in one member what the engine says. @throws KubeError */
export async function syncImport(context: MemberContext, key: string, signal: AbortSignal): Promise<DeliveryResult> {
  const {facts, writers, consumer} = context;
  const {namespace = ''} = parseKey(key);
  // Nothing is ever written there, whatever a member exports (design §10; CVE-2026-66788).
  if (isProtectedNamespace(namespace, facts.namespace)) return {state: 'NotNeeded'};
  const actual = writers.imports.actual(key);
  const plan = planImport({
    merged: facts.mergedFor(key, consumer, memoriesOf(context, key, actual)).result.import,
    actual,
    namespace: namespaceState(context, namespace),
    createNamespaces: facts.createNamespaces,
    written: actual !== undefined && writers.imports.hasWritten(key),
  });
  return carryOut(context, key, {plan, signal});
}

async function carryOut(
  {client, writers}: MemberContext,
  key: string,
  {plan, signal}: {plan: Plan; signal: AbortSignal},
): Promise<DeliveryResult> {
  switch (plan.do) {
    case 'nothing':
      return plan.why === 'NotOurs' ? {state: 'LeftAlone'} : {state: 'NotNeeded'};
    case 'delete':
      await writers.imports.delete(key, plan.uid, signal);
      return {state: 'NotNeeded'};
    case 'write':
      if (plan.createNamespace) await createNamespace(client, parseKey(key).namespace ?? '', signal);
      await writers.imports.apply(plan.object, plan.status, signal);
      return {state: 'Applied'};
  }
}

/** Never an apply: it would put our label on a namespace that somebody else made a moment ago. */
async function createNamespace(client: MemberContext['client'], name: string, signal: AbortSignal): Promise<void> {
  const labels = {[MANAGED_BY_LABEL]: HUB_MANAGED_BY};
  const object = {apiVersion: apiVersionOf(namespaces), kind: namespaces.kind, metadata: {name, labels}};
  try {
    await client.create(namespaces, object, {fieldManager: HUB_MANAGER, signal});
  } catch (error) {
    if (!(error instanceof KubeError && error.isAlreadyExists)) throw error;
  }
}

export function namespaceState({watches}: MemberContext, name: string): NamespaceState {
  const found = watches.namespaces.store.get(name);
  if (found === undefined) return 'Absent';
  return found.terminating ? 'Terminating' : 'Present';
}

/** The exports that this member's own import remembers of clusters that cannot be asked (design §5: unknown is not absent). */
export function memoriesOf(
  {facts}: MemberContext,
  key: string,
  actual: ServiceImport | undefined,
): readonly MemberExport[] {
  if (actual === undefined) return [];
  return exportersOf(actual)
    .filter((cluster) => facts.isUnknown(cluster) && facts.accepted(cluster, key) === undefined)
    .map((cluster) => rememberExport(actual, cluster));
}
