import {createPrivateKey} from 'node:crypto';
import type {KeyObject, X509Certificate} from 'node:crypto';
import {IsthmusError} from '../errors.ts';
import {CLIENT_AUTH, generateP256, SERVER_AUTH, signCertificate} from './certificate.ts';
import type {Der} from './der.ts';
import {parseCertificate} from './inspect.ts';
import {alternativeNames, distinguishedName, subjectOf} from './names.ts';

/** A certificate and its private key (PKCS #8), both PEM. The key never goes into a log or an error. */
export interface KeyPairPem {
  readonly certPem: string;
  readonly keyPem: string;
}

interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface AuthorityOptions extends Validity {
  readonly commonName: string;
}

export interface ServingOptions extends Validity {
  readonly commonName: string;
  /** At least one name or address: verifiers ignore the common name (RFC 9525 §2). */
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

export interface ClientOptions extends Validity {
  readonly commonName: string;
  /** Read as groups by a kube-apiserver. */
  readonly organizations: readonly string[];
}

/**
 * A self-signed CA: EC P-256, `CA:TRUE`, may sign certificates and CRLs.
 *
 * @throws IsthmusError ISTHMUS_PKI_INVALID for an empty or overlong name, or times in the wrong order
 */
export async function createAuthority(options: AuthorityOptions): Promise<KeyPairPem> {
  const {publicKey, privateKey} = await generateP256();
  const name = distinguishedName(options.commonName);
  const {notBeforeMs, notAfterMs} = options;
  const certPem = signCertificate(
    {subject: name, issuer: name, publicKey, issuerPublicKey: publicKey, notBeforeMs, notAfterMs, authority: true},
    privateKey,
  );
  return {certPem, keyPem: toKeyPem(privateKey)};
}

/**
 * A server's certificate with SubjectAltNames and a key of its own. It never outlives its CA: `notAfterMs` is cut to the CA's.
 *
 * @throws IsthmusError ISTHMUS_PKI_INVALID where `ca` is no CA, key and certificate don't belong together, or a name is not one
 */
export function issueServing(ca: KeyPairPem, options: ServingOptions): Promise<KeyPairPem> {
  return issue(ca, {
    subject: distinguishedName(options.commonName),
    validity: options,
    extendedKeyUsage: SERVER_AUTH,
    alternativeNames: alternativeNames(options.dnsNames, options.ipAddresses),
  });
}

/** A client's certificate: user and groups as a kube-apiserver reads them. Limits and errors as {@link issueServing}. */
export function issueClient(ca: KeyPairPem, options: ClientOptions): Promise<KeyPairPem> {
  return issue(ca, {
    subject: distinguishedName(options.commonName, options.organizations),
    validity: options,
    extendedKeyUsage: CLIENT_AUTH,
  });
}

interface Leaf {
  readonly subject: Der;
  readonly validity: Validity;
  readonly extendedKeyUsage: string;
  readonly alternativeNames?: Der;
}

async function issue(ca: KeyPairPem, leaf: Leaf): Promise<KeyPairPem> {
  const {certificate, key} = openAuthority(ca);
  const {publicKey, privateKey} = await generateP256();
  const certPem = signCertificate(
    {
      subject: leaf.subject,
      issuer: subjectOf(certificate.raw),
      publicKey,
      issuerPublicKey: certificate.publicKey,
      notBeforeMs: leaf.validity.notBeforeMs,
      notAfterMs: Math.min(leaf.validity.notAfterMs, certificate.validToDate.getTime()),
      authority: false,
      extendedKeyUsage: leaf.extendedKeyUsage,
      ...(leaf.alternativeNames !== undefined && {alternativeNames: leaf.alternativeNames}),
    },
    key,
  );
  return {certPem, keyPem: toKeyPem(privateKey)};
}

function openAuthority(ca: KeyPairPem): {certificate: X509Certificate; key: KeyObject} {
  const certificate = parseCertificate(ca.certPem);
  const key = readKey(ca.keyPem);
  if (!certificate.ca) throw new IsthmusError('ISTHMUS_PKI_INVALID', 'the signing certificate is not a CA');
  if (!certificate.checkPrivateKey(key)) {
    throw new IsthmusError('ISTHMUS_PKI_INVALID', "the CA's key does not belong to its certificate");
  }
  return {certificate, key};
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause is left out on purpose: OpenSSL's errors can quote what they were given.
    throw new IsthmusError('ISTHMUS_PKI_INVALID', "the CA's private key is not a PEM key");
  }
}

function toKeyPem(key: KeyObject): string {
  return key.export({type: 'pkcs8', format: 'pem'}).toString();
}
