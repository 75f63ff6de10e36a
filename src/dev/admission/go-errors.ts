import {isIP} from 'node:net';
import {checkServerIdentity} from 'node:tls';
import type {PeerCertificate} from 'node:tls';
import {toKubeTime} from '../../api/meta.ts';

/*
 * A kube-apiserver is written in Go, and its users search the web for what Go says. These are the texts of Go's net, crypto/tls and
 * crypto/x509 for the errors that Node reports by code.
 */

const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);

const VERIFY = 'tls: failed to verify certificate: x509:';
const VALIDITY = `${VERIFY} certificate has expired or is not yet valid:`;

export interface FailedCall {
  readonly host: string;
  readonly port: number;
  readonly nowMs: number;
}

/** What Go says where Node's request failed with `error`. */
export function goErrorText(error: Error, call: FailedCall): string {
  const code = 'code' in error ? String(error.code) : '';
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'context deadline exceeded';
  if (error instanceof NameMismatch) return `${VERIFY} ${error.message}`;
  if (UNKNOWN_AUTHORITY.has(code)) return `${VERIFY} certificate signed by unknown authority`;
  const at = `dial tcp ${call.host.includes(':') ? `[${call.host}]` : call.host}:${call.port}:`;
  switch (code) {
    // Go names the date as well; Node has let go of the certificate by now.
    case 'CERT_HAS_EXPIRED':
      return `${VALIDITY} current time ${toKubeTime(call.nowMs)} is after its end`;
    case 'CERT_NOT_YET_VALID':
      return `${VALIDITY} current time ${toKubeTime(call.nowMs)} is before its beginning`;
    case 'ECONNREFUSED':
      return `${at} connect: connection refused`;
    case 'EHOSTUNREACH':
      return `${at} connect: no route to host`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${call.host}: no such host`;
    case 'ECONNRESET':
      return 'EOF';
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return 'tls: first record does not look like a TLS handshake';
    default:
      return error.message;
  }
}

/** A certificate that is good but for another name. */
export class NameMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NameMismatch';
  }
}

/** Go ignores the common name (RFC 9525 §2); Node would take it where there are no alternative names. */
export function checkNames(host: string, certificate: PeerCertificate): Error | undefined {
  const names = certificate.subjectaltname;
  if (names === undefined) {
    return new NameMismatch('certificate relies on legacy Common Name field, use SANs instead');
  }
  if (checkServerIdentity(host, certificate) === undefined) return undefined;
  const ofKind = (kind: string): string[] =>
    names
      .split(', ')
      .filter((name) => name.startsWith(kind))
      .map((name) => name.slice(kind.length));
  if (isIP(host) === 0) return new NameMismatch(`certificate is valid for ${ofKind('DNS:').join(', ')}, not ${host}`);
  const addresses = ofKind('IP Address:');
  return addresses.length === 0
    ? new NameMismatch(`cannot validate certificate for ${host} because it doesn't contain any IP SANs`)
    : new NameMismatch(`certificate is valid for ${addresses.join(', ')}, not ${host}`);
}

/**
 * What client-go says of an answer that is no 2xx.
 *
 * @param text - the body where it is text; anything else is not shown
 */
export function statusText(code: number, text: string): string {
  if (code === 404) return 'the server could not find the requested resource';
  if (code === 503) return 'the server is currently unable to handle the request';
  if (code >= 500) {
    const shown = text.trim() === '' ? 'unknown' : text.trim();
    return `an error on the server (${JSON.stringify(shown)}) has prevented the request from succeeding`;
  }
  return 'the server rejected our request for an unknown reason';
}
