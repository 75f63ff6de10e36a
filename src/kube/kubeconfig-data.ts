import {createPrivateKey, X509Certificate} from 'node:crypto';
import {invalid} from './kubeconfig-document.ts';

/** Values of a kubeconfig, checked when it is read: a bad one is found by its name now, not by a TLS alert later. */

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The text behind a `*-data` field. */
export function decodeBase64(value: string, path: string): string {
  const compact = value.replaceAll(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) throw invalid(`${path} must be base64`);
  return Buffer.from(compact, 'base64').toString('utf8');
}

/** One or more certificates in PEM. Throws ISTHMUS_KUBECONFIG_INVALID naming `path`. */
export function checkCertificates(pem: string, path: string): string {
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw invalid(`${path} must hold a PEM certificate ("-----BEGIN CERTIFICATE-----")`);
  blocks.forEach((block, index) => {
    try {
      void new X509Certificate(block);
    } catch {
      throw invalid(`certificate ${index + 1} in ${path} cannot be read`);
    }
  });
  return blocks.join('\n');
}

/** An unencrypted private key in PEM that belongs to the first certificate. Never quotes the key. */
export function checkKey(pem: string, certificates: string, path: string): string {
  let matches: boolean;
  try {
    matches = new X509Certificate(certificates).checkPrivateKey(createPrivateKey(pem));
  } catch {
    throw invalid(`${path} must hold an unencrypted private key in PEM`);
  }
  if (!matches) throw invalid(`${path} is not the key of the client certificate`);
  return pem;
}

/** A bearer token as RFC 6750 §2.1 has it, or at least one that cannot end a header. */
export function checkToken(token: string, path: string): string {
  const trimmed = token.trim();
  if (!/^[\x21-\x7e]+$/.test(trimmed)) throw invalid(`${path} must be one word of printable ASCII`);
  return trimmed;
}

/** `https://host[:port][/prefix]`. The value is not quoted: it may carry a password. */
export function checkServer(server: string | undefined, path: string): URL {
  if (server === undefined) throw invalid(`${path} is missing: set it to https://HOST:PORT`);
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined) throw invalid(`${path} is not a URL; write https://HOST:PORT`);
  if (url.protocol !== 'https:') throw invalid(`${path} must begin with https://`);
  if (url.username !== '' || url.password !== '') {
    throw invalid(`${path} must not hold a user or password; use users[].user.token`);
  }
  if (url.search !== '' || url.hash !== '') throw invalid(`${path} must not have a query or fragment`);
  return url;
}

/** The URL as a ClusterCredentials' `server`: no slash at the end. */
export function serverOf(url: URL): string {
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
