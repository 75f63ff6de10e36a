import type {LabelSelector} from '../api/kinds.ts';

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

/** Whether labels satisfy a selector: all of it must hold, and none at all matches everything (`metav1.LabelSelector`). */
export function matchesSelector(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (selector === undefined) return true;
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => valueOf(labels, key) === value);
  return exact && (selector.matchExpressions ?? []).every((requirement) => meets(requirement, labels));
}

function meets({key, operator, values = []}: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = valueOf(labels, key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      // A label that isn't there is not in any set, as in all of Kubernetes.
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return unknownOperator(operator);
  }
}

/** Labels are remote input: `constructor` is not a label of an empty object. */
function valueOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** The schema's enum keeps others out; where it didn't, a selector that can't be read matches nothing. */
function unknownOperator(_operator: never): false {
  return false;
}
