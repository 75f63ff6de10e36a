import {createSecureContext} from 'node:tls';
import type {SecureContextOptions} from 'node:tls';
import {IsthmusError} from '../../src/errors.ts';

/** PEM. The key is never logged. */
export interface Certificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A listener that needs one: until it has, connections are closed at once. A later one is for later connections. */
export interface CertificateUser {
  /** @throws the error of OpenSSL where the two are not a certificate and its key; the one before stays in use */
  useCertificate(certificate: Certificate): void;
}

/** RFC 9325 §3.1.1: nothing below TLS 1.2. */
export function tlsOptions({certPem, keyPem}: Certificate): SecureContextOptions {
  return {cert: certPem, key: keyPem, minVersion: 'TLSv1.2'};
}

/** @throws {IsthmusError} ISTHMUS_PKI_INVALID: it can't be used */
export function checkCertificate(certificate: Certificate): void {
  try {
    createSecureContext(tlsOptions(certificate));
  } catch (cause) {
    const reason = 'the certificate of DNS over TLS and its key are not PEM, or do not belong together';
    throw new IsthmusError('ISTHMUS_PKI_INVALID', reason, {}, {cause});
  }
}
