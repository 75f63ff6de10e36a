import {beforeAll, describe, expect, test} from 'vitest';
import fc from 'fast-check';
import {stringify} from 'yaml';
import {IsthmusError} from '../../src/errors.ts';
import {parseUntrustedKubeconfig} from '../../src/kube/untrusted-kubeconfig.ts';
import {createAuthority, issueClient} from '../../src/pki/authority.ts';
import type {KeyPairPem} from '../../src/pki/authority.ts';

const SECRET = 'c2VjcmV0LXRva2Vu.should-never-be-shown';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

let ca: KeyPairPem;
let person: KeyPairPem;
let stranger: KeyPairPem;
beforeAll(async () => {
  const times = {notBeforeMs: Date.now() - 1_000, notAfterMs: Date.now() + 3_600_000};
  ca = await createAuthority({commonName: 'member CA', ...times});
  person = await issueClient(ca, {commonName: 'admin', organizations: [], ...times});
  stranger = await issueClient(ca, {commonName: 'other', organizations: [], ...times});
});

interface Parts {
  readonly root?: object;
  readonly cluster?: object;
  readonly context?: object;
  readonly user?: object;
}

/** A good kubeconfig with a token; parts overwrite fields, `undefined` removes one. */
function kubeconfig(parts: Parts = {}): string {
  const cluster = {
    'server': 'https://cluster-a.example.org:6443',
    'certificate-authority-data': base64(ca.certPem),
    ...parts.cluster,
  };
  const document = {
    'apiVersion': 'v1',
    'kind': 'Config',
    'preferences': {},
    'current-context': 'cluster-a',
    'clusters': [{name: 'cluster-a', cluster}],
    'contexts': [{name: 'cluster-a', context: {cluster: 'cluster-a', user: 'admin', ...parts.context}}],
    'users': [{name: 'admin', user: {token: SECRET, ...parts.user}}],
    ...parts.root,
  };
  return `---\n${stringify(document)}`;
}

function refusal(text: string, development = false): {code: string; message: string} {
  try {
    parseUntrustedKubeconfig(text, {development});
  } catch (error) {
    expect(error).toBeInstanceOf(IsthmusError);
    const {code, message} = error as IsthmusError;
    return {code, message};
  }
  throw new Error('it was accepted');
}

describe('what is accepted', () => {
  test('a token, after a leading "---" as the seed has it', () => {
    expect(parseUntrustedKubeconfig(kubeconfig(), {development: false})).toEqual({
      server: 'https://cluster-a.example.org:6443',
      ca: ca.certPem.trim(),
      token: SECRET,
      refuseLocalAddresses: true,
    });
  });

  test('a client certificate with its key, a server name, a prefix', () => {
    const user = {
      'token': undefined,
      'client-certificate-data': base64(person.certPem),
      'client-key-data': base64(person.keyPem),
    };
    const cluster = {'server': 'https://192.0.2.7/k8s/c-1/', 'tls-server-name': 'kubernetes'};
    expect(parseUntrustedKubeconfig(kubeconfig({user, cluster}), {development: false})).toMatchObject({
      server: 'https://192.0.2.7/k8s/c-1',
      tlsServerName: 'kubernetes',
      clientCert: person.certPem.trim(),
      clientKey: person.keyPem,
    });
  });

  test('loopback in development, and there alone', () => {
    const text = kubeconfig({cluster: {server: 'https://127.0.0.1:6443'}});
    expect(parseUntrustedKubeconfig(text, {development: true})).toMatchObject({server: 'https://127.0.0.1:6443'});
    expect(parseUntrustedKubeconfig(text, {development: true}).refuseLocalAddresses).toBeUndefined();
    expect(refusal(text).code).toBe('ISTHMUS_KUBECONFIG_FORBIDDEN');
  });

  test('JSON, which is YAML too', () => {
    const text = kubeconfig();
    expect(() => parseUntrustedKubeconfig(JSON.stringify({}), {development: false})).toThrow('current-context');
    expect(parseUntrustedKubeconfig(text, {development: false}).token).toBe(SECRET);
  });
});

describe('what would act on this machine is refused by its name', () => {
  test.each<{key: string; parts: Parts; says: string}>([
    {key: 'users[0].user.exec', parts: {user: {exec: {command: '/bin/sh'}}}, says: 'use a token'},
    {key: 'users[0].user.auth-provider', parts: {user: {'auth-provider': {name: 'gcp'}}}, says: 'use a token'},
    {key: 'users[0].user.tokenFile', parts: {user: {tokenFile: '/etc/shadow'}}, says: 'the token itself'},
    {key: 'users[0].user.token-file', parts: {user: {'token-file': '/etc/shadow'}}, says: 'the token itself'},
    {key: 'users[0].user.client-certificate', parts: {user: {'client-certificate': '/x'}}, says: '-data'},
    {key: 'users[0].user.client-key', parts: {user: {'client-key': '/x'}}, says: 'client-key-data'},
    {key: 'users[0].user.username', parts: {user: {username: 'root'}}, says: 'use a token'},
    {key: 'users[0].user.password', parts: {user: {password: SECRET}}, says: 'use a token'},
    {key: 'users[0].user.as', parts: {user: {as: 'root'}}, says: 'impersonation'},
    {key: 'users[0].user.as-groups', parts: {user: {'as-groups': ['x']}}, says: 'impersonation'},
    {key: 'users[0].user.as-uid', parts: {user: {'as-uid': 'x'}}, says: 'impersonation'},
    {key: 'users[0].user.as-user-extra', parts: {user: {'as-user-extra': {}}}, says: 'impersonation'},
    {key: 'users[0].user.extensions', parts: {user: {extensions: []}}, says: 'remove it'},
    {key: 'clusters[0].cluster.proxy-url', parts: {cluster: {'proxy-url': 'http://x'}}, says: 'directly'},
    {
      key: 'clusters[0].cluster.insecure-skip-tls-verify',
      parts: {cluster: {'insecure-skip-tls-verify': true}},
      says: 'certificate-authority-data',
    },
    {
      key: 'clusters[0].cluster.certificate-authority',
      parts: {cluster: {'certificate-authority': '/x'}},
      says: '-data',
    },
    {key: 'contexts[0].context.extensions', parts: {context: {extensions: []}}, says: 'remove it'},
    {key: 'extensions', parts: {root: {extensions: []}}, says: 'remove it'},
  ])('$key', ({key, parts, says}) => {
    const {code, message} = refusal(kubeconfig(parts), true);
    expect(code).toBe('ISTHMUS_KUBECONFIG_FORBIDDEN');
    expect(message).toContain(`: ${key} is not allowed`);
    expect(message).toContain(says);
    expect(message).not.toContain(SECRET);
  });

  test('in a user that is not used, too', () => {
    const users = [
      {name: 'admin', user: {token: SECRET}},
      {name: 'other', user: {exec: {command: 'x'}}},
    ];
    expect(refusal(kubeconfig({root: {users}})).message).toContain('users[1].user.exec');
  });

  test('beside the user, too', () => {
    const users = [{name: 'admin', user: {token: SECRET}, exec: {}}];
    expect(refusal(kubeconfig({root: {users}})).message).toContain('users[0].exec');
  });
});

describe('hosts that point inward are refused', () => {
  test.each([
    'https://localhost:6443',
    'https://LOCALHOST.:6443',
    'https://a.localhost',
    'https://localhost.localdomain',
    'https://127.0.0.1',
    'https://127.1',
    'https://2130706433',
    'https://0x7f.0.0.1',
    'https://[::1]:6443',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:7f00:1]',
    'https://169.254.169.254',
    'https://[fe80::1]',
    'https://0.0.0.0:6443',
    'https://[::]',
    'https://224.0.0.1',
    'https://255.255.255.255',
  ])('%s', (server) => {
    const {code, message} = refusal(kubeconfig({cluster: {server}}));
    expect(code).toBe('ISTHMUS_KUBECONFIG_FORBIDDEN');
    expect(message).toContain('clusters[0].cluster.server');
  });

  test('in development only loopback is let in', () => {
    expect(refusal(kubeconfig({cluster: {server: 'https://169.254.169.254'}}), true).message).toContain('LinkLocal');
  });
});

describe('what is wrong is named with what to change', () => {
  test.each<{name: string; parts: Parts; says: string}>([
    {name: 'plain HTTP', parts: {cluster: {server: 'http://x:8080'}}, says: 'must begin with https://'},
    {name: 'another scheme', parts: {cluster: {server: 'file:///etc/passwd'}}, says: 'must begin with https://'},
    {name: 'a password in the URL', parts: {cluster: {server: `https://u:${SECRET}@x`}}, says: 'users[].user.token'},
    {name: 'no URL', parts: {cluster: {server: 'cluster-a:6443 '}}, says: 'clusters[0].cluster.server'},
    {name: 'a query', parts: {cluster: {server: 'https://x/?a=b'}}, says: 'query'},
    {name: 'no server', parts: {cluster: {server: null}}, says: 'clusters[0].cluster.server is missing'},
    {
      name: 'no CA, as the seed leaves it open',
      parts: {cluster: {'certificate-authority-data': null}},
      says: "the server's CA",
    },
    {name: 'a CA that is no base64', parts: {cluster: {'certificate-authority-data': '%%%'}}, says: 'must be base64'},
    {name: 'a CA that is no PEM', parts: {cluster: {'certificate-authority-data': 'AAAA'}}, says: 'PEM certificate'},
    {
      name: 'a CA that cannot be read',
      parts: {
        cluster: {
          'certificate-authority-data': base64('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'),
        },
      },
      says: 'cannot be read',
    },
    {name: 'no current context', parts: {root: {'current-context': ''}}, says: 'current-context is missing'},
    {name: 'a context that is not there', parts: {root: {'current-context': 'x'}}, says: 'no item named "x"'},
    {name: 'a user that is not there', parts: {context: {user: 'x'}}, says: 'users has no item named "x"'},
    {
      name: 'a context without a cluster',
      parts: {context: {cluster: ''}},
      says: 'contexts[0].context.cluster is missing',
    },
    {name: 'no credentials', parts: {user: {token: null}}, says: 'must have a token'},
    {name: 'a certificate without its key', parts: {user: {'client-certificate-data': 'AAAA'}}, says: 'both'},
    {name: 'a token with a line break', parts: {user: {token: `${SECRET}\r\nX-Evil: 1`}}, says: 'users[0].user.token'},
    {name: 'a token that is a number', parts: {user: {token: 12}}, says: 'put it in quotes'},
    {name: 'another kind', parts: {root: {kind: 'Secret'}}, says: 'kind must be Config'},
    {name: 'a list that is none', parts: {root: {users: {}}}, says: 'users must be a list'},
  ])('$name', ({parts, says}) => {
    const {message} = refusal(kubeconfig(parts));
    expect(message).toContain(says);
    expect(message).not.toContain(SECRET);
  });

  test('a key that belongs to another certificate', () => {
    const user = {
      'client-certificate-data': base64(person.certPem),
      'client-key-data': base64(stranger.keyPem),
    };
    const {message} = refusal(kubeconfig({user}));
    expect(message).toContain('client-key-data is not the key of the client certificate');
    expect(message).not.toContain(stranger.keyPem.split('\n')[1]);
  });

  test.each([
    {name: 'too large', text: `a: ${'x'.repeat(70_000)}`, says: 'larger than'},
    {name: 'empty', text: '', says: 'one YAML document'},
    {name: 'two documents', text: 'a: 1\n---\nb: 2\n', says: 'one YAML document'},
    {name: 'a text', text: SECRET, says: 'not a YAML mapping'},
    {name: 'broken', text: `token: "${SECRET}\nx: [`, says: 'it is not YAML'},
    {name: 'a key twice', text: 'kind: Config\nkind: Config\n', says: 'DUPLICATE_KEY at line 2'},
    {name: 'an alias bomb', text: 'a: &a [x, x]\nb: &b [*a, *a]\nusers: [*b, *b]\n', says: 'aliases'},
    {name: 'one alias', text: 'a: &a x\nb: *a\n', says: 'aliases'},
    {name: 'endless nesting', text: '['.repeat(60_000), says: ''},
  ])('$name', ({text, says}) => {
    const {code, message} = refusal(text);
    expect(code).toMatch(/^ISTHMUS_KUBECONFIG_/);
    expect(message).toContain(says);
    expect(message).not.toContain(SECRET);
  });

  test('whatever the bytes: a clear error, and no part of the token in it', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.string({unit: 'binary', maxLength: 3}), (at, noise) => {
        const text = kubeconfig();
        const place = at % text.length;
        try {
          parseUntrustedKubeconfig(text.slice(0, place) + noise + text.slice(place), {development: false});
        } catch (error) {
          expect(error).toBeInstanceOf(IsthmusError);
          expect((error as Error).message).not.toContain('should-never-be-shown');
          expect((error as Error).cause).toBeUndefined();
        }
      }),
    );
  });
});
