import {createPrivateKey, X509Certificate} from 'node:crypto';
import type {AddressInfo} from 'node:net';
import {connect, createServer} from 'node:tls';
import type {TLSSocket} from 'node:tls';
import {describe, expect, test} from 'vitest';
import {createAuthority, issueClient, issueServing} from '../../src/pki/authority.ts';
import type {KeyPairPem, ServingOptions} from '../../src/pki/authority.ts';
import {certificateTimes, isIssuedBy} from '../../src/pki/inspect.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
const DAY = 86_400_000;
const validity = {notBeforeMs: NOW - 600_000, notAfterMs: NOW + DAY};
const authority = (commonName = 'test-ca', notAfterMs = NOW + 365 * DAY): Promise<KeyPairPem> =>
  createAuthority({commonName, notBeforeMs: NOW - 600_000, notAfterMs});
const serving = (ca: KeyPairPem, options: Partial<ServingOptions> = {}): Promise<KeyPairPem> =>
  issueServing(ca, {commonName: 'agent', dnsNames: ['agent.example.org'], ipAddresses: [], ...validity, ...options});

describe('the CA certificate', () => {
  test('is a self-signed P-256 authority whose key belongs to it', async () => {
    const ca = await authority();
    const certificate = new X509Certificate(ca.certPem);
    expect(certificate.ca).toBe(true);
    expect(certificate.subject).toBe('CN=test-ca');
    expect(certificate.issuer).toBe('CN=test-ca');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(certificate.checkPrivateKey(createPrivateKey(ca.keyPem))).toBe(true);
  });

  test('has a positive 16-octet serial number that is another one each time', async () => {
    const serials = await Promise.all(
      Array.from({length: 20}, async () => new X509Certificate((await authority()).certPem).serialNumber),
    );
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(new Set(serials).size).toBe(20);
  });

  test.each([
    {name: 'the last second of 2049 as UTCTime', at: Date.UTC(2049, 11, 31, 23, 59, 59)},
    {name: 'the first second of 2050 as GeneralizedTime', at: Date.UTC(2050, 0, 1)},
    {name: '2077 as GeneralizedTime', at: Date.UTC(2077, 5, 3, 4, 5, 6)},
  ])('reads back $name', async ({at}) => {
    const ca = await authority('test-ca', at);
    expect(certificateTimes(ca.certPem)).toEqual({notBeforeMs: NOW - 600_000, notAfterMs: at});
    const der = new X509Certificate(ca.certPem).raw.toString('latin1');
    const generalized = new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
    expect(der.includes(`\x18\x0f${generalized}`)).toBe(at >= Date.UTC(2050, 0, 1));
  });
});

describe('a serving certificate', () => {
  test('is valid for its DNS names and addresses of both families, and for nothing else', async () => {
    const ca = await authority();
    const leaf = new X509Certificate(
      (
        await serving(ca, {
          dnsNames: ['agent.isthmus-system.svc', '*.example.org'],
          ipAddresses: ['127.0.0.1', '2001:db8::7'],
        })
      ).certPem,
    );
    expect(leaf.checkHost('agent.isthmus-system.svc')).toBe('agent.isthmus-system.svc');
    expect(leaf.checkHost('www.example.org')).toBeDefined();
    expect(leaf.checkHost('agent')).toBeUndefined();
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.checkIP('2001:db8:0:0::7')).toBeDefined();
    expect(leaf.checkIP('127.0.0.2')).toBeUndefined();
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  test('is issued by its own CA and not by another one of the same name', async () => {
    const [ca, impostor] = [await authority(), await authority()];
    const leaf = await serving(ca);
    expect(isIssuedBy(leaf.certPem, ca.certPem)).toBe(true);
    expect(isIssuedBy(leaf.certPem, impostor.certPem)).toBe(false);
    expect(isIssuedBy(ca.certPem, leaf.certPem)).toBe(false);
  });

  test('never outlives its CA', async () => {
    const ca = await authority('test-ca', NOW + DAY);
    const leaf = await serving(ca, {notAfterMs: NOW + 30 * DAY});
    expect(certificateTimes(leaf.certPem).notAfterMs).toBe(NOW + DAY);
  });

  test.each<{name: string; options: Partial<ServingOptions>; says: RegExp}>([
    {name: 'no names at all', options: {dnsNames: []}, says: /needs a DNS name or an IP address/},
    {name: 'an address among the DNS names', options: {dnsNames: ['127.0.0.1']}, says: /not a DNS name/},
    {name: 'a DNS name with a line break', options: {dnsNames: ['a\nb']}, says: /not a DNS name/},
    {name: 'a shortened address', options: {ipAddresses: ['127.1']}, says: /not an IP address/},
    {name: 'an address with a zone', options: {ipAddresses: ['fe80::1%eth0']}, says: /not an IP address/},
    {name: 'an overlong common name', options: {commonName: 'x'.repeat(65)}, says: /1 to 64 characters/},
    {name: 'times in the wrong order', options: {notBeforeMs: NOW, notAfterMs: NOW}, says: /later than notBefore/},
  ])('is refused with $name', async ({options, says}) => {
    const ca = await authority();
    await expect(async () => serving(ca, options)).rejects.toThrow(says);
  });
});

describe('a client certificate', () => {
  test('names its user as CN and its groups as O', async () => {
    const ca = await authority();
    const leaf = await issueClient(ca, {commonName: 'jane', organizations: ['ops', 'system:masters'], ...validity});
    const certificate = new X509Certificate(leaf.certPem);
    expect(certificate.subject.split('\n')).toEqual(['O=ops', 'O=system:masters', 'CN=jane']);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });
});

describe('signing', () => {
  test('needs a CA certificate', async () => {
    const ca = await authority();
    await expect(serving(await serving(ca))).rejects.toThrow(/not a CA/);
  });

  test('needs the key of that CA, and says nothing of the key in the error', async () => {
    const [ca, other] = [await authority(), await authority()];
    await expect(serving({certPem: ca.certPem, keyPem: other.keyPem})).rejects.toThrow(/does not belong/);
    await expect(serving({certPem: ca.certPem, keyPem: 'secret words'})).rejects.toThrow(
      expect.objectContaining({code: 'ISTHMUS_PKI_INVALID', message: expect.not.stringContaining('secret words')}),
    );
  });

  test('keeps the CA subject byte for byte, also with letters outside ASCII', async () => {
    const ca = await authority('Prüf-CA');
    expect(isIssuedBy((await serving(ca)).certPem, ca.certPem)).toBe(true);
  });
});

describe('inspection', () => {
  test('refuses what is not a certificate with a code', () => {
    expect(() => certificateTimes('nothing')).toThrow(expect.objectContaining({code: 'ISTHMUS_PKI_INVALID'}));
  });
});

describe('a TLS handshake', () => {
  test('with certificates on both sides succeeds, and shows the server who calls', async () => {
    const nowMs = Date.now();
    const times = {notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + 60_000};
    const ca = await createAuthority({commonName: 'handshake-ca', ...times});
    const server = await issueServing(ca, {
      commonName: 's',
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      ...times,
    });
    const client = await issueClient(ca, {commonName: 'jane', organizations: ['ops'], ...times});
    const seen = await handshake(ca, server, client);
    expect(seen).toBe('jane authorized=true');
  });
});

/** One connection over loopback, each side verifying the other against `ca`; the server's answer names its peer. */
async function handshake(ca: KeyPairPem, server: KeyPairPem, client: KeyPairPem): Promise<string> {
  const listener = createServer(
    {cert: server.certPem, key: server.keyPem, ca: ca.certPem, requestCert: true},
    (socket: TLSSocket) => {
      const {CN} = socket.getPeerCertificate().subject;
      socket.end(`${String(CN)} authorized=${socket.authorized}`);
    },
  );
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  try {
    return await new Promise<string>((resolve, reject) => {
      const {port} = listener.address() as AddressInfo;
      const socket = connect({host: '127.0.0.1', port, ca: ca.certPem, cert: client.certPem, key: client.keyPem});
      let text = '';
      socket.setEncoding('utf8');
      socket.on('data', (chunk: string) => (text += chunk));
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });
  } finally {
    await new Promise((resolve) => listener.close(resolve));
  }
}
