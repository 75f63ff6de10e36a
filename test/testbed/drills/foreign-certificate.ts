import {writeFile} from 'node:fs/promises';

import type {RealCluster} from '../../../src/dev/real/real-cluster.ts';
import {createAuthority, issueServing} from '../../../src/pki/authority.ts';

/** The serving certificate of a cluster becomes one of another CA, until `renewCertificate`; a running API server takes either up at once. */
export async function writeForeignCertificate(cluster: RealCluster): Promise<void> {
  const validity = {notBeforeMs: Date.now() - 3_600_000, notAfterMs: Date.now() + 86_400_000};
  const authority = await createAuthority({commonName: 'somebody else', ...validity});
  const {certPem, keyPem} = await issueServing(authority, {
    commonName: 'kube-apiserver',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    ...validity,
  });
  await Promise.all([
    writeFile(cluster.behind.certFile, certPem, {mode: 0o600}),
    writeFile(cluster.behind.keyFile, keyPem, {mode: 0o600}),
  ]);
}
