import type {ExportPolicy, ImportPolicy, LabelSelector, PolicyMatch} from '../../api/kinds.ts';
import {isDnsLabel} from '../../api/names.ts';
import type {Finding} from '../decision.ts';
import {compileCondition} from '../policy-condition.ts';
import {inField} from './conclude.ts';

type Policy = ExportPolicy | ImportPolicy;
type Rule = PolicyMatch & {readonly name: string; readonly action: string; readonly cel?: string};
type At = ReturnType<typeof inField>;

const ENFORCEMENTS: readonly string[] = ['Deny', 'Warn', 'Audit'];
const OPERATORS: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** What is asked of both kinds of policy: a rule that can't be read, or not be told from another, protects nothing. */
export function judgePolicyShape(object: Policy): readonly Finding[] {
  const at = inField(object.kind);
  const rules: readonly Rule[] = object.spec?.rules ?? [];
  const enforcement = object.spec?.enforcement ?? 'Deny';
  const known = ENFORCEMENTS.includes(enforcement);
  return [
    ...(known ? [] : [at('spec.enforcement', `${JSON.stringify(enforcement)} is not known: use Deny, Warn or Audit`)]),
    ...judgeNames(rules, at),
    ...rules.flatMap((rule, index) => judgeRule(rule, `spec.rules[${index}]`, at)),
    ...rules.flatMap((rule, index) => judgeCel(rule, `spec.rules[${index}].cel`, object)),
  ];
}

function judgeNames(rules: readonly Rule[], at: At): readonly Finding[] {
  const seen = new Set<string>();
  return rules.flatMap(({name}, index) => {
    const field = `spec.rules[${index}].name`;
    if (!isDnsLabel(name)) return [at(field, `${JSON.stringify(name)} can't be the name of a rule: use one DNS label`)];
    const twice = seen.has(name);
    seen.add(name);
    return twice ? [at(field, `the name ${name} is there twice: refusals quote it, so give each rule its own`)] : [];
  });
}

function judgeRule(rule: Rule, field: string, at: At): readonly Finding[] {
  const findings: Finding[] = [];
  if (rule.action !== 'Allow' && rule.action !== 'Deny') {
    findings.push(at(`${field}.action`, `${JSON.stringify(rule.action)} is not known: use Allow or Deny`));
  }
  return [
    ...findings,
    ...judgeSelector(rule.namespaceSelector, `${field}.namespaceSelector`, at),
    ...judgeSelector(rule.serviceSelector, `${field}.serviceSelector`, at),
  ];
}

/** A condition that could not be evaluated later would forbid, so its author hears of it now. */
function judgeCel({cel}: Rule, field: string, {kind}: Policy): readonly Finding[] {
  if (cel === undefined) return [];
  const compiled = compileCondition(kind === 'ExportPolicy' ? 'ExportPolicy' : 'ImportPolicy', cel);
  if (compiled.ok) return [];
  return [inField(kind)(field, `the condition can't be compiled: ${compiled.error}; correct it or remove it`)];
}

function judgeSelector(selector: LabelSelector | undefined, field: string, at: At): readonly Finding[] {
  return (selector?.matchExpressions ?? []).flatMap(({operator, values = []}, index) => {
    const where = `${field}.matchExpressions[${index}]`;
    if (!OPERATORS.includes(operator)) {
      return [at(`${where}.operator`, `${JSON.stringify(operator)} is not known: use ${OPERATORS.join(', ')}`)];
    }
    const needsValues = operator === 'In' || operator === 'NotIn';
    if (needsValues === values.length > 0) return [];
    const change = needsValues ? 'needs at least one value' : 'has no values: leave them out';
    return [at(`${where}.values`, `${operator} ${change}`)];
  });
}
