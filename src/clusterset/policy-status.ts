import type {ExportPolicy, GlobalTrafficPolicy, ImportPolicy} from '../api/kinds.ts';
import type {Condition} from '../api/meta.ts';
import {nextCondition} from '../api/meta.ts';

type Policy = ExportPolicy | ImportPolicy | GlobalTrafficPolicy;

/**
 * The apply that says one thing of a policy in its status. Whoever says something applies its own condition alone: the hub which members hold
 * a copy, an agent whether the policy counts in its cluster.
 */
export function buildPolicyStatus(
  {apiVersion, kind, metadata, status}: Policy,
  said: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>,
  nowMs: number,
): Policy & {readonly status: {readonly conditions: readonly Condition[]}} {
  const {name, namespace, uid, generation} = metadata;
  const condition = {
    ...{type: said.type, status: said.status, reason: said.reason, message: said.message},
    ...(generation === undefined ? {} : {observedGeneration: generation}),
  };
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : {namespace}),
      // Without it an apply would bring a policy back that was deleted meanwhile.
      ...(uid === undefined ? {} : {uid}),
    },
    status: {conditions: [nextCondition(status?.conditions, condition, nowMs)]},
  };
}
