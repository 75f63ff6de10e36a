import {forbidden} from '../apiserver/api-error.ts';
import type {JsonObject} from '../schema/json.ts';
import {labelsOf, metadataOf, nameOf, objectIn, textsIn} from './read-json.ts';
import type {Strategy, StrategyContext} from './strategy.ts';

export const NAME_LABEL = 'kubernetes.io/metadata.name';
export const NAMESPACE_FINALIZER = 'kubernetes';
const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);
const SUBJECT = {group: '', plural: 'namespaces', kind: 'Namespace'};

/** Namespaces: their name as a label, and `spec.finalizers`, which hold a deleted one until the controller has emptied it. */
export const namespaceStrategy: Strategy = {
  nameRule: 'Label',
  answersDeleteWithObject: true,
  withoutGracePeriod: true,
  allocated: ['spec.finalizers'],
  prepare: prepareNamespace,
  isHeld: (namespace) => textsIn(objectIn(namespace, 'spec'), 'finalizers').length > 0,
  beforeDelete: (namespace) => {
    const name = nameOf(namespace);
    if (IMMORTAL.has(name)) throw forbidden(SUBJECT, name, 'this namespace may not be deleted');
    return {...namespace, status: {...objectIn(namespace, 'status'), phase: 'Terminating'}};
  },
};

function prepareNamespace(namespace: JsonObject, old: JsonObject | undefined, context: StrategyContext): JsonObject {
  if (context.subresource === 'status') return namespace;
  const metadata = {...metadataOf(namespace), labels: {...labelsOf(namespace), [NAME_LABEL]: nameOf(namespace)}};
  if (context.subresource !== undefined) return {...namespace, metadata};
  if (old !== undefined) {
    // An apply that leaves the finalizers out must not free a namespace: there is a subresource for that.
    return {...namespace, metadata, spec: objectIn(old, 'spec'), status: namespace['status'] ?? old['status']};
  }
  const finalizers = new Set([...textsIn(objectIn(namespace, 'spec'), 'finalizers'), NAMESPACE_FINALIZER]);
  return {...namespace, metadata, spec: {finalizers: [...finalizers]}, status: {phase: 'Active'}};
}
