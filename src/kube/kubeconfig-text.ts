import {stringify} from 'yaml';

export interface KubeconfigParts {
  /** Of cluster, user and context alike. */
  readonly name: string;
  readonly server: string;
  readonly caPem: string;
  readonly tlsServerName?: string | undefined;
  readonly token: string;
}

/** A kubeconfig with everything in it: no file, program or plugin is named, so it may stand in a `Cluster` object. */
export function kubeconfigText({name, server, caPem, tlsServerName, token}: KubeconfigParts): string {
  const ca = Buffer.from(caPem).toString('base64');
  const verified = tlsServerName === undefined ? {} : {'tls-server-name': tlsServerName};
  return stringify({
    'apiVersion': 'v1',
    'kind': 'Config',
    'clusters': [{name, cluster: {server, 'certificate-authority-data': ca, ...verified}}],
    'users': [{name, user: {token}}],
    'contexts': [{name, context: {cluster: name, user: name}}],
    'current-context': name,
  });
}
