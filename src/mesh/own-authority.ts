import type {Secret} from '../api/kinds.ts';
import {MANAGED_BY_LABEL} from '../api/names.ts';
import {secrets} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import type {KeyPairPem} from '../pki/authority.ts';
import {createAuthority} from '../pki/authority.ts';

export const AUTHORITY_SECRET = 'isthmus-ca';
const YEAR_MS = 365 * 24 * 3600 * 1000;
/** Certificates are valid from a little before they are made: clocks of nodes differ. */
export const CLOCK_SKEW_MS = 10 * 60 * 1000;

export interface AuthorityOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** `isthmus-hub` or `isthmus-agent`: where both run in one cluster they share the CA. */
  readonly manager: string;
  readonly clusterId: string;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/**
 * The cluster's own CA, out of a Secret that never leaves it (design §9). The first replica creates it; `create` makes
 * the race harmless, since all but one lose it and read the winner's.
 *
 * @throws IsthmusError ISTHMUS_PKI_INVALID where the Secret is there but unusable
 */
export async function ensureAuthority(options: AuthorityOptions): Promise<KeyPairPem> {
  const {client, namespace, signal} = options;
  const found = await client.find<Secret>(secrets, {namespace, name: AUTHORITY_SECRET}, {signal});
  if (found !== undefined) return readAuthority(found);
  const nowMs = options.nowMs();
  const authority = await createAuthority({
    commonName: `isthmus ${options.clusterId}`,
    notBeforeMs: nowMs - CLOCK_SKEW_MS,
    notAfterMs: nowMs + YEAR_MS,
  });
  try {
    await client.create<Secret>(secrets, toSecret(authority, options), {fieldManager: options.manager, signal});
    return authority;
  } catch (error) {
    if (!(error instanceof KubeError) || !error.isAlreadyExists) throw error;
    return ensureAuthority(options);
  }
}

function readAuthority(secret: Secret): KeyPairPem {
  const certPem = decode(secret.data?.['tls.crt']);
  const keyPem = decode(secret.data?.['tls.key']);
  if (certPem === undefined || keyPem === undefined) {
    const where = `${secret.metadata.namespace}/${secret.metadata.name}`;
    // Not replaced on its own: whatever was signed with the lost key would be refused from then on.
    throw new IsthmusError(
      'ISTHMUS_PKI_INVALID',
      `Secret ${where} lacks tls.crt or tls.key; delete it to have a new CA made`,
    );
  }
  return {certPem, keyPem};
}

function toSecret(authority: KeyPairPem, {namespace, manager}: AuthorityOptions): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: {name: AUTHORITY_SECRET, namespace, labels: {[MANAGED_BY_LABEL]: manager}},
    data: {
      'tls.crt': Buffer.from(authority.certPem).toString('base64'),
      'tls.key': Buffer.from(authority.keyPem).toString('base64'),
    },
  };
}

function decode(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
}
