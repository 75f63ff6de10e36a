import {isIP} from 'node:net';
import {refuseAddress} from '../clusterset/addresses.ts';
import {IsthmusError} from '../errors.ts';
import type {ClusterCredentials} from './credentials.ts';
import {checkCertificates, checkKey, checkServer, checkToken, decodeBase64, serverOf} from './kubeconfig-data.ts';
import {invalid, parseKubeconfigDocument, selectContext, textField} from './kubeconfig-document.ts';
import type {Fields, KubeconfigDocument, KubeconfigEntry} from './kubeconfig-document.ts';

const MAX_BYTES = 64 * 1024;

/** Everything that may stand in it. What is not listed is refused by name, in entries that are not used too. */
const ALLOWED = {
  root: ['apiVersion', 'kind', 'preferences', 'clusters', 'contexts', 'current-context', 'users'],
  cluster: ['server', 'certificate-authority-data', 'tls-server-name'],
  context: ['cluster', 'user', 'namespace'],
  user: ['token', 'client-certificate-data', 'client-key-data'],
} as const;

/** What to do instead, for keys that a kubeconfig may well have; each of them acts on the machine that loads it. */
const INSTEAD: Readonly<Record<string, string>> = {
  'exec': 'it runs a program; use a token',
  'auth-provider': 'it runs a plugin; use a token',
  'tokenFile': 'it reads a file; put the token itself into "token"',
  'token-file': 'it reads a file; put the token itself into "token"',
  'client-certificate': 'it reads a file; use client-certificate-data',
  'client-key': 'it reads a file; use client-key-data',
  'certificate-authority': 'it reads a file; use certificate-authority-data',
  'insecure-skip-tls-verify': 'the server must be verified; use certificate-authority-data',
  'proxy-url': 'connections are made directly; remove it',
  'username': 'passwords are not supported; use a token',
  'password': 'passwords are not supported; use a token',
  'as': 'impersonation is not allowed; use the credentials of that user',
  'as-uid': 'impersonation is not allowed; use the credentials of that user',
  'as-groups': 'impersonation is not allowed; use the credentials of that user',
  'as-user-extra': 'impersonation is not allowed; use the credentials of that user',
};

/**
 * The kubeconfig of a `Cluster`: text that somebody else wrote and that could run programs, read files and reach inward
 * hosts. Only literals come out of it.
 *
 * Throws ISTHMUS_KUBECONFIG_FORBIDDEN for what it must not ask for, ISTHMUS_KUBECONFIG_INVALID for what is wrong or
 * missing. A message names the key and what to change, never a value.
 *
 * @param options - `development` lets loopback servers in
 */
export function parseUntrustedKubeconfig(text: string, options: {readonly development: boolean}): ClusterCredentials {
  const document = parseKubeconfigDocument(text, MAX_BYTES);
  refuseOtherKeys(document);
  const {cluster, user} = selectContext(document);
  const ca = textField(cluster, 'certificate-authority-data');
  if (ca === undefined) {
    throw invalid(`${cluster.path}.certificate-authority-data is missing: put the base64 of the server's CA there`);
  }
  const caPath = `${cluster.path}.certificate-authority-data`;
  const tlsServerName = textField(cluster, 'tls-server-name');
  return {
    server: checkInwardHosts(cluster, options.development),
    ca: checkCertificates(decodeBase64(ca, caPath), caPath),
    ...(tlsServerName === undefined ? {} : {tlsServerName}),
    ...readUser(user),
    ...(options.development ? {} : {refuseLocalAddresses: true}),
  };
}

function refuseOtherKeys(document: KubeconfigDocument): void {
  refuseKeys(document.root, ALLOWED.root, '');
  for (const kind of ['cluster', 'context', 'user'] as const) {
    for (const entry of document[`${kind}s`]) {
      refuseKeys(entry.item, ['name', kind], entry.path.slice(0, -kind.length));
      refuseKeys(entry.fields, ALLOWED[kind], `${entry.path}.`);
    }
  }
}

function refuseKeys(fields: Fields, allowed: readonly string[], path: string): void {
  const other = Object.keys(fields).find((key) => !allowed.includes(key));
  if (other === undefined) return;
  // A strange key may be a value that slipped out of its place: it is not repeated.
  const name = /^[A-Za-z][A-Za-z-]{0,31}$/.test(other) ? `${path}${other}` : `a key in ${path || 'the document'}`;
  const instead = Object.hasOwn(INSTEAD, other) ? INSTEAD[other] : `remove it; allowed are ${allowed.join(', ')}`;
  throw new IsthmusError('ISTHMUS_KUBECONFIG_FORBIDDEN', `${name} is not allowed: ${instead}`);
}

function checkInwardHosts(cluster: KubeconfigEntry, development: boolean): string {
  const path = `${cluster.path}.server`;
  const url = checkServer(textField(cluster, 'server'), path);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const isLocalName = host === 'localhost' || host.endsWith('.localhost') || host.endsWith('.localdomain');
  const refusal =
    isIP(host) > 0 ? refuseAddress(host, {development}) : isLocalName && !development ? 'Loopback' : undefined;
  if (refusal !== undefined) {
    const reason = `the host in ${path} is not allowed (${refusal}): use an address that other machines can reach`;
    throw new IsthmusError('ISTHMUS_KUBECONFIG_FORBIDDEN', reason);
  }
  return serverOf(url);
}

function readUser(user: KubeconfigEntry): Pick<ClusterCredentials, 'token' | 'clientCert' | 'clientKey'> {
  const token = textField(user, 'token');
  const cert = textField(user, 'client-certificate-data');
  const key = textField(user, 'client-key-data');
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid(`${user.path} must have both client-certificate-data and client-key-data, or neither`);
  }
  if (token === undefined && cert === undefined) {
    throw invalid(`${user.path} must have a token, or client-certificate-data and client-key-data`);
  }
  const certPath = `${user.path}.client-certificate-data`;
  const keyPath = `${user.path}.client-key-data`;
  const clientCert = cert === undefined ? undefined : checkCertificates(decodeBase64(cert, certPath), certPath);
  return {
    ...(token === undefined ? {} : {token: checkToken(token, `${user.path}.token`)}),
    ...(clientCert === undefined ? {} : {clientCert}),
    ...(clientCert === undefined || key === undefined
      ? {}
      : {clientKey: checkKey(decodeBase64(key, keyPath), clientCert, keyPath)}),
  };
}
