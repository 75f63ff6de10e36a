import {createHash, generateKeyPair, randomBytes, sign} from 'node:crypto';
import type {KeyObject} from 'node:crypto';
import {promisify} from 'node:util';
import {IsthmusError} from '../errors.ts';
import {bits, boolean, encode, integer, objectId, octets, sequence, tagged, taggedOctets, time} from './der.ts';
import type {Der} from './der.ts';

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const PRIME256V1 = '1.2.840.10045.3.1.7';
const SUBJECT_KEY_ID = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const SUBJECT_ALT_NAME = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const AUTHORITY_KEY_ID = '2.5.29.35';
const EXTENDED_KEY_USAGE = '2.5.29.37';

export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** Uncompressed point of P-256: 0x04, x, y. */
const POINT_BYTES = 65;

export interface CertificateRequest {
  readonly subject: Der;
  readonly issuer: Der;
  readonly publicKey: KeyObject;
  /** The issuer's public key: names it in the AuthorityKeyIdentifier. */
  readonly issuerPublicKey: KeyObject;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly authority: boolean;
  readonly extendedKeyUsage?: string;
  readonly alternativeNames?: Der;
}

const generate = promisify(generateKeyPair);

export function generateP256(): Promise<{publicKey: KeyObject; privateKey: KeyObject}> {
  return generate('ec', {namedCurve: 'prime256v1'});
}

/** An X.509 v3 certificate (RFC 5280 §4.1), signed with ecdsa-with-SHA256 (RFC 5758 §3.2), as PEM. */
export function signCertificate(request: CertificateRequest, issuerKey: KeyObject): string {
  if (!(request.notAfterMs > request.notBeforeMs)) {
    throw new IsthmusError('ISTHMUS_PKI_INVALID', 'notAfter must be later than notBefore', {
      notBeforeMs: request.notBeforeMs,
      notAfterMs: request.notAfterMs,
    });
  }
  const tbs = toBeSigned(request);
  const signature = sign('sha256', encode(tbs), issuerKey);
  return toPem(encode(sequence(tbs, sequence(objectId(ECDSA_WITH_SHA256)), bits(signature))));
}

function toBeSigned(request: CertificateRequest): Der {
  return sequence(
    tagged(0, integer(Uint8Array.of(2))),
    integer(randomSerial()),
    sequence(objectId(ECDSA_WITH_SHA256)),
    request.issuer,
    sequence(time(request.notBeforeMs), time(request.notAfterMs)),
    request.subject,
    publicKeyInfo(request.publicKey),
    tagged(3, sequence(...extensions(request))),
  );
}

/** 16 random octets; the first is 0x40 to 0x7f, so that the number is positive and always 16 octets long (RFC 5280 §4.1.2.2). */
function randomSerial(): Uint8Array {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function publicPoint(key: KeyObject): Buffer {
  // The point is the tail of the SubjectPublicKeyInfo: everything before it is the same for all keys of this curve.
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new IsthmusError('ISTHMUS_PKI_INVALID', 'only EC keys on P-256 are used');
  }
  return key.export({type: 'spki', format: 'der'}).subarray(-POINT_BYTES);
}

function publicKeyInfo(key: KeyObject): Der {
  return sequence(sequence(objectId(EC_PUBLIC_KEY), objectId(PRIME256V1)), bits(publicPoint(key)));
}

/** The leftmost 160 bits of SHA-256 over the public key (RFC 7093 §2, method 1). */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha256').update(publicPoint(key)).digest().subarray(0, 20);
}

function extensions(request: CertificateRequest): Der[] {
  const list = [
    // cA is DEFAULT FALSE: DER leaves a default out, so a leaf's sequence is empty (X.690 §11.5).
    extension(BASIC_CONSTRAINTS, request.authority ? sequence(boolean(true)) : sequence(), true),
    extension(KEY_USAGE, request.authority ? KEY_CERT_SIGN_AND_CRL_SIGN : DIGITAL_SIGNATURE, true),
    extension(SUBJECT_KEY_ID, octets(keyIdentifier(request.publicKey))),
    extension(AUTHORITY_KEY_ID, sequence(taggedOctets(0, keyIdentifier(request.issuerPublicKey)))),
  ];
  if (request.extendedKeyUsage !== undefined) {
    list.push(extension(EXTENDED_KEY_USAGE, sequence(objectId(request.extendedKeyUsage))));
  }
  if (request.alternativeNames !== undefined) list.push(extension(SUBJECT_ALT_NAME, request.alternativeNames));
  return list;
}

/** Named bits count from the left; trailing zero bits are left out in DER (X.690 §11.2.2). */
const DIGITAL_SIGNATURE = bits(Uint8Array.of(0b1000_0000), 7);
const KEY_CERT_SIGN_AND_CRL_SIGN = bits(Uint8Array.of(0b0000_0110), 1);

function extension(oid: string, value: Der, critical = false): Der {
  return sequence(objectId(oid), ...(critical ? [boolean(true)] : []), octets(encode(value)));
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
