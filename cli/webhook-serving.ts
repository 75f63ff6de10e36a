import {isIP} from 'node:net';
import type {Logger} from 'pino';

import type {KubeClient} from '../src/kube/client.ts';
import type {ServingCertificate, ServingCertificateOptions} from '../webhooks/serving-certificate.ts';
import {obtainServingCertificate, renewServingCertificate} from '../webhooks/serving-certificate.ts';
import type {ListenAddress} from './arguments.ts';
import {shownAddress} from './arguments.ts';

export interface ServingOptions {
  readonly client: KubeClient;
  readonly clusterId: string;
  readonly namespace: string;
  /** The Service that API servers call, unless there is a URL. */
  readonly service: string;
  readonly manager: string;
  readonly webhookListen: ListenAddress;
  readonly webhookUrl: string | undefined;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export interface Serving {
  /** The one of the moment; another one after each renewal. */
  readonly certificate: ServingCertificate;
  /** Renews at half of the leaf's life. Called after `certificate` has changed. */
  onRenewed(listener: () => void): void;
}

/** The certificate for a webhook server, good for every name that an API server may call it by. */
export async function prepareServing(options: ServingOptions): Promise<Serving> {
  const {service, namespace} = options;
  const host = options.webhookUrl === undefined ? undefined : urlHost(options);
  const request: ServingCertificateOptions = {
    ...options,
    dnsNames: [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`, ...names(host, 0)],
    ipAddresses: names(host, 1),
    nowMs: Date.now,
  };
  let certificate = await obtainServingCertificate(request);
  return {
    get certificate() {
      return certificate;
    },
    onRenewed: (listener) =>
      renewServingCertificate(request, (renewed) => {
        certificate = renewed;
        listener();
      }),
  };
}

/** How API servers reach the webhooks: by the Service, or by a URL where the process runs outside the cluster. */
export function webhookClient(options: {
  webhookUrl: string | undefined;
  namespace: string;
  service: string;
  bound: ListenAddress;
}): {service: {namespace: string; name: string; port: number}} | {url: string} {
  const {webhookUrl, namespace, service, bound} = options;
  if (webhookUrl === undefined) return {service: {namespace, name: service, port: 443}};
  return {
    url: webhookUrl === 'auto' ? `https://${shownAddress(bound)}` : webhookUrl.replace(/\/$/, ''),
  };
}

function urlHost(options: ServingOptions): string {
  const {webhookUrl, webhookListen} = options;
  if (webhookUrl === undefined || webhookUrl === 'auto') return webhookListen.host;
  return new URL(webhookUrl).hostname.replace(/^\[|\]$/g, '');
}

/** The host as a list for names (wanted 0) or for addresses (wanted 1). */
function names(host: string | undefined, wanted: 0 | 1): readonly string[] {
  if (host === undefined) return [];
  return (isIP(host) === 0 ? 0 : 1) === wanted ? [host] : [];
}
