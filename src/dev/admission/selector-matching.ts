import {matchesSelector} from '../../clusterset/selectors.ts';
import type {InternalApi} from '../apiserver/internal-api.ts';
import {labelsOf} from '../builtin/read-json.ts';
import type {AdmissionInput} from './admit.ts';
import type {CompiledWebhook} from './compiled-webhook.ts';

const NAMESPACES = {group: '', plural: 'namespaces'};

/** Whether a request that the rules match is one that the selectors let through (apiserver.md §5.1). */
export function selects(hook: CompiledWebhook, input: AdmissionInput, api: InternalApi): boolean {
  return selectsNamespace(hook, input, api) && selectsObject(hook, input);
}

function selectsNamespace(hook: CompiledWebhook, input: AdmissionInput, api: InternalApi): boolean {
  const {type} = input;
  const isNamespace = type.group === '' && type.plural === 'namespaces';
  if (!isNamespace && !type.namespaced) return true;
  // A Namespace is judged by the labels it is about to have: what is stored may not be there yet.
  const written = isNamespace && input.subresource === undefined && input.operation !== 'DELETE' ? input.object : null;
  const namespace = written ?? api.get(NAMESPACES, undefined, input.namespace ?? input.name ?? '');
  return matchesSelector(hook.namespaceSelector, namespace === undefined ? {} : labelsOf(namespace));
}

/** Before or after the change is enough: else removing a label would be a way around the webhook. */
function selectsObject(hook: CompiledWebhook, {object, oldObject}: AdmissionInput): boolean {
  return [object, oldObject].some((state) => state !== null && matchesSelector(hook.objectSelector, labelsOf(state)));
}
