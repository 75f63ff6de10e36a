import {generateKeyPair, randomBytes} from 'node:crypto';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';

import {kubeconfigText} from '../../kube/kubeconfig-text.ts';
import type {ClusterCredentials} from '../../kube/credentials.ts';
import type {KeyPairPem} from '../../pki/authority.ts';
import {createAuthority, issueServing} from '../../pki/authority.ts';

const DAY_MS = 24 * 3600 * 1000;
const NAMES = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];

/** Who the kubeconfig that is handed out speaks as, and its group: bound to cluster-admin, not above RBAC as system:masters is. */
export const ADMIN_USER = 'admin';
export const ADMIN_GROUP = 'isthmus:admins';

/** What a control plane reads from disk, and what its administrators hold. */
export interface ClusterFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly serviceAccountKeyFile: string;
  readonly tokenFile: string;
  /** Of the controller manager: system:masters. */
  readonly kubeconfigFile: string;
  /** The testbed's own: system:masters. */
  readonly rootCredentials: ClusterCredentials;
  /** What is handed out: {@link ADMIN_USER}. */
  readonly kubeconfig: string;
  readonly credentials: ClusterCredentials;
  /** A new serving certificate of the same CA; a running kube-apiserver reads it by itself within a minute. */
  renewCertificate(): Promise<void>;
}

export interface ClusterAddress {
  readonly dir: string;
  readonly name: string;
  /** Of the API server. */
  readonly port: number;
  /** Where those who are handed out a kubeconfig are sent: the API server, or a front before it. */
  readonly publicPort: number;
}

export async function writeClusterFiles(o: ClusterAddress): Promise<ClusterFiles> {
  const {dir, name, port, publicPort} = o;
  await mkdir(dir, {recursive: true, mode: 0o700});
  const [authority, serviceAccountKey] = await Promise.all([
    createAuthority({commonName: `${name} (testbed)`, ...validity()}),
    newServiceAccountKey(),
  ]);
  const [server, publicServer] = [`https://127.0.0.1:${port}`, `https://127.0.0.1:${publicPort}`];
  const [token, rootToken] = [newToken(), newToken()];
  const ca = authority.certPem;
  const kubeconfig = kubeconfigText({name, server: publicServer, caPem: ca, token});
  const file = (base: string): string => join(dir, base);
  const files = {
    caFile: file('ca.pem'),
    certFile: file('serving.pem'),
    keyFile: file('serving-key.pem'),
    serviceAccountKeyFile: file('service-account.pem'),
    tokenFile: file('tokens.csv'),
    kubeconfigFile: file('kubeconfig'),
  };
  const renewCertificate = (): Promise<void> => writeServing(authority, files);
  await Promise.all([
    writeSecret(files.caFile, authority.certPem),
    writeSecret(files.serviceAccountKeyFile, serviceAccountKey),
    writeSecret(
      files.tokenFile,
      `${token},${ADMIN_USER},admin,${ADMIN_GROUP}\n${rootToken},testbed,testbed,system:masters\n`,
    ),
    writeSecret(files.kubeconfigFile, kubeconfigText({name, server, caPem: ca, token: rootToken})),
    renewCertificate(),
  ]);
  const credentials = {server: publicServer, ca, token};
  return {...files, kubeconfig, credentials, rootCredentials: {server, ca, token: rootToken}, renewCertificate};
}

async function writeServing(authority: KeyPairPem, files: {certFile: string; keyFile: string}): Promise<void> {
  const {certPem, keyPem} = await issueServing(authority, {
    commonName: 'kube-apiserver',
    dnsNames: NAMES,
    ipAddresses: ['127.0.0.1', '::1'],
    ...validity(),
  });
  await Promise.all([writeSecret(files.certFile, certPem), writeSecret(files.keyFile, keyPem)]);
}

/** RSA, as kubeadm makes it: tokens are then signed with RS256. */
async function newServiceAccountKey(): Promise<string> {
  const {privateKey} = await promisify(generateKeyPair)('rsa', {modulusLength: 2048});
  return privateKey.export({type: 'pkcs1', format: 'pem'}).toString();
}

/** A day back, so that clocks may differ. */
function validity(): {notBeforeMs: number; notAfterMs: number} {
  return {notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 30 * DAY_MS};
}

function newToken(): string {
  return randomBytes(24).toString('base64url');
}

function writeSecret(path: string, content: string): Promise<void> {
  return writeFile(path, content, {mode: 0o600});
}
