import {isDeepStrictEqual} from 'node:util';
import type {KubeObject} from '../../src/api/meta.ts';
import type {Admission, Finding} from '../../src/clusterset/decision.ts';
import {ALLOWED} from '../review.ts';
import type {AdmissionRequest, Cause, ReviewAnswer, ReviewHandler} from '../review.ts';

/** Judges an object; `oldObject` is there on UPDATE. */
export type Admit<T extends KubeObject> = (object: T, oldObject: T | undefined) => Admission;

/**
 * A handler that lets nothing in but what `admit` allows, with two ways out that keep a cluster workable:
 * nothing that helps an object to go away is ever refused (DELETE, and updates of what is being deleted), and an update
 * that leaves spec, labels and annotations as they were (a finalizer, an owner, an apply without a change) is let in with
 * the denials as warnings, because a rule that came later must not lock what is stored already.
 */
export function validatingHandler<T extends KubeObject>(admit: Admit<T>): ReviewHandler {
  return (request) => {
    const object = request.object as T | null;
    if (object === null || !isWrite(request)) return ALLOWED;
    const oldObject = (request.oldObject as T | null) ?? undefined;
    if (oldObject !== undefined && object.metadata.deletionTimestamp !== undefined) return ALLOWED;
    const admission = admit(object, oldObject);
    const lets = admission.allowed || (oldObject !== undefined && saysTheSame(object, oldObject));
    return lets ? toAllowed(admission) : toDenied(admission);
  };
}

function isWrite(request: AdmissionRequest): boolean {
  const {operation, subResource} = request;
  return (operation === 'CREATE' || operation === 'UPDATE') && (subResource === undefined || subResource === '');
}

function saysTheSame(object: KubeObject, oldObject: KubeObject): boolean {
  return isDeepStrictEqual(partsOf(object), partsOf(oldObject));
}

function partsOf(object: KubeObject): unknown {
  const {spec} = object as {spec?: unknown};
  const {labels = {}, annotations = {}} = object.metadata;
  return {spec, labels, annotations};
}

function toAllowed(admission: Admission): ReviewAnswer {
  const stored = admission.denials.map((finding) => `would be refused if it were new: ${sentence(finding)}`);
  return {...facts(admission), allowed: true, warnings: [...stored, ...admission.warnings.map(sentence)]};
}

function toDenied(admission: Admission): ReviewAnswer {
  const code = admission.code ?? 422;
  return {
    ...facts(admission),
    allowed: false,
    denial: {
      code,
      message: admission.denials.map(sentence).join('; '),
      causes: admission.denials.map((finding) => toCause(finding, code)),
    },
    warnings: admission.warnings.map(sentence),
  };
}

function facts(admission: Admission): Pick<ReviewAnswer, 'audits'> {
  return {audits: admission.audits.map(({source, rule}) => (rule === undefined ? source : `${source} ${rule}`))};
}

/** Sentences of policies name policy and rule themselves; one that stands alone gets its source in front. */
export function sentence({message, field}: Finding): string {
  return field === undefined || message.includes(field) ? message : `${field}: ${message}`;
}

function toCause({message, field}: Finding, code: 403 | 422): Cause {
  return {
    reason: code === 403 ? 'FieldValueForbidden' : 'FieldValueInvalid',
    message,
    // kubectl prints `field: message` for each; without a field the line would begin with a colon.
    field: field ?? 'spec',
  };
}
