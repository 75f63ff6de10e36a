import type {FlomeshServiceExport, ServiceExport} from '../../src/api/kinds.ts';
import {admitExport} from '../../src/clusterset/admit/export.ts';
import type {DefaultExportPolicy} from '../../src/clusterset/export-policy.ts';
import type {View} from '../../src/clusterset/view.ts';
import type {ReviewHandler} from '../review.ts';
import {asServedGroup} from './served-group.ts';
import {validatingHandler} from './validating-handler.ts';

/** ServiceExport of all groups: policies of this cluster, protected namespaces, names and labels that DNS can carry. */
export function serviceExportHandler(
  view: () => View,
  options: {readonly ownNamespace: string; readonly defaultExportPolicy?: DefaultExportPolicy},
): ReviewHandler {
  return validatingHandler<ServiceExport | FlomeshServiceExport>((object) =>
    admitExport(asServedGroup(object), view(), options),
  );
}
