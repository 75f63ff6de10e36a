import {isIP} from 'node:net';
import ipaddr from 'ipaddr.js';
import {IsthmusError} from '../errors.ts';
import {decode, objectId, sequence, set, taggedOctets, utf8} from './der.ts';
import type {Der} from './der.ts';

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';

/** X.520 `ub-common-name` and `ub-organization-name`: OpenSSL and Go refuse or misread longer ones. */
const MAX_ATTRIBUTE_LENGTH = 64;

/** A distinguished name: the organizations (Kubernetes reads them as groups), then the common name (the user). */
export function distinguishedName(commonName: string, organizations: readonly string[] = []): Der {
  const attributes = [
    ...organizations.map((text) => [ORGANIZATION, text] as const),
    [COMMON_NAME, commonName] as const,
  ];
  return sequence(...attributes.map(([type, text]) => set(sequence(objectId(type), utf8(attributeText(text))))));
}

function attributeText(text: string): string {
  if (text.length === 0 || text.length > MAX_ATTRIBUTE_LENGTH) {
    throw new IsthmusError(
      'ISTHMUS_PKI_INVALID',
      `names in a certificate's subject have 1 to ${MAX_ATTRIBUTE_LENGTH} characters; put longer host names into dnsNames`,
      {name: text.slice(0, 80)},
    );
  }
  return text;
}

/** The subject of a certificate, byte for byte: an issuer that is only equal in meaning breaks the chain in most verifiers. */
export function subjectOf(certificate: Uint8Array): Der {
  const tbs = childrenOf(childrenOf(decode(certificate))[0]);
  // version [0], serialNumber, signature, issuer, validity, subject (RFC 5280 §4.1)
  const subject = tbs[5];
  if (subject === undefined) throw new IsthmusError('ISTHMUS_PKI_INVALID', 'the CA certificate has no subject');
  return subject;
}

function childrenOf(element: Der | undefined): readonly Der[] {
  return element !== undefined && Array.isArray(element.value) ? element.value : [];
}

/** `GeneralNames` of a SubjectAltName: dNSName is `[2]`, iPAddress `[7]` with 4 or 16 octets (RFC 5280 §4.2.1.6). */
export function alternativeNames(dnsNames: readonly string[], ipAddresses: readonly string[]): Der {
  if (dnsNames.length + ipAddresses.length === 0) {
    throw new IsthmusError('ISTHMUS_PKI_INVALID', 'a serving certificate needs a DNS name or an IP address');
  }
  return sequence(
    ...dnsNames.map((name) => taggedOctets(2, Buffer.from(dnsName(name), 'latin1'))),
    ...ipAddresses.map((address) => taggedOctets(7, addressBytes(address))),
  );
}

function dnsName(name: string): string {
  if (name.length > 253 || !/^(\*\.)?[A-Za-z0-9_]([-A-Za-z0-9_.]*[A-Za-z0-9_])?$/.test(name) || isIP(name) !== 0) {
    throw new IsthmusError('ISTHMUS_PKI_INVALID', `${JSON.stringify(name)} is not a DNS name`, {name});
  }
  return name;
}

function addressBytes(address: string): Uint8Array {
  // The check first: ipaddr.js also takes `127.1` and `0x7f.1`, which no client would ask for.
  if (isIP(address) === 0 || address.includes('%')) {
    throw new IsthmusError('ISTHMUS_PKI_INVALID', `${JSON.stringify(address)} is not an IP address`, {address});
  }
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
}
