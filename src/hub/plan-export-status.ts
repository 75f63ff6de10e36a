import type {Condition, KubeObject} from '../api/meta.ts';
import {nextCondition} from '../api/meta.ts';
import {apiVersionOf} from '../api/resources.ts';
import {conflictCondition} from '../clusterset/conflict-condition.ts';
import type {ExportFault} from '../clusterset/member-export.ts';
import type {ExportVerdict} from '../clusterset/merged-import.ts';
import type {KeptExport} from './kept-export.ts';

/** How far the import of a name has come in the members that are written to. */
export type Delivery =
  | {
      readonly state: 'Delivered';
      /** Members that answer, and that nobody may write to: each with a reason, sorted. Absent: none. */
      readonly refusing?: readonly string[];
    }
  /** Some reachable member has not been written to yet. */
  | {
      readonly state: 'Pending';
      readonly cluster: string;
      /** What is known to be in its way there. */
      readonly why?: string;
      /** It is going from one replica of the hub to another, and nothing can be said of it for a moment. */
      readonly isChangingHands?: true;
    }
  | {readonly state: 'Failed'; readonly cluster: string; readonly message: string};

export interface ExportSituation {
  /** With its newest conditions, also where they were just written and are not back from the watch yet. */
  readonly object: KeptExport;
  /** Undefined: it is refused, or a hub that starts has not taken it up yet. */
  readonly verdict: ExportVerdict | undefined;
  /** Why the hub doesn't take this export at all. */
  readonly refusal: string | undefined;
  readonly delivery: Delivery;
  /** False while an exporter of the name cannot be asked: then conflicts are left as they stand. */
  readonly complete: boolean;
  /** Endpoints that some member can't use, beside what the engine left out. */
  readonly refusedEndpoints: readonly ExportFault[];
  readonly nowMs: number;
}

/** All conflicts are told at once, so it has to be long; the API's own limit is 32768. */
const MAX_MESSAGE = 16_384;

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
  const message = verdict.message.slice(0, MAX_MESSAGE);
  return {type, ...verdict, message, ...(generation === undefined ? {} : {observedGeneration: generation})};
}

function readyOf({object, verdict, refusal, delivery, refusedEndpoints}: ExportSituation): Verdict {
  if (refusal !== undefined) return {status: 'False', reason: 'Failed', message: refusal};
  if (verdict === undefined) {
    const message = 'The hub has not taken it up yet.';
    return saidBefore(object.status.conditions, 'Ready') ?? {status: 'False', reason: 'Pending', message};
  }
  if (verdict.valid.status !== 'True') {
    const reason = verdict.valid.reason === 'NoService' ? 'Pending' : 'Failed';
    return {status: 'False', reason, message: verdict.valid.message};
  }
  const exported: Verdict = {
    status: 'True',
    reason: 'Exported',
    message: `Imported by every member that is synced.${refusingText(delivery)}${leftOutText([...(verdict.leftOut ?? []), ...refusedEndpoints])}`,
  };
  switch (delivery.state) {
    case 'Delivered':
      return exported;
    case 'Failed':
      return {status: 'False', reason: 'Failed', message: `${delivery.cluster}: ${delivery.message}`};
    case 'Pending':
      // A member that joins or comes back makes nothing unready that was ready: it catches up by itself.
      return isTrue(object.status.conditions, 'Ready')
        ? // What it can't use is not known either, so what was said of that stays.
          (readyBefore(object.status.conditions) ?? exported)
        : {status: 'False', reason: 'Pending', message: waitsFor(delivery)};
  }
}

function waitsFor({cluster, why}: Delivery & {state: 'Pending'}): string {
  return `Waits for ${cluster}${why === undefined ? '.' : `: ${why}`}`;
}

const MAX_NAMED = 5;

function refusingText(delivery: Delivery): string {
  const {refusing = []} = delivery.state === 'Delivered' ? delivery : {};
  if (refusing.length === 0) return '';
  const more = refusing.length > MAX_NAMED ? ` and ${refusing.length - MAX_NAMED} more` : '';
  return ` Not written to, though they answer: ${refusing.slice(0, MAX_NAMED).join(', ')}${more}.`;
}

/** Parts of an export that no import carries: its owner hears of each (design §10). */
function leftOutText(leftOut: readonly ExportFault[]): string {
  return leftOut.map(({field, message}) => ` Left out: ${field}: ${message}.`).join('');
}

function readyBefore(conditions: readonly Condition[]): Verdict | undefined {
  const before = saidBefore(conditions, 'Ready');
  return before?.reason === 'Exported' ? before : undefined;
}

function saidBefore(conditions: readonly Condition[], type: string): Verdict | undefined {
  const before = conditions.find((each) => each.type === type);
  return before && {status: before.status, reason: before.reason, message: before.message};
}

function isTrue(conditions: readonly Condition[], type: string): boolean {
  return conditions.some((each) => each.type === type && each.status === 'True');
}

function conflictOf({object, verdict, refusal, complete}: ExportSituation): Verdict | undefined {
  if (refusal !== undefined) return undefined;
  if (!complete || verdict === undefined) return saidBefore(object.status.conditions, 'Conflict');
  return conflictCondition(verdict.conflicts);
}
