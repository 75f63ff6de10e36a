import type {Cluster} from '../src/api/kinds.ts';
import type {DefaultExportPolicy} from '../src/clusterset/export-policy.ts';
import type {View} from '../src/clusterset/view.ts';
import {podHandler} from './injection/pod-handler.ts';
import {PATHS} from './paths.ts';
import type {ReviewHandler} from './review.ts';
import {clusterHandler} from './validation/clusters.ts';
import {
  exportPolicyHandler,
  hubTrafficPolicyHandler,
  importPolicyHandler,
  trafficPolicyHandler,
} from './validation/policies.ts';
import {serviceExportHandler} from './validation/service-exports.ts';
import {serviceImportHandler} from './validation/service-imports.ts';
import {exportDeletionHandler, serviceChangeHandler} from './validation/warning-handlers.ts';

export interface AgentHandlerOptions {
  /** The view of the moment; each review asks once. */
  readonly view: () => View;
  readonly development: boolean;
  readonly sidecarImage: string;
  /** Isthmus' own namespace. */
  readonly namespace: string;
  readonly zone: string;
  /** Of exports that no policy's rule speaks about. Default: Allow. */
  readonly defaultExportPolicy?: DefaultExportPolicy | undefined;
}

/**
 * Everything a member's webhooks answer. The kinds of a hub are in it too: where no hub runs, somebody has to tell the
 * user so; where one does, the agent's configuration leaves them out.
 */
export function agentHandlers(options: AgentHandlerOptions): ReadonlyMap<string, ReviewHandler> {
  const {view, development, namespace} = options;
  return new Map<string, ReviewHandler>([
    [PATHS.pods, podHandler({...options, selectedBy: 'label'})],
    [PATHS.monitoredPods, podHandler({...options, selectedBy: 'monitored'})],
    [PATHS.serviceExports, serviceExportHandler(view, {ownNamespace: namespace, ...defaultOf(options)})],
    [PATHS.serviceImports, serviceImportHandler(view, namespace)],
    [PATHS.trafficPolicies, trafficPolicyHandler(view)],
    // An agent has no Clusters to compare with: it knows RemoteClusters alone.
    [PATHS.clusters, clusterHandler({clusters: () => [], development, hubIsHere: () => view().hubIsHere})],
    [PATHS.exportPolicies, exportPolicyHandler],
    [PATHS.importPolicies, importPolicyHandler],
    [PATHS.exportDeletions, exportDeletionHandler(view)],
    [PATHS.services, serviceChangeHandler(view)],
  ]);
}

function defaultOf({defaultExportPolicy}: AgentHandlerOptions): {readonly defaultExportPolicy?: DefaultExportPolicy} {
  return defaultExportPolicy === undefined ? {} : {defaultExportPolicy};
}

/** What a hub answers in its own cluster. */
export function hubHandlers(options: {
  readonly clusters: () => readonly Cluster[];
  readonly development: boolean;
}): ReadonlyMap<string, ReviewHandler> {
  return new Map<string, ReviewHandler>([
    [PATHS.clusters, clusterHandler({...options, hubIsHere: () => true})],
    [PATHS.exportPolicies, exportPolicyHandler],
    [PATHS.importPolicies, importPolicyHandler],
    [PATHS.trafficPolicies, hubTrafficPolicyHandler(options.clusters)],
  ]);
}
