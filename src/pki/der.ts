import forge from 'node-forge';

/**
 * The few DER shapes that a certificate is made of. node-forge does the encoding (tags, lengths) and nothing else:
 * keys, signatures and verification are `node:crypto`'s, because forge's elliptic curves and path checks are not there.
 */
export type Der = forge.asn1.Asn1;

const {Class, Type, create} = forge.asn1;

const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('binary');

const primitive = (type: forge.asn1.Type, value: string): Der => create(Class.UNIVERSAL, type, false, value);

export const sequence = (...items: Der[]): Der => create(Class.UNIVERSAL, Type.SEQUENCE, true, items);

export const set = (...items: Der[]): Der => create(Class.UNIVERSAL, Type.SET, true, items);

export const objectId = (oid: string): Der => primitive(Type.OID, forge.asn1.oidToDer(oid).getBytes());

export const boolean = (value: boolean): Der => primitive(Type.BOOLEAN, value ? '\xff' : '\x00');

/** An INTEGER out of its big-endian bytes; the first must be 0x01 to 0x7f, so that it is positive and minimal (X.690 §8.3). */
export const integer = (bytes: Uint8Array): Der => primitive(Type.INTEGER, binary(bytes));

export const octets = (bytes: Uint8Array): Der => primitive(Type.OCTETSTRING, binary(bytes));

/** @param unusedBits - how many of the last octet's low bits don't count; 0 for whole octets */
export const bits = (bytes: Uint8Array, unusedBits = 0): Der =>
  primitive(Type.BITSTRING, String.fromCharCode(unusedBits) + binary(bytes));

export const utf8 = (text: string): Der => primitive(Type.UTF8, binary(Buffer.from(text, 'utf8')));

/** An element with a context tag `[n]`, holding other elements. */
export const tagged = (tag: number, ...items: Der[]): Der => create(Class.CONTEXT_SPECIFIC, tag, true, items);

/** An element with an implicit context tag `[n]`, holding plain octets. */
export const taggedOctets = (tag: number, bytes: Uint8Array): Der =>
  create(Class.CONTEXT_SPECIFIC, tag, false, binary(bytes));

/** UTCTime through 2049, GeneralizedTime from 2050 on, whole seconds, Zulu (RFC 5280 §4.1.2.5). */
export function time(ms: number): Der {
  const date = new Date(ms);
  return date.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, forge.asn1.dateToUtcTime(date))
    : primitive(Type.GENERALIZEDTIME, forge.asn1.dateToGeneralizedTime(date));
}

export function encode(element: Der): Buffer {
  return Buffer.from(forge.asn1.toDer(element).getBytes(), 'binary');
}

export function decode(bytes: Uint8Array): Der {
  return forge.asn1.fromDer(binary(bytes));
}
