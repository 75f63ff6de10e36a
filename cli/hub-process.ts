import type {Logger} from 'pino';

import {HUB_MANAGER, HUB_SERVICE, HUB_VALIDATOR_CONFIGURATION} from '../src/api/names.ts';
import {validatingWebhookConfigurations} from '../src/api/resources.ts';
import {Hub} from '../src/hub/hub.ts';
import {KubeClient} from '../src/kube/client.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';
import {ConfigurationWriter} from '../webhooks/configuration-writer.ts';
import {hubWebhooks} from '../webhooks/configuration.ts';
import {hubHandlers} from '../webhooks/handlers.ts';
import {startHealthServer} from '../webhooks/health-server.ts';
import type {WebhookServer} from '../webhooks/server.ts';
import {startWebhookServer} from '../webhooks/server.ts';
import type {ListenAddress} from './arguments.ts';
import {closedOnce} from './closed-once.ts';
import {hubMetrics} from './metrics.ts';
import type {Ports} from './ports-file.ts';
import {prepareServing, webhookClient} from './webhook-serving.ts';

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
  const {logger, namespace, credentials} = options;
  const stop = new AbortController();
  const hub = new Hub(options);
  hub.start(stop.signal);
  // A client of its own: the webhook's certificate and entries don't wait behind the hub's lists.
  const client = new KubeClient({credentials, userAgent: 'isthmus-hub'});
  const serving = await prepareServing({
    ...options,
    client,
    clusterId: 'hub',
    service: HUB_SERVICE,
    manager: HUB_MANAGER,
    signal: stop.signal,
  });
  let synced = false;
  const webhooks = await startWebhookServer({
    listen: options.webhookListen,
    tls: serving.certificate.tls,
    logger,
    ready: () => synced,
    handlers: hubHandlers({clusters: () => hub.clusters(), development: options.development}),
  });
  serving.onRenewed((certificate) => webhooks.setCertificate(certificate.tls));
  let serves = true;
  const writer = new ConfigurationWriter({
    client,
    resource: validatingWebhookConfigurations,
    name: HUB_VALIDATOR_CONFIGURATION,
    fieldManager: HUB_MANAGER,
    logger,
    // Every replica would write the same entries; the first one's apply makes the others' unnecessary.
    mayWrite: () => true,
    entries: () =>
      synced
        ? hubWebhooks({
            client: webhookClient({...options, service: HUB_SERVICE, bound: webhooks.address}),
            caBundle: serving.certificate.caPem,
            ready: serves,
            namespace,
          }).validating
        : undefined,
  });
  writer.start(stop.signal);
  const onSynced = async (): Promise<void> => {
    await hub.synced;
    synced = true;
    writer.poke();
  };
  void onSynced();
  const health =
    options.healthListen &&
    (await startHealthServer({
      listen: options.healthListen,
      logger,
      ready: () =>
        synced ? {ready: true, reason: 'synced'} : {ready: false, reason: 'Cluster objects not listed yet'},
      metrics: hubMetrics(hub, webhooks),
    }));
  return {
    hub,
    webhooks,
    ports: {webhooks: webhooks.address, ...(health ? {health: health.address} : {})},
    close: closedOnce(async () => {
      serves = false;
      await writer
        .writeNow(AbortSignal.timeout(1_000))
        .catch((error: unknown) => logger.warn({err: error}, 'webhook entries left as they were'));
      stop.abort();
      await Promise.all([webhooks.close(), health?.close(), hub.closed, writer.closed]);
      await client.close();
    }),
  };
}
