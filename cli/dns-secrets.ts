import {isIP} from 'node:net';
import {join} from 'node:path';
import type {Logger} from 'pino';

import type {DnsServer} from '../dns/server.ts';
import {AGENT_MANAGER, DNS_SERVICE} from '../src/api/names.ts';
import {describeError, IsthmusError} from '../src/errors.ts';
import type {KubeClient} from '../src/kube/client.ts';
import type {ServingCertificateOptions} from '../webhooks/serving-certificate.ts';
import {obtainServingCertificate, renewServingCertificate} from '../webhooks/serving-certificate.ts';
import {watchFiles} from './watched-files.ts';

/** 16 octets. */
const SECRET = /^[0-9a-fA-F]{32}$/;

export interface DnsSecrets {
  readonly dns: DnsServer;
  /** Folder with `tls.crt` and `tls.key`; without it the cluster's own CA issues. */
  readonly tlsSecret?: string | undefined;
  /** File with secrets of cookies. */
  readonly cookieSecret?: string | undefined;
  readonly client: KubeClient;
  readonly clusterId: string;
  readonly namespace: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** How often files are looked at. */
  readonly everyMs?: number;
}

/** Brings certificates and secrets to the DNS server, and each new one, until the signal is aborted. DNS does not wait for them. */
export function keepDnsSecrets(o: DnsSecrets): void {
  const {tls, https} = o.dns.addresses;
  if (o.cookieSecret !== undefined) {
    const onChange = ([text = '']: readonly string[]): void => o.dns.useCookieSecrets(readSecrets(text));
    void watchFiles({...o, paths: [o.cookieSecret], onChange});
  }
  if (tls.length + https.length === 0) return;
  if (o.tlsSecret === undefined) keepOwnCertificate(o);
  else {
    const onChange = ([certPem = '', keyPem = '']: readonly string[]): void => o.dns.useCertificate({certPem, keyPem});
    void watchFiles({...o, paths: ['tls.crt', 'tls.key'].map((name) => join(o.tlsSecret!, name)), onChange});
  }
}

function readSecrets(text: string): readonly Buffer[] {
  const lines = text.split(/\s+/).filter((line) => line !== '');
  if (lines.length === 0 || !lines.every((line) => SECRET.test(line))) {
    throw new IsthmusError('ISTHMUS_USAGE', 'a secret of DNS cookies is 32 hexadecimal digits on a line');
  }
  return lines.map((line) => Buffer.from(line, 'hex'));
}

function keepOwnCertificate(o: DnsSecrets): void {
  const {dns, namespace} = o;
  const hosts = [...dns.addresses.tls, ...dns.addresses.https].map(({host}) => host);
  const service = `${DNS_SERVICE}.${namespace}.svc`;
  const request: ServingCertificateOptions = {
    ...o,
    manager: AGENT_MANAGER,
    dnsNames: [service, `${service}.cluster.local`],
    ipAddresses: [...new Set(hosts.filter((host) => isIP(host) !== 0 && !['0.0.0.0', '::'].includes(host)))],
    nowMs: Date.now,
  };
  const use = ({tls}: {tls: {certPem: string; keyPem: string}}): void => dns.useCertificate(tls);
  obtainServingCertificate(request)
    .then(use)
    .then(() => renewServingCertificate(request, use))
    .catch((error: unknown) => {
      if (!o.signal.aborted) o.logger.error({err: describeError(error)}, 'dns has no certificate for tls');
    });
}
