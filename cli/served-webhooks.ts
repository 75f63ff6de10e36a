import type {Resource} from '../src/api/resources.ts';
import {describeError} from '../src/errors.ts';
import type {WebhookOptions} from '../webhooks/configuration.ts';
import {ConfigurationWriter} from '../webhooks/configuration-writer.ts';
import type {ReviewHandler, WebhookServer} from '../webhooks/server.ts';
import {startWebhookServer} from '../webhooks/server.ts';
import {shownAddress} from './arguments.ts';
import {blameFlag} from './blame-flag.ts';
import type {ServingOptions} from './webhook-serving.ts';
import {prepareServing, webhookClient} from './webhook-serving.ts';

export interface ServedWebhooksOptions extends ServingOptions {
  readonly handlers: ReadonlyMap<string, ReviewHandler>;
  readonly configurations: readonly {
    readonly resource: Resource;
    readonly name: string;
    readonly entries: (options: WebhookOptions) => readonly object[];
  }[];
  /** Reviews are answered, and entries written, only once what they are judged by is known. */
  readonly isKnown: () => boolean;
  readonly mayWrite: () => boolean;
}

export interface ServedWebhooks {
  readonly server: WebhookServer;
  /** Something that the entries depend on has changed. */
  poke(): void;
  /** Takes `Fail` out of the entries: nobody may be left with one that no one answers (design §8). At most 1 s. */
  retire(): Promise<void>;
  /** Closes the server; the writers end with the signal. */
  close(): Promise<void>;
}

const RETIRE_WITHIN_MS = 1_000;

/**
 * A webhook server with a certificate of the cluster's own CA, and the configurations that send API servers to it,
 * filled in when everything that they name answers. Waits for the API server, which has the CA.
 */
export async function startServedWebhooks(options: ServedWebhooksOptions): Promise<ServedWebhooks> {
  const {logger, namespace, signal, isKnown} = options;
  const serving = await prepareServing(options);
  const {webhookListen, handlers} = options;
  const server = await blameFlag('--webhook-listen', shownAddress(webhookListen), () =>
    startWebhookServer({listen: webhookListen, tls: serving.certificate.tls, logger, ready: isKnown, handlers}),
  );
  let serves = true;
  const facts = (): WebhookOptions => ({
    client: webhookClient({...options, bound: server.address}),
    caBundle: serving.certificate.caBundlePem,
    ready: serves,
    namespace,
  });
  const writers = options.configurations.map(
    ({entries, ...configuration}) =>
      new ConfigurationWriter({
        ...configuration,
        client: options.client,
        fieldManager: options.manager,
        logger,
        mayWrite: options.mayWrite,
        entries: () => (isKnown() ? entries(facts()) : undefined),
      }),
  );
  const poke = (): void => {
    for (const writer of writers) writer.poke();
  };
  for (const writer of writers) writer.start(signal);
  serving.onRenewed(() => {
    server.setCertificate(serving.certificate.tls);
    poke();
  });
  return {
    server,
    poke,
    retire: async () => {
      serves = false;
      const within = AbortSignal.timeout(RETIRE_WITHIN_MS);
      await Promise.all(
        writers.map((writer) =>
          writer
            .writeNow(within)
            .catch((error: unknown) => logger.warn({err: describeError(error)}, 'webhook entries left as they were')),
        ),
      );
    },
    close: async () => {
      await Promise.all([server.close(), ...writers.map(({closed}) => closed)]);
    },
  };
}
