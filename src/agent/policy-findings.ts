import type {Enforcement} from '../api/kinds.ts';
import type {Condition} from '../api/meta.ts';
import {POLICY_FINDINGS_CONDITION} from '../api/names.ts';
import type {Admission, Finding} from '../clusterset/decision.ts';

/** What policies found about one export that is there already, by how much it weighs. */
export interface PolicyFinding {
  /** `ExportPolicy/name`. */
  readonly policy: string;
  readonly rule: string;
  readonly enforcement: Enforcement;
  readonly message: string;
}

const SOURCE = 'ExportPolicy/';

/** Of all that admission would say today only what policies say: the rest is about the moment of the apply. */
export function policyFindings({denials, warnings, audits}: Admission): readonly PolicyFinding[] {
  return [
    ...denials.flatMap((finding) => toFinding(finding, 'Deny')),
    ...warnings.flatMap((finding) => toFinding(finding, 'Warn')),
    ...audits.flatMap((finding) => toFinding(finding, 'Audit')),
  ];
}

function toFinding({source, rule = '', message}: Finding, enforcement: Enforcement): readonly PolicyFinding[] {
  return source.startsWith(SOURCE) ? [{policy: source, rule, enforcement, message}] : [];
}

/** What `Warn` and `Audit` found, which lets the export be; undefined: nothing. A denial is told by `Valid`. */
export function findingsCondition(
  findings: readonly PolicyFinding[],
): Pick<Condition, 'type' | 'status' | 'reason' | 'message'> | undefined {
  const lenient = findings.filter(({enforcement}) => enforcement !== 'Deny');
  if (lenient.length === 0) return undefined;
  const reason = lenient.some(({enforcement}) => enforcement === 'Warn') ? 'Warned' : 'Audited';
  const message = lenient.map((finding) => finding.message).join('; ');
  return {type: POLICY_FINDINGS_CONDITION, status: 'True', reason, message};
}

/** How many exports each rule finds fault with, for metrics. */
export function countFindings(
  all: Iterable<readonly PolicyFinding[]>,
): readonly (PolicyFinding & {readonly exports: number})[] {
  const counted = new Map<string, PolicyFinding & {exports: number}>();
  for (const findings of all) {
    for (const finding of findings) {
      const key = JSON.stringify([finding.policy, finding.rule, finding.enforcement]);
      const known = counted.get(key) ?? {...finding, exports: 0};
      known.exports++;
      counted.set(key, known);
    }
  }
  return [...counted.values()];
}
