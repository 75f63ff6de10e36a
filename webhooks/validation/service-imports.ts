import type {FlomeshServiceImport, ServiceImport} from '../../src/api/kinds.ts';
import {admitImport} from '../../src/clusterset/admit/import.ts';
import type {View} from '../../src/clusterset/view.ts';
import type {ReviewHandler} from '../review.ts';
import {asServedGroup} from './served-group.ts';
import {validatingHandler} from './validating-handler.ts';

/** ServiceImport of all groups. Who may write one is a ValidatingAdmissionPolicy's question, not ours (design §8). */
export function serviceImportHandler(view: () => View, ownNamespace: string): ReviewHandler {
  return validatingHandler<ServiceImport | FlomeshServiceImport>((object, oldObject) =>
    admitImport(asServedGroup(object), view(), {
      ownNamespace,
      ...(oldObject !== undefined && {oldObject: asServedGroup(oldObject)}),
    }),
  );
}
