import {readFile} from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';
import {rootCertificates} from 'node:tls';
import {describeError, IsthmusError} from '../errors.ts';
import type {ClusterCredentials} from './credentials.ts';
import {checkCertificates, checkKey, checkServer, checkToken, decodeBase64, serverOf} from './kubeconfig-data.ts';
import {invalid, parseKubeconfigDocument, selectContext, textField} from './kubeconfig-document.ts';
import type {KubeconfigEntry} from './kubeconfig-document.ts';
import {TokenFile} from './token-file.ts';

const MAX_BYTES = 1024 * 1024;
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What kubectl would do and we do not, with the way out. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  'exec': 'use a token or a client certificate (for example of a ServiceAccount: "kubectl create token")',
  'auth-provider': 'use a token or a client certificate',
  'username': 'use a token or a client certificate',
  'insecure-skip-tls-verify': 'put the CA into certificate-authority-data',
  'proxy-url': 'connections are made directly',
  'as': 'use the credentials of that user',
};

/**
 * The operator's own kubeconfig file: its paths are trusted and relative to it, as kubectl has it. Without a CA the roots of
 * Node are used. Throws ISTHMUS_KUBECONFIG_INVALID, ISTHMUS_KUBECONFIG_FORBIDDEN for what is not supported.
 *
 * @param context - the current one when left out
 */
export async function loadKubeconfig(path: string, context?: string): Promise<ClusterCredentials> {
  const document = parseKubeconfigDocument(await readText(path, path), MAX_BYTES);
  const {cluster, user} = selectContext(document, context);
  refuseUnsupported(cluster);
  refuseUnsupported(user);
  const folder = dirname(resolve(path));
  const tlsServerName = textField(cluster, 'tls-server-name');
  const credentials = {
    server: serverOf(checkServer(textField(cluster, 'server'), `${cluster.path}.server`)),
    ca: (await readPem(cluster, 'certificate-authority', folder)) ?? rootCertificates.join('\n'),
    ...(tlsServerName === undefined ? {} : {tlsServerName}),
  };
  const certificate = await readCertificate(user, folder);
  const tokenFile = textField(user, 'tokenFile');
  const token = textField(user, 'token');
  if (token !== undefined) return {...credentials, ...certificate, token: checkToken(token, `${user.path}.token`)};
  if (tokenFile !== undefined) {
    return withTokenFile({...credentials, ...certificate}, resolve(folder, tokenFile), `${user.path}.tokenFile`);
  }
  if (certificate.clientCert === undefined) throw invalid(`${user.path} must have a token or a client certificate`);
  return {...credentials, ...certificate};
}

/**
 * The ServiceAccount of the pod that we run in; its token is read again while it is rotated. Throws
 * ISTHMUS_KUBECONFIG_INVALID where there is none.
 */
export async function inClusterCredentials(
  o: {readonly folder?: string; readonly env?: NodeJS.ProcessEnv} = {},
): Promise<ClusterCredentials> {
  const {folder = SERVICE_ACCOUNT, env = process.env} = o;
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT_HTTPS'] ?? env['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (host === undefined || host === '') throw invalid('KUBERNETES_SERVICE_HOST is not set: this is not a pod');
  const caPath = join(folder, 'ca.crt');
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const ca = checkCertificates(await readText(caPath, 'the CA of the service account'), caPath);
  return withTokenFile({server, ca}, join(folder, 'token'), 'the token of the service account');
}

function withTokenFile(credentials: ClusterCredentials, path: string, what: string): ClusterCredentials {
  let file: TokenFile;
  try {
    file = new TokenFile(path);
  } catch (error) {
    throw unreadable(what, error);
  }
  checkToken(file.token, what);
  return {
    ...credentials,
    get token() {
      return file.token;
    },
  };
}

function refuseUnsupported(entry: KubeconfigEntry): void {
  const key = Object.keys(UNSUPPORTED).find((name) => isSet(entry.fields[name]));
  if (key === undefined) return;
  const reason = `${entry.path}.${key} is not supported: ${UNSUPPORTED[key]}`;
  throw new IsthmusError('ISTHMUS_KUBECONFIG_FORBIDDEN', reason);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== '';
}

async function readCertificate(
  user: KubeconfigEntry,
  folder: string,
): Promise<Pick<ClusterCredentials, 'clientCert' | 'clientKey'>> {
  const clientCert = await readPem(user, 'client-certificate', folder);
  const key = await readPem(user, 'client-key', folder);
  if (clientCert === undefined && key === undefined) return {};
  if (clientCert === undefined || key === undefined) {
    throw invalid(`${user.path} must have both a client certificate and its key`);
  }
  return {clientCert, clientKey: checkKey(key, clientCert, `${user.path}.client-key`)};
}

/** `FIELD-data` before `FIELD`, as kubectl does. */
async function readPem(entry: KubeconfigEntry, field: string, folder: string): Promise<string | undefined> {
  const data = textField(entry, `${field}-data`);
  const file = textField(entry, field);
  const path = `${entry.path}.${field}`;
  const pem =
    data !== undefined
      ? decodeBase64(data, `${path}-data`)
      : file !== undefined
        ? await readText(resolve(folder, file), path)
        : undefined;
  return pem === undefined || field === 'client-key' ? pem : checkCertificates(pem, path);
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(what, error);
  }
}

function unreadable(what: string, cause: unknown): IsthmusError {
  return new IsthmusError('ISTHMUS_KUBECONFIG_INVALID', `${what} cannot be read: ${describeError(cause)}`, {}, {cause});
}
