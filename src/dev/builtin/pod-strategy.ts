import {jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {withApiAccess, withoutApiAccess} from './api-access.ts';
import {forbiddenField} from './field-errors.ts';
import {defaultPodSpec, qosClassOf} from './pod-defaults.ts';
import {numberIn, objectIn, objectsIn, textIn} from './read-json.ts';
import type {Strategy, StrategyContext} from './strategy.ts';
import {validatePod} from './validate-pod.ts';

/** Pods: completed, checked, nearly immutable, and ended in two steps. */
export const podStrategy: Strategy = {
  gracefulDelete: true,
  answersDeleteWithObject: true,
  allocated: ['tolerations', 'priority', 'preemptionPolicy', 'serviceAccount', 'serviceAccountName'].map(
    (field) => `spec.${field}`,
  ),
  unowned: withoutApiAccess,
  gracePeriodSeconds: gracePeriodOf,
  prepare: preparePod,
  validate: validatePodWrite,
};

/** A pod that no node has taken, or that has ended, has nothing to shut down. */
function gracePeriodOf(pod: JsonObject): number {
  const spec = objectIn(pod, 'spec');
  const hasEnded = ['Succeeded', 'Failed'].includes(textIn(objectIn(pod, 'status'), 'phase'));
  if (hasEnded || textIn(spec, 'nodeName') === '') return 0;
  return numberIn(spec, 'terminationGracePeriodSeconds') ?? 30;
}

function preparePod(pod: JsonObject, old: JsonObject | undefined, context: StrategyContext): JsonObject {
  if (context.subresource !== undefined) return pod;
  const complete = defaultPodSpec(objectIn(pod, 'spec'));
  const spec = old === undefined ? withApiAccess(pod, complete, context) : complete;
  const status = old === undefined ? {phase: 'Pending', qosClass: qosClassOf(spec)} : (pod['status'] ?? old['status']);
  return {...pod, spec, status};
}

function validatePodWrite(pod: JsonObject, old: JsonObject | undefined, context: StrategyContext): FieldError[] {
  if (context.subresource !== undefined) return [];
  const errors = validatePod(pod);
  if (old === undefined || jsonEquals(comparable(pod, old), comparable(old, old))) return errors;
  return [...errors, forbiddenField('spec', MAY_CHANGE)];
}

const MAY_CHANGE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** The part of a spec that must stay as it is, with what may change taken out. */
function comparable(pod: JsonObject, old: JsonObject): JsonObject {
  const {activeDeadlineSeconds: _deadline, nodeName, ...spec} = objectIn(pod, 'spec');
  const before = objectIn(old, 'spec');
  const tolerations = objectsIn(spec, 'tolerations').filter((one) =>
    objectsIn(before, 'tolerations').some((known) => jsonEquals(known, one)),
  );
  const withoutImages = (key: string): JsonObject[] => objectsIn(spec, key).map(({image: _image, ...rest}) => rest);
  return {
    ...spec,
    tolerations,
    containers: withoutImages('containers'),
    initContainers: withoutImages('initContainers'),
    // Binding to a node is the one thing that happens to a spec later.
    nodeName: textIn(before, 'nodeName') === '' ? undefined : nodeName,
  };
}
