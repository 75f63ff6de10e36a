import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, describe, expect, test} from 'vitest';
import {createAuthority, issueClient, issueServing} from '../../src/pki/authority.ts';

/** A second judge that shares no code with Node's: only where the machine has it, because npm does not bring it. */
const hasOpenssl = ((): boolean => {
  try {
    return execFileSync('openssl', ['version'], {encoding: 'utf8'}).startsWith('OpenSSL');
  } catch {
    return false;
  }
})();

const directory = mkdtempSync(join(tmpdir(), 'isthmus-pki-'));
afterAll(() => rmSync(directory, {recursive: true, force: true}));

describe.runIf(hasOpenssl)('openssl verify -x509_strict', () => {
  test('accepts the CA and its leaves for their purposes, and no leaf for the other purpose', async () => {
    const nowMs = Date.now();
    const times = {notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + 3_600_000};
    const ca = await createAuthority({commonName: 'strict-ca', ...times});
    const server = await issueServing(ca, {
      commonName: 's',
      dnsNames: ['a.example.org'],
      ipAddresses: ['::1'],
      ...times,
    });
    const client = await issueClient(ca, {commonName: 'jane', organizations: ['ops'], ...times});
    const caFile = file('ca.pem', ca.certPem);
    const verify = (purpose: string, name: string, pem: string, more: string[] = []): string =>
      openssl(['verify', '-x509_strict', '-CAfile', caFile, '-purpose', purpose, ...more, file(name, pem)]);
    expect(verify('sslserver', 'server.pem', server.certPem, ['-verify_hostname', 'a.example.org'])).toContain('OK');
    expect(verify('sslserver', 'server.pem', server.certPem, ['-verify_ip', '::1'])).toContain('OK');
    expect(verify('sslclient', 'client.pem', client.certPem)).toContain('OK');
    expect(verify('sslserver', 'client.pem', client.certPem)).not.toContain('OK');
    expect(verify('sslserver', 'server.pem', server.certPem, ['-verify_hostname', 'b.example.org'])).not.toContain(
      'OK',
    );
  });
});

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** What it prints; a refusal ends with code 2 and is told on stderr. */
function openssl(args: readonly string[]): string {
  try {
    return execFileSync('openssl', args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']});
  } catch {
    return 'refused';
  }
}
