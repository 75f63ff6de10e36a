import type {InternalApi} from '../apiserver/internal-api.ts';
import {labelsOf, numberIn, objectIn, objectsIn, textIn, textsIn} from '../builtin/read-json.ts';
import type {WebhookTarget} from './compiled-webhook.ts';
import {WebhookFailure} from './webhook-failure.ts';

const ENDPOINT_SLICES = {group: 'discovery.k8s.io', plural: 'endpointslices'};
const SERVICE_NAME = 'kubernetes.io/service-name';

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
 * Where the port of a pod is really listened on: pods of an embedded cluster have addresses that no machine has. Undefined: nowhere.
 */
export type ReachPod = (address: string, port: number) => {readonly host: string; readonly port: number} | undefined;

export interface WebhookNetwork {
  readonly api: InternalApi;
  readonly reachPod?: ReachPod | undefined;
}

/**
 * Where a webhook is reached. A ClusterIP leads to the first ready endpoint of its EndpointSlices that can be reached, as kube-proxy
 * would have it; with none it ends as on a real cluster without ready pods. A Service of type ExternalName leads out, as a
 * kube-apiserver resolves it.
 *
 * @throws WebhookFailure for a Service or a port of it that is not there
 */
export function resolveWebhook(target: WebhookTarget, timeoutSeconds: number, network: WebhookNetwork): WebhookAddress {
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
  return {url, path, name, ...resolveService(target, url, network)};
}

function resolveService(
  target: Extract<WebhookTarget, {kind: 'service'}>,
  url: string,
  {api, reachPod}: WebhookNetwork,
): {host: string; port: number} {
  const service = api.get({group: '', plural: 'services'}, target.namespace, target.name);
  const fail = (why: string): WebhookFailure => new WebhookFailure(`failed to call webhook: Post "${url}": ${why}`);
  if (service === undefined) throw fail(`service "${target.name}" not found`);
  const spec = objectIn(service, 'spec');
  if (spec['type'] === 'ExternalName') return {host: textIn(spec, 'externalName'), port: target.port};
  const servicePort = objectsIn(spec, 'ports').find((port) => numberIn(port, 'port') === target.port);
  if (servicePort === undefined) {
    throw fail(`no service port ${target.port} found for service "${target.name}"`);
  }
  const address = textIn(spec, 'clusterIP');
  if (address === 'None' || address === '') throw fail(`no endpoints available for service "${target.name}"`);
  if (reachPod !== undefined) {
    const found = readyEndpoints(api, target, textIn(servicePort, 'name'))
      .map(({host, port}) => reachPod(host, port))
      .find((reached) => reached !== undefined);
    if (found !== undefined) return found;
  }
  // Not dialled: the range exists in no routing table here, and might in the machine's.
  throw fail(`dial tcp ${address}:${target.port}: connect: connection refused`);
}

/** The endpoints that kube-proxy would choose from, in the order of their slices. A slice's ports carry the names of the Service's. */
function readyEndpoints(
  api: InternalApi,
  service: {readonly namespace: string; readonly name: string},
  portName: string,
): readonly {readonly host: string; readonly port: number}[] {
  return api
    .list(ENDPOINT_SLICES, service.namespace)
    .filter((slice) => labelsOf(slice)[SERVICE_NAME] === service.name)
    .flatMap((slice) => {
      const port = objectsIn(slice, 'ports').find((one) => textIn(one, 'name') === portName);
      const number = port === undefined ? undefined : numberIn(port, 'port');
      if (number === undefined) return [];
      return objectsIn(slice, 'endpoints')
        .filter((endpoint) => objectIn(endpoint, 'conditions')['ready'] !== false)
        .flatMap((endpoint) => textsIn(endpoint, 'addresses').map((host) => ({host, port: number})));
    });
}
