import {beforeEach, describe, expect, test} from 'vitest';

import type {Secret} from '../../src/api/kinds.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import type {Authority, AuthorityOptions} from '../../src/mesh/own-authority.ts';
import {ensureAuthority} from '../../src/mesh/own-authority.ts';
import {issueServing} from '../../src/pki/authority.ts';
import {isIssuedBy} from '../../src/pki/inspect.ts';

const DAY_MS = 24 * 3600 * 1000;
const START_MS = Date.UTC(2026, 0, 1);

let stored: Secret | undefined;
let writes: string[];
let nowMs: number;
/** Runs right before the next write: what another replica does in between. */
let meanwhile: (() => void) | undefined;

function refuse(status: number, reason: string): never {
  throw new KubeError('ISTHMUS_KUBE_STATUS', reason, {status, reason});
}

/** One Secret, with the API server's rules about creating and replacing it. */
const client = {
  find: () => Promise.resolve(stored),
  create: async (_resource: unknown, secret: Secret) => {
    writes.push('create');
    meanwhile?.();
    meanwhile = undefined;
    if (stored !== undefined) refuse(409, 'AlreadyExists');
    stored = {...secret, metadata: {...secret.metadata, resourceVersion: '1', uid: 'u'}};
    return Promise.resolve(stored);
  },
  replace: async (_resource: unknown, secret: Secret) => {
    writes.push('replace');
    meanwhile?.();
    meanwhile = undefined;
    if (stored?.metadata.resourceVersion !== secret.metadata.resourceVersion) refuse(409, 'Conflict');
    stored = {
      ...secret,
      metadata: {...secret.metadata, resourceVersion: String(Number(secret.metadata.resourceVersion) + 1)},
    };
    return Promise.resolve(stored);
  },
} as unknown as KubeClient;

function ensure(): Promise<Authority> {
  const options: AuthorityOptions = {
    client,
    namespace: 'isthmus-system',
    manager: 'isthmus-agent',
    clusterId: 'cluster-1',
    nowMs: () => nowMs,
    signal: new AbortController().signal,
  };
  return ensureAuthority(options);
}

function certificatesIn(bundle: string): number {
  return bundle.match(/BEGIN CERTIFICATE/g)?.length ?? 0;
}

beforeEach(() => {
  stored = undefined;
  writes = [];
  meanwhile = undefined;
  nowMs = START_MS;
});

test('the first replica makes the CA, the next ones read it', async () => {
  const first = await ensure();
  const second = await ensure();
  expect(second).toEqual(first);
  expect(writes).toEqual(['create']);
  expect(first.bundlePem).toBe(first.signing.certPem);
});

test('of two that create at once, the loser takes the winner’s', async () => {
  const winner = await ensure();
  const kept = stored;
  stored = undefined;
  meanwhile = () => {
    stored = kept;
  };
  expect((await ensure()).signing).toEqual(winner.signing);
});

test('a Secret without a key is an error that says what to do, and is not replaced', async () => {
  await ensure();
  stored = {...stored!, data: {'tls.crt': stored?.data?.['tls.crt'] ?? ''}};
  await expect(ensure()).rejects.toThrow(/isthmus-system\/isthmus-ca lacks .* delete it and restart/);
  expect(writes).toEqual(['create']);
});

describe('renewal (design §9: 1 year, renewed at half, the old one kept in the bundle until it expires)', () => {
  test('nothing changes before half of its life', async () => {
    const before = await ensure();
    nowMs = START_MS + 182 * DAY_MS;
    expect(await ensure()).toEqual(before);
  });

  test('at half a new CA is trusted at once, and signs only when every replica had time to trust it', async () => {
    const before = await ensure();
    nowMs = START_MS + 183 * DAY_MS;
    const renewed = await ensure();
    expect(certificatesIn(renewed.bundlePem)).toBe(2);
    expect(renewed.bundlePem).toContain(before.signing.certPem.trim());
    expect(renewed.signing).toEqual(before.signing);
    nowMs += DAY_MS;
    const settled = await ensure();
    expect(settled.signing).not.toEqual(before.signing);
    expect(settled.bundlePem).toBe(renewed.bundlePem);
    const leaf = await issueServing(settled.signing, {
      ...{commonName: 'x', dnsNames: ['x'], ipAddresses: []},
      ...{notBeforeMs: nowMs, notAfterMs: nowMs + DAY_MS},
    });
    expect(isIssuedBy(leaf.certPem, settled.signing.certPem)).toBe(true);
    expect(writes).toEqual(['create', 'replace']);
  });

  test('the old CA leaves the bundle when it has expired', async () => {
    await ensure();
    nowMs = START_MS + 183 * DAY_MS;
    await ensure();
    nowMs = START_MS + 365 * DAY_MS;
    expect(certificatesIn((await ensure()).bundlePem)).toBe(1);
  });

  test('of two replicas that renew at once, one wins and both agree', async () => {
    await ensure();
    nowMs = START_MS + 183 * DAY_MS;
    let winner: Secret | undefined;
    const loser = stored;
    await ensure();
    winner = stored;
    stored = loser;
    meanwhile = () => {
      stored = winner;
    };
    const agreed = await ensure();
    expect(agreed.bundlePem).toContain(
      Buffer.from(winner?.data?.['tls.crt'] ?? '', 'base64')
        .toString()
        .trim(),
    );
  });
});
