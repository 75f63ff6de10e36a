import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {stringify} from 'yaml';
import {inClusterCredentials, loadKubeconfig} from '../../src/kube/operator-kubeconfig.ts';
import {TokenFile} from '../../src/kube/token-file.ts';
import {createAuthority, issueClient} from '../../src/pki/authority.ts';

const times = {notBeforeMs: Date.now() - 1_000, notAfterMs: Date.now() + 3_600_000};
const ca = await createAuthority({commonName: 'CA', ...times});
const person = await issueClient(ca, {commonName: 'admin', organizations: [], ...times});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  await Promise.all([
    writeFile(join(folder, 'ca.crt'), ca.certPem),
    writeFile(join(folder, 'me.crt'), person.certPem),
    writeFile(join(folder, 'me.key'), person.keyPem),
    writeFile(join(folder, 'token'), 'first\n'),
  ]);
});
afterEach(() => rm(folder, {recursive: true}));

async function write(user: object, cluster: object = {'certificate-authority': 'ca.crt'}): Promise<string> {
  const path = join(folder, 'config');
  const document = {
    'current-context': 'a',
    'clusters': [{name: 'c', cluster: {server: 'https://127.0.0.1:6443', ...cluster}}],
    'contexts': [
      {name: 'a', context: {cluster: 'c', user: 'u'}},
      {name: 'b', context: {cluster: 'c', user: 'v'}},
    ],
    'users': [
      {name: 'u', user},
      {name: 'v', user: {token: 'of-v'}},
    ],
  };
  await writeFile(path, stringify(document));
  return path;
}

describe("the operator's own file", () => {
  test('paths are relative to it', async () => {
    const path = await write({'client-certificate': 'me.crt', 'client-key': 'me.key'});
    expect(await loadKubeconfig(path)).toEqual({
      server: 'https://127.0.0.1:6443',
      ca: ca.certPem.trim(),
      clientCert: person.certPem.trim(),
      clientKey: person.keyPem,
    });
  });

  test('another context may be named', async () => {
    expect((await loadKubeconfig(await write({exec: {}}), 'b')).token).toBe('of-v');
  });

  test('without a CA the roots of Node are trusted', async () => {
    expect((await loadKubeconfig(await write({token: 't'}, {}))).ca).toContain('BEGIN CERTIFICATE');
  });

  test('a token file is read', async () => {
    expect((await loadKubeconfig(await write({tokenFile: 'token'}))).token).toBe('first');
  });

  test.each([
    {name: 'an exec plugin', user: {exec: {command: 'x'}}, says: 'users[0].user.exec is not supported: use a token'},
    {name: 'nothing', user: {}, says: 'must have a token'},
    {name: 'a file that is not there', user: {tokenFile: 'nope'}, says: 'users[0].user.tokenFile cannot be read'},
    {name: 'a certificate without a key', user: {'client-certificate': 'me.crt'}, says: 'both'},
  ])('$name is refused with what to change', async ({user, says}) => {
    await expect(loadKubeconfig(await write(user))).rejects.toThrow(says);
  });

  test('skipping verification is refused', async () => {
    const path = await write({token: 't'}, {'insecure-skip-tls-verify': true});
    await expect(loadKubeconfig(path)).rejects.toThrow('insecure-skip-tls-verify');
  });

  test('a file that is not there', async () => {
    await expect(loadKubeconfig(join(folder, 'none'))).rejects.toMatchObject({code: 'ISTHMUS_KUBECONFIG_INVALID'});
  });
});

describe('in a pod', () => {
  test('the service account that the kubelet mounts', async () => {
    const env = {KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443'};
    const credentials = await inClusterCredentials({folder, env});
    expect([credentials.server, credentials.token]).toEqual(['https://[fd00::1]:6443', 'first']);
  });

  test('outside of one it says so', async () => {
    await expect(inClusterCredentials({folder, env: {}})).rejects.toThrow('this is not a pod');
  });

  test('a rotated token is picked up within a minute; while the file is gone the last one stays', async () => {
    const path = join(folder, 'token');
    let now = 0;
    const file = new TokenFile(path, () => now);
    await writeFile(path, 'second\n');
    expect(file.token).toBe('first');
    now = 60_000;
    expect(file.token).toBe('second');
    await rm(path);
    now = 120_000;
    expect(file.token).toBe('second');
  });
});
