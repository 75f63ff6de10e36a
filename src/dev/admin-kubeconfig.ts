import {stringify} from 'yaml';

export interface KubeconfigParts {
  /** Of cluster, user and context alike. */
  readonly name: string;
  readonly server: string;
  readonly caPem: string;
  readonly token: string;
}

/** A kubeconfig with everything in it: no file, program or plugin is named, so it may stand in a `Cluster` object. */
export function adminKubeconfig({name, server, caPem, token}: KubeconfigParts): string {
  return stringify({
    'apiVersion': 'v1',
    'kind': 'Config',
    'clusters': [{name, cluster: {server, 'certificate-authority-data': Buffer.from(caPem).toString('base64')}}],
    'users': [{name, user: {token}}],
    'contexts': [{name, context: {cluster: name, user: name}}],
    'current-context': name,
  });
}
