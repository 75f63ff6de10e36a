import type {Logger} from 'pino';

import {describeError} from '../src/errors.ts';
import {pause} from '../src/kube/backoff.ts';
import type {AuthorityOptions} from '../src/mesh/own-authority.ts';
import {CLOCK_SKEW_MS, ensureAuthority} from '../src/mesh/own-authority.ts';
import {issueServing} from '../src/pki/authority.ts';
import type {KeyPairPem} from '../src/pki/authority.ts';

const LEAF_LIFE_MS = 24 * 3600 * 1000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

export interface ServingCertificate {
  readonly tls: KeyPairPem;
  /** What clients must trust, PEM: the `caBundle` of the configuration. Two CAs while they overlap. */
  readonly caBundlePem: string;
}

export interface ServingCertificateOptions extends AuthorityOptions {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly logger: Logger;
}

/**
 * A serving certificate from the cluster's own CA. Waits for the API server as long as it takes: without its Secret
 * there is no CA that others would trust.
 */
export async function obtainServingCertificate(options: ServingCertificateOptions): Promise<ServingCertificate> {
  for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(delayMs * 2, LAST_RETRY_MS)) {
    try {
      return await issue(options);
    } catch (error) {
      options.signal.throwIfAborted();
      options.logger.warn({nextDelayMs: delayMs, err: describeError(error)}, 'no serving certificate yet');
      await pause(delayMs, options.signal);
    }
  }
}

/** Calls back with a new leaf at half the life of the one before, until the signal is aborted. */
export function renewServingCertificate(
  options: ServingCertificateOptions,
  onRenewed: (certificate: ServingCertificate) => void,
): void {
  const timer = setInterval(() => {
    obtainServingCertificate(options).then(onRenewed, (error: unknown) =>
      options.logger.error({err: describeError(error)}, 'serving certificate not renewed'),
    );
  }, LEAF_LIFE_MS / 2);
  timer.unref();
  options.signal.addEventListener('abort', () => clearInterval(timer), {once: true});
}

async function issue(options: ServingCertificateOptions): Promise<ServingCertificate> {
  const authority = await ensureAuthority(options);
  const nowMs = options.nowMs();
  const tls = await issueServing(authority.signing, {
    commonName: options.dnsNames[0] ?? 'isthmus',
    dnsNames: options.dnsNames,
    ipAddresses: options.ipAddresses,
    notBeforeMs: nowMs - CLOCK_SKEW_MS,
    notAfterMs: nowMs + LEAF_LIFE_MS,
  });
  return {tls, caBundlePem: authority.bundlePem};
}
