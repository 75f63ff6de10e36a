import type {Secret} from '../api/kinds.ts';
import {MANAGED_BY_LABEL} from '../api/names.ts';
import {secrets} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import type {KeyPairPem} from '../pki/authority.ts';
import {createAuthority} from '../pki/authority.ts';
import {certificateTimes} from '../pki/inspect.ts';

export const AUTHORITY_SECRET = 'isthmus-ca';
const HOUR_MS = 3600 * 1000;
const YEAR_MS = 365 * 24 * HOUR_MS;
/** Certificates are valid from a little before they are made: clocks of nodes differ. */
export const CLOCK_SKEW_MS = 10 * 60 * 1000;
/** Every replica looks at the Secret more often than this, so by then all of them trust a new CA. */
const SETTLED_AFTER_MS = 24 * HOUR_MS;

export interface AuthorityOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** `isthmus-hub` or `isthmus-agent`: where both run in one cluster they share the CA. */
  readonly manager: string;
  readonly clusterId: string;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

export interface Authority {
  /** What to sign with now: while a new CA is not yet trusted everywhere, still the one before. */
  readonly signing: KeyPairPem;
  /** PEM of every CA whose certificates may be met: one, or two while they overlap. */
  readonly bundlePem: string;
}

/**
 * The cluster's own CA, out of a Secret that never leaves it (design §9): valid for a year, renewed at half, the one
 * before kept in the bundle until it expires. The first replica creates it; `create` and the Secret's resourceVersion
 * make races harmless, since all but one lose them and read the winner's.
 *
 * @throws IsthmusError ISTHMUS_PKI_INVALID where the Secret is there but unusable; KubeError
 */
export async function ensureAuthority(options: AuthorityOptions): Promise<Authority> {
  const {client, namespace, signal} = options;
  const found = await client.find<Secret>(secrets, {namespace, name: AUTHORITY_SECRET}, {signal});
  try {
    if (found === undefined) return toAuthority({newest: await createFirst(options)}, options.nowMs());
    const kept = readKept(found);
    if (!isPastHalf(kept.newest.certPem, options.nowMs())) return toAuthority(kept, options.nowMs());
    return toAuthority(await rotate(found, kept, options), options.nowMs());
  } catch (error) {
    if (error instanceof KubeError && (error.isAlreadyExists || error.isConflict)) return ensureAuthority(options);
    throw error;
  }
}

/** What the Secret holds. */
interface Kept {
  readonly newest: KeyPairPem;
  readonly previous?: KeyPairPem;
}

function toAuthority({newest, previous}: Kept, nowMs: number): Authority {
  if (previous === undefined || certificateTimes(previous.certPem).notAfterMs <= nowMs) {
    return {signing: newest, bundlePem: newest.certPem};
  }
  const madeAtMs = certificateTimes(newest.certPem).notBeforeMs + CLOCK_SKEW_MS;
  const signing = nowMs - madeAtMs < SETTLED_AFTER_MS ? previous : newest;
  return {signing, bundlePem: `${newest.certPem.trimEnd()}\n${previous.certPem}`};
}

function isPastHalf(certPem: string, nowMs: number): boolean {
  const {notBeforeMs, notAfterMs} = certificateTimes(certPem);
  return nowMs >= (notBeforeMs + notAfterMs) / 2;
}

function makeAuthority({nowMs, clusterId}: AuthorityOptions): Promise<KeyPairPem> {
  const atMs = nowMs();
  return createAuthority({
    commonName: `isthmus ${clusterId}`,
    notBeforeMs: atMs - CLOCK_SKEW_MS,
    notAfterMs: atMs + YEAR_MS,
  });
}

async function createFirst(options: AuthorityOptions): Promise<KeyPairPem> {
  const newest = await makeAuthority(options);
  const {client, manager, signal} = options;
  await client.create<Secret>(secrets, toSecret({newest}, options), {fieldManager: manager, signal});
  return newest;
}

async function rotate(found: Secret, kept: Kept, options: AuthorityOptions): Promise<Kept> {
  const rotated = {newest: await makeAuthority(options), previous: kept.newest};
  const {resourceVersion, uid} = found.metadata;
  const secret = toSecret(rotated, options);
  const metadata = {
    ...secret.metadata,
    ...(resourceVersion === undefined ? {} : {resourceVersion}),
    ...(uid === undefined ? {} : {uid}),
  };
  const {client, manager, signal} = options;
  await client.replace<Secret>(secrets, {...secret, metadata}, {fieldManager: manager, signal});
  return rotated;
}

function readKept(secret: Secret): Kept {
  const newest = readPair(secret, 'tls');
  const previous = readPair(secret, 'previous');
  if (newest === undefined) {
    const where = `${secret.metadata.namespace}/${secret.metadata.name}`;
    // Not replaced on its own: whatever was signed with the lost key would be refused from then on.
    const cure = 'delete it and restart hub and agents of this cluster to have a new CA made';
    throw new IsthmusError('ISTHMUS_PKI_INVALID', `Secret ${where} lacks tls.crt or tls.key; ${cure}`);
  }
  return previous === undefined ? {newest} : {newest, previous};
}

function readPair(secret: Secret, name: string): KeyPairPem | undefined {
  const certPem = decode(secret.data?.[`${name}.crt`]);
  const keyPem = decode(secret.data?.[`${name}.key`]);
  return certPem === undefined || keyPem === undefined ? undefined : {certPem, keyPem};
}

function toSecret({newest, previous}: Kept, {namespace, manager}: AuthorityOptions): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: {name: AUTHORITY_SECRET, namespace, labels: {[MANAGED_BY_LABEL]: manager}},
    data: {
      'tls.crt': encode(newest.certPem),
      'tls.key': encode(newest.keyPem),
      ...(previous === undefined
        ? {}
        : {'previous.crt': encode(previous.certPem), 'previous.key': encode(previous.keyPem)}),
    },
  };
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function decode(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
}
