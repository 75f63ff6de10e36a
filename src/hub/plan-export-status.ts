import type {Condition, KubeObject} from '../api/meta.ts';
import {nextCondition} from '../api/meta.ts';
import {apiVersionOf} from '../api/resources.ts';
import type {ExportVerdict} from '../clusterset/merged-import.ts';
import type {KeptExport} from './kept-export.ts';

/** How far the import of a name has come in the members that can be reached. */
export type Delivery =
  | {readonly state: 'Delivered'}
  /** Some reachable member has not been written to yet. */
  | {readonly state: 'Pending'; readonly cluster: string}
  | {readonly state: 'Failed'; readonly cluster: string; readonly message: string};

export interface ExportSituation {
  /** With its newest conditions, also where they were just written and are not back from the watch yet. */
  readonly object: KeptExport;
  /** Undefined: the engine has not been asked about it, which is so for refused ones. */
  readonly verdict: ExportVerdict | undefined;
  /** Why the hub doesn't take this export at all. */
  readonly refusal: string | undefined;
  readonly delivery: Delivery;
  /** False while an exporter of the name cannot be asked: then conflicts are left as they stand. */
  readonly complete: boolean;
  readonly nowMs: number;
}

type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;

/**
 * The hub's two conditions of one ServiceExport, `Ready` and `Conflict` (KEP-1645; design §3: `Valid` is the agent's), as an
 * apply to its status subresource. Messages say nothing that changes by itself: each change is a write.
 */
export function planExportStatus(situation: ExportSituation): KubeObject {
  const {object, nowMs} = situation;
  const {conditions} = object.status;
  const ready = nextCondition(conditions, condition(object, 'Ready', readyOf(situation)), nowMs);
  const verdict = conflictOf(situation);
  const conflict = verdict && nextCondition(conditions, condition(object, 'Conflict', verdict), nowMs);
  return {
    apiVersion: apiVersionOf(object.source.resource),
    kind: object.source.resource.kind,
    metadata: {namespace: object.metadata.namespace, name: object.metadata.name, uid: object.metadata.uid},
    status: {conditions: conflict === undefined ? [ready] : [conflict, ready]},
  } as KubeObject;
}

function condition(object: KeptExport, type: string, verdict: Verdict): Omit<Condition, 'lastTransitionTime'> {
  const {generation} = object.metadata;
  const message = verdict.message.slice(0, 4_096);
  return {type, ...verdict, message, ...(generation === undefined ? {} : {observedGeneration: generation})};
}

function readyOf({object, verdict, refusal, delivery}: ExportSituation): Verdict {
  if (refusal !== undefined) return {status: 'False', reason: 'Failed', message: refusal};
  if (verdict === undefined) return {status: 'False', reason: 'Pending', message: 'The hub has not taken it up yet.'};
  if (verdict.valid.status !== 'True') {
    const reason = verdict.valid.reason === 'NoService' ? 'Pending' : 'Failed';
    return {status: 'False', reason, message: verdict.valid.message};
  }
  const exported: Verdict = {
    status: 'True',
    reason: 'Exported',
    message: 'Imported by every member that can be reached.',
  };
  switch (delivery.state) {
    case 'Delivered':
      return exported;
    case 'Failed':
      return {status: 'False', reason: 'Failed', message: `${delivery.cluster}: ${delivery.message}`};
    case 'Pending':
      // A member that joins or comes back makes nothing unready that was ready: it catches up by itself.
      return isTrue(object.status.conditions, 'Ready')
        ? exported
        : {status: 'False', reason: 'Pending', message: `Waits for ${delivery.cluster}.`};
  }
}

function isTrue(conditions: readonly Condition[], type: string): boolean {
  return conditions.some((each) => each.type === type && each.status === 'True');
}

function conflictOf({object, verdict, refusal, complete}: ExportSituation): Verdict | undefined {
  if (!complete) return object.status.conditions.find(({type}) => type === 'Conflict');
  if (verdict === undefined || refusal !== undefined) return undefined;
  const {conflicts} = verdict;
  if (conflicts.length === 0) {
    return {status: 'False', reason: 'NoConflicts', message: 'All exports of this name agree.'};
  }
  return {
    status: 'True',
    reason: [...new Set(conflicts.map(({reason}) => reason))].join(','),
    message: conflicts.map(({message}) => message).join(' '),
  };
}
