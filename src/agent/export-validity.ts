import type {Service} from '../api/kinds.ts';
import type {Condition, KubeObject} from '../api/meta.ts';
import {nextCondition} from '../api/meta.ts';
import {NOT_ALLOWED} from '../api/names.ts';
import type {Admission} from '../clusterset/decision.ts';

type Validity = Pick<Condition, 'status' | 'reason' | 'message'>;

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
  validity: Validity,
  nowMs: number,
): KubeObject & {status: {conditions: readonly Condition[]}} {
  const {name, namespace = '', uid = '', generation} = object.metadata;
  const condition = {type: 'Valid', ...validity, ...(generation === undefined ? {} : {observedGeneration: generation})};
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {name, namespace, uid},
    status: {conditions: [nextCondition(object.status?.conditions, condition, nowMs)]},
  };
}
