import type {Cluster, ExportPolicy, GlobalTrafficPolicy, ImportPolicy} from '../../src/api/kinds.ts';
import {admitExportPolicy} from '../../src/clusterset/admit/export-policy.ts';
import {admitImportPolicy} from '../../src/clusterset/admit/import-policy.ts';
import {admitTrafficPolicy} from '../../src/clusterset/admit/traffic-policy.ts';
import type {View} from '../../src/clusterset/view.ts';
import type {ReviewHandler} from '../review.ts';
import {validatingHandler} from './validating-handler.ts';

/** What a policy says is judged by itself: whom it will meet is not known when it is applied. */
export const exportPolicyHandler: ReviewHandler = validatingHandler<ExportPolicy>((object) =>
  admitExportPolicy(object),
);

export const importPolicyHandler: ReviewHandler = validatingHandler<ImportPolicy>((object) =>
  admitImportPolicy(object),
);

/** GlobalTrafficPolicy: also which of its targets are members. */
export function trafficPolicyHandler(view: () => View): ReviewHandler {
  return validatingHandler<GlobalTrafficPolicy>((object) => admitTrafficPolicy(object, view()));
}

/** The same in the hub's cluster, by its Clusters; it is nobody's own cluster there. */
export function hubTrafficPolicyHandler(clusters: () => readonly Cluster[]): ReviewHandler {
  return validatingHandler<GlobalTrafficPolicy>((object) =>
    admitTrafficPolicy(object, {
      clusterId: '',
      clusters: new Map(clusters().map(({metadata, spec}) => [metadata.name, {...spec}])),
      trafficPolicies: new Map(),
    }),
  );
}
