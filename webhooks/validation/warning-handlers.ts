import type {FlomeshServiceExport, Service, ServiceExport} from '../../src/api/kinds.ts';
import {admitExportDeletion} from '../../src/clusterset/admit/export-withdrawal.ts';
import {admitServiceChange} from '../../src/clusterset/admit/service.ts';
import type {Admission} from '../../src/clusterset/decision.ts';
import type {View} from '../../src/clusterset/view.ts';
import {ALLOWED} from '../review.ts';
import type {AdmissionRequest, ReviewAnswer, ReviewHandler} from '../review.ts';
import {sentence} from './validating-handler.ts';

/** The deletion of a ServiceExport: what opens up, or goes, in the clusterset. Never refused (design §8). */
export function exportDeletionHandler(view: () => View): ReviewHandler {
  return (request) => {
    const object: ServiceExport | FlomeshServiceExport | null = request.oldObject;
    if (request.operation !== 'DELETE' || object === null || isSubResource(request)) return ALLOWED;
    return warned(admitExportDeletion(object, view()));
  };
}

/** Changes of an exported Service, its deletion included: what consumers in other clusters lose. Never refused. */
export function serviceChangeHandler(view: () => View): ReviewHandler {
  return (request) => {
    const {operation} = request;
    const before: Service | null = request.oldObject;
    const after: Service | null = request.object;
    if (before === null || isSubResource(request)) return ALLOWED;
    if (operation === 'DELETE') return warned(admitServiceChange(undefined, before, view()));
    return operation === 'UPDATE' && after !== null ? warned(admitServiceChange(after, before, view())) : ALLOWED;
  };
}

function isSubResource({subResource}: AdmissionRequest): boolean {
  return subResource !== undefined && subResource !== '';
}

function warned({warnings}: Admission): ReviewAnswer {
  return {allowed: true, warnings: warnings.map(sentence)};
}
