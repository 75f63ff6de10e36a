import type {Logger} from 'pino';

import {HUB_MANAGER, HUB_SERVICE, HUB_VALIDATOR_CONFIGURATION, HUB_WRITER_LEASE} from '../src/api/names.ts';
import {validatingWebhookConfigurations} from '../src/api/resources.ts';
import type {DefaultExportPolicy} from '../src/clusterset/export-policy.ts';
import type {DefaultRouting} from '../src/clusterset/view.ts';
import {Hub} from '../src/hub/hub.ts';
import {KubeClient} from '../src/kube/client.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';
import {LeaseHolder} from '../src/kube/lease.ts';
import type {GatewayProbing} from '../src/probes/gateway-prober.ts';
import {hubWebhooks} from '../webhooks/configuration.ts';
import {hubHandlers} from '../webhooks/handlers.ts';
import type {WebhookServer} from '../webhooks/server.ts';
import type {ListenAddress} from './arguments.ts';
import {Closers} from './closers.ts';
import {startHealth} from './health.ts';
import {hubMetrics} from './metrics.ts';
import type {Ports} from './ports-file.ts';
import type {ServedWebhooks} from './served-webhooks.ts';
import {startServedWebhooks} from './served-webhooks.ts';

export interface HubProcessOptions {
  readonly credentials: ClusterCredentials;
  readonly namespace: string;
  readonly identity: string;
  readonly clustersetId: string;
  readonly webhookListen: ListenAddress;
  readonly healthListen: ListenAddress | undefined;
  readonly webhookUrl: string | undefined;
  readonly createNamespaces: boolean;
  readonly unreachableAfterMs: number;
  readonly importSlices?: 'all' | 'headless';
  readonly defaultExportPolicy?: DefaultExportPolicy;
  readonly defaultRouting?: DefaultRouting;
  /** Default: gateways of members are not probed. */
  readonly probeGateways?: GatewayProbing | undefined;
  readonly development: boolean;
  readonly logger: Logger;
}

/** The hub with its webhooks, wired: what `isthmus hub` runs, and `isthmus dev` once. */
export interface HubProcess {
  readonly hub: Hub;
  readonly webhooks: WebhookServer;
  readonly ports: Ports;
  close(): Promise<void>;
}

export async function startHubProcess(options: HubProcessOptions): Promise<HubProcess> {
  const parts = new Closers();
  return parts.guard(() => startParts(options, parts));
}

async function startParts(options: HubProcessOptions, parts: Closers): Promise<HubProcess> {
  const {logger, credentials, healthListen} = options;
  const stop = new AbortController();
  const hub = new Hub({...options, onRequest: (report) => logger.trace(report, 'request')});
  // A client of its own: the webhook's certificate and entries don't wait behind the hub's lists.
  const client = new KubeClient({credentials, userAgent: 'isthmus-hub'});
  let synced = false;
  let webhooks: ServedWebhooks | undefined;
  const lease = writerLease(client, options, () => webhooks?.poke());
  hub.start(stop.signal);
  lease.start(stop.signal);
  parts.add(async () => {
    stop.abort();
    await Promise.all([hub.closed, lease.closed]);
    await client.close();
  });
  const health =
    healthListen &&
    (await startHealth(healthListen, {
      logger,
      ready: () =>
        synced ? {ready: true, reason: 'synced'} : {ready: false, reason: 'Cluster objects not listed yet'},
      metrics: hubMetrics(hub, () => webhooks?.server),
    }));
  if (health !== undefined) parts.add(() => health.close());
  const served = await startServedWebhooks({
    ...options,
    client,
    clusterId: 'hub',
    service: HUB_SERVICE,
    manager: HUB_MANAGER,
    handlers: hubHandlers({clusters: () => hub.clusters(), development: options.development}),
    configurations: [
      {
        resource: validatingWebhookConfigurations,
        name: HUB_VALIDATOR_CONFIGURATION,
        entries: (facts) => hubWebhooks(facts).validating,
      },
    ],
    isKnown: () => synced,
    mayWrite: () => lease.held,
    signal: stop.signal,
  });
  webhooks = served;
  parts.add(async () => {
    await served.retire();
    stop.abort();
    await served.close();
  });
  const noteSynced = async (): Promise<void> => {
    await hub.synced;
    synced = true;
    served.poke();
  };
  void noteSynced();
  return {
    hub,
    webhooks: served.server,
    ports: {webhooks: served.server.address, ...(health ? {health: health.address} : {})},
    close: () => parts.close(),
  };
}

/** Replicas that are called by a URL of their own would fight over the entries of one configuration. */
function writerLease(client: KubeClient, options: HubProcessOptions, onHeld: () => void): LeaseHolder {
  const {logger, namespace, identity} = options;
  return new LeaseHolder({
    client,
    namespace,
    name: HUB_WRITER_LEASE,
    identity,
    fieldManager: HUB_MANAGER,
    leaseDurationMs: 15_000,
    renewEveryMs: 5_000,
    onHeld,
    onLost: (why) => logger.warn({why}, 'another hub writes the webhook configuration'),
    logger,
  });
}
