import type {Logger} from 'pino';

import type {
  EndpointSlice,
  ExportPolicy,
  FlomeshServiceExport,
  GlobalTrafficPolicy,
  ImportPolicy,
  Lease,
  Namespace,
  RemoteCluster,
  Service,
  ServiceCIDR,
  ServiceExport,
  ServiceImport,
} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {keyOf} from '../api/meta.ts';
import {
  AGENT_MANAGED_BY,
  AGENT_SERVICE,
  HUB_LEASE,
  HUB_MANAGED_BY,
  HUB_VALIDATOR_CONFIGURATION,
  SLICE_MANAGED_BY_LABEL,
} from '../api/names.ts';
import * as resources from '../api/resources.ts';
import type {Backoff} from '../kube/backoff.ts';
import type {KubeClient} from '../kube/client.ts';
import {Reflector} from '../kube/reflector.ts';
import type {StoreChange} from '../kube/reflector.ts';
import {OptionalReflector} from './optional-reflector.ts';

/** A webhook configuration, as far as the agent looks at it: whether a hub validates in this very cluster. */
export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly object[];
}

/** The agent's only inputs: reflectors on its own cluster's API server (design §3). */
export interface Sources {
  readonly imports: Reflector<ServiceImport>;
  readonly exports: Reflector<ServiceExport>;
  readonly flomeshExports: Reflector<FlomeshServiceExport>;
  /** Of the group that newer FSM releases use. */
  readonly flomeshMcsExports: OptionalReflector<FlomeshServiceExport>;
  readonly services: Reflector<Service>;
  /** Served since Kubernetes 1.33. */
  readonly serviceCIDRs: OptionalReflector<ServiceCIDR>;
  readonly slices: Reflector<EndpointSlice>;
  readonly namespaces: Reflector<Namespace>;
  readonly clusters: Reflector<RemoteCluster>;
  readonly exportPolicies: Reflector<ExportPolicy>;
  readonly importPolicies: Reflector<ImportPolicy>;
  readonly trafficPolicies: Reflector<GlobalTrafficPolicy>;
  readonly hubLease: Reflector<Lease>;
  readonly hubValidator: Reflector<WebhookConfiguration>;
}

export type SourceName = keyof Sources;

/** Called with the keys that changed, after the store holds the new state. */
export type SourceListener = (source: SourceName, keys: readonly string[]) => void;

export interface SourcesOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly logger: Logger;
  readonly backoff?: Backoff | undefined;
  readonly onChange: SourceListener;
}

/** Users' Services are many and their status is of no use here; on its own the agent says what it sees. */
function strippedService(raw: KubeObject, own: string): Service {
  const {status: _status, ...service} = raw as Service & {status?: unknown};
  return keyOf(raw.metadata) === own ? raw : service;
}

/** Conditions of policies are written by agents themselves: a view that followed them would be made twice. */
function saysElse({previous, current}: StoreChange<KubeObject>): boolean {
  const textOf = (object: KubeObject | undefined): string => {
    const {uid, generation, labels, annotations} = object?.metadata ?? {};
    return JSON.stringify([uid, generation, labels, annotations]);
  };
  return textOf(previous) !== textOf(current);
}

/** Makes the reflectors; nothing is listed before they are started. */
export function createSources(options: SourcesOptions): Sources {
  const {client, logger} = options;
  const reflect = <T extends KubeObject>(
    source: SourceName,
    resource: resources.Resource,
    more: {
      namespace?: string;
      labelSelector?: string;
      fieldSelector?: string;
      keep?: (raw: KubeObject) => T;
      isNews?: (change: StoreChange<T>) => boolean;
    } = {},
  ): Reflector<T> => {
    const {keep = (raw: KubeObject) => raw as T, isNews = () => true, ...scope} = more;
    return new Reflector<T>({
      client,
      resource,
      ...scope,
      keep,
      backoff: options.backoff,
      logger: logger.child({source}),
      onChange: (changes) => {
        const keys = changes.filter(isNews).map(({key}) => key);
        if (keys.length > 0) options.onChange(source, keys);
      },
    });
  };
  return {
    imports: reflect<ServiceImport>('imports', resources.serviceImports),
    exports: reflect<ServiceExport>('exports', resources.serviceExports),
    flomeshExports: reflect<FlomeshServiceExport>('flomeshExports', resources.flomeshServiceExports),
    flomeshMcsExports: new OptionalReflector(
      reflect<FlomeshServiceExport>('flomeshMcsExports', resources.flomeshMcsServiceExports),
      {resource: resources.flomeshMcsServiceExports, client},
    ),
    services: reflect<Service>('services', resources.services, {
      keep: (raw) => strippedService(raw, `${options.namespace}/${AGENT_SERVICE}`),
    }),
    serviceCIDRs: new OptionalReflector(reflect<ServiceCIDR>('serviceCIDRs', resources.serviceCIDRs), {
      resource: resources.serviceCIDRs,
      client,
    }),
    slices: reflect<EndpointSlice>('slices', resources.endpointSlices, {
      labelSelector: `${SLICE_MANAGED_BY_LABEL} in (${AGENT_MANAGED_BY},${HUB_MANAGED_BY})`,
    }),
    namespaces: reflect<Namespace>('namespaces', resources.namespaces),
    clusters: reflect<RemoteCluster>('clusters', resources.remoteClusters),
    exportPolicies: reflect<ExportPolicy>('exportPolicies', resources.exportPolicies, {isNews: saysElse}),
    importPolicies: reflect<ImportPolicy>('importPolicies', resources.importPolicies, {isNews: saysElse}),
    trafficPolicies: reflect<GlobalTrafficPolicy>('trafficPolicies', resources.globalTrafficPolicies, {
      isNews: saysElse,
    }),
    hubLease: reflect<Lease>('hubLease', resources.leases, {
      namespace: options.namespace,
      fieldSelector: `metadata.name=${HUB_LEASE}`,
    }),
    hubValidator: reflect<WebhookConfiguration>('hubValidator', resources.validatingWebhookConfigurations, {
      fieldSelector: `metadata.name=${HUB_VALIDATOR_CONFIGURATION}`,
    }),
  };
}

/** The kinds without which no honest answer can be given (design §7): until each was listed in full, names are SERVFAIL. */
const REQUIRED: readonly SourceName[] = ['imports', 'services', 'slices', 'namespaces'];

/**
 * True once every required kind was listed in full, and every other one was too or is not served by this API server:
 * a cluster without policies' CRDs has no policies, but one whose ServiceImports are unknown has no known names.
 */
export function areSourcesSynced(sources: Sources): boolean {
  return (Object.keys(sources) as SourceName[]).every((source) => {
    const status = sources[source].status();
    return status.synced || (status.kindMissing && !REQUIRED.includes(source));
  });
}
