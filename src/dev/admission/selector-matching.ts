import type {LabelSelector} from '../../api/kinds.ts';
import {matchesSelector} from '../../clusterset/selectors.ts';
import type {InternalApi} from '../apiserver/internal-api.ts';
import {labelsOf} from '../builtin/read-json.ts';
import type {AdmissionInput} from './admit.ts';

const NAMESPACES = {group: '', plural: 'namespaces'};

/** What narrows rules down to some of the objects. */
export interface Selectors {
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
}

/** Whether a request that the rules match is one that the selectors let through (apiserver.md §5.1). */
export function selects(hook: Selectors, input: AdmissionInput, api: InternalApi): boolean {
  return selectsNamespace(hook, input, api) && selectsObject(hook, input);
}

function selectsNamespace(hook: Selectors, input: AdmissionInput, api: InternalApi): boolean {
  const {type} = input;
  const isNamespace = type.group === '' && type.plural === 'namespaces';
  if (!isNamespace && !type.namespaced) return true;
  // A Namespace is judged by the labels it is about to have: what is stored may not be there yet.
  const written = isNamespace && input.subresource === undefined && input.operation !== 'DELETE' ? input.object : null;
  const namespace = written ?? api.get(NAMESPACES, undefined, input.namespace ?? input.name ?? '');
  return matchesSelector(hook.namespaceSelector, namespace === undefined ? {} : labelsOf(namespace));
}

/** Before or after the change is enough: else removing a label would be a way around the webhook. */
function selectsObject(hook: Selectors, {object, oldObject}: AdmissionInput): boolean {
  return [object, oldObject].some((state) => state !== null && matchesSelector(hook.objectSelector, labelsOf(state)));
}
