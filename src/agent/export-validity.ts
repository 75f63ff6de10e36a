import type {Service} from '../api/kinds.ts';
import type {Condition, KubeObject} from '../api/meta.ts';
import {nextCondition} from '../api/meta.ts';
import {NOT_ALLOWED, POLICY_FINDINGS_CONDITION} from '../api/names.ts';
import type {Admission} from '../clusterset/decision.ts';
import type {RecordedEvent} from '../kube/event-recorder.ts';

type Validity = Pick<Condition, 'status' | 'reason' | 'message'>;
export type Verdict = Validity & Pick<Condition, 'type'>;

/**
 * `Valid` of a ServiceExport: local facts alone, so it is right while no hub is there (design §3). The rules are
 * KEP-1645's (mcs.md §2.2, 13-15); what admission refuses is said here too, and the hub doesn't
 * import what is `NotAllowed`, so that a webhook that was down changes nothing.
 */
export function judgeExport(service: Service | undefined, admission: Admission): Validity {
  const [denial] = admission.denials;
  if (denial !== undefined) {
    return {status: 'False', reason: NOT_ALLOWED, message: denial.message};
  }
  if (service === undefined) {
    return {status: 'False', reason: 'NoService', message: 'no Service of this name is in the namespace'};
  }
  if (service.spec?.type === 'ExternalName') {
    return {
      status: 'False',
      reason: 'InvalidServiceType',
      message: 'a Service of type ExternalName cannot be exported',
    };
  }
  return {status: 'True', reason: 'Valid', message: 'the Service can be exported'};
}

/** The status apply that says it, for an export of any group. */
export function buildExportStatus(
  object: KubeObject & {status?: {conditions?: readonly Condition[]}},
  verdicts: readonly Verdict[],
  nowMs: number,
): KubeObject & {status: {conditions: readonly Condition[]}} {
  const {name, namespace = '', uid = '', generation} = object.metadata;
  const observed = generation === undefined ? {} : {observedGeneration: generation};
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {name, namespace, uid},
    status: {
      conditions: verdicts.map((verdict) => nextCondition(object.status?.conditions, {...verdict, ...observed}, nowMs)),
    },
  };
}

/** What a policy that changed has done to an export that is there: told once, when it begins. */
export function eventsOf(before: readonly Condition[], verdicts: readonly Verdict[]): readonly RecordedEvent[] {
  return verdicts.flatMap((verdict): RecordedEvent[] => {
    const isPolicy = verdict.type === POLICY_FINDINGS_CONDITION || verdict.reason === NOT_ALLOWED;
    const earlier = before.find(({type}) => type === verdict.type);
    const isNews = earlier?.reason !== verdict.reason || earlier.message !== verdict.message;
    const type = verdict.reason === 'Audited' ? 'Normal' : 'Warning';
    return isPolicy && isNews ? [{type, reason: verdict.reason, message: verdict.message}] : [];
  });
}
