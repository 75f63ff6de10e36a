import type {InternalApi} from '../apiserver/internal-api.ts';
import {numberIn, objectIn, objectsIn, textIn} from '../builtin/read-json.ts';
import type {WebhookTarget} from './compiled-webhook.ts';
import {WebhookFailure} from './webhook-failure.ts';

export interface WebhookAddress {
  /** As it is shown in errors, query included. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** What the certificate must be for. */
  readonly name: string;
}

/**
 * Where a webhook is reached. Behind a ClusterIP nothing listens in an embedded cluster, which ends as it does on a real one without
 * ready pods; a Service of type ExternalName leads out, as a kube-apiserver resolves it.
 *
 * @throws WebhookFailure for a Service or a port of it that is not there
 */
export function resolveWebhook(target: WebhookTarget, timeoutSeconds: number, api: InternalApi): WebhookAddress {
  const timeout = `timeout=${timeoutSeconds}s`;
  if (target.kind === 'url') {
    const url = new URL(target.url);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    return {
      url: `${target.url}?${timeout}`,
      host,
      port: url.port === '' ? 443 : Number(url.port),
      path: `${url.pathname}?${timeout}`,
      name: host,
    };
  }
  const name = `${target.name}.${target.namespace}.svc`;
  const path = `${target.path === '' ? '/' : target.path}?${timeout}`;
  const url = `https://${name}:${target.port}${path}`;
  return {url, path, name, ...resolveService(target, url, api)};
}

function resolveService(
  target: Extract<WebhookTarget, {kind: 'service'}>,
  url: string,
  api: InternalApi,
): {host: string; port: number} {
  const service = api.get({group: '', plural: 'services'}, target.namespace, target.name);
  const fail = (why: string): WebhookFailure => new WebhookFailure(`failed to call webhook: Post "${url}": ${why}`);
  if (service === undefined) throw fail(`service "${target.name}" not found`);
  const spec = objectIn(service, 'spec');
  if (spec['type'] === 'ExternalName') return {host: textIn(spec, 'externalName'), port: target.port};
  if (!objectsIn(spec, 'ports').some((port) => numberIn(port, 'port') === target.port)) {
    throw fail(`no service port ${target.port} found for service "${target.name}"`);
  }
  const address = textIn(spec, 'clusterIP');
  if (address === 'None' || address === '') throw fail(`no endpoints available for service "${target.name}"`);
  // Not dialled: the range exists in no routing table here, and might in the machine's.
  throw fail(`dial tcp ${address}:${target.port}: connect: connection refused`);
}
