import {X509Certificate} from 'node:crypto';
import {IsthmusError} from '../errors.ts';

/**
 * The first certificate of a PEM text.
 *
 * @throws IsthmusError ISTHMUS_PKI_INVALID where there is none
 */
export function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new IsthmusError('ISTHMUS_PKI_INVALID', 'this is not a PEM certificate', {}, {cause});
  }
}

/**
 * Both ends of a certificate's validity, milliseconds since the epoch (whole seconds).
 *
 * @throws IsthmusError ISTHMUS_PKI_INVALID where the text is not a certificate
 */
export function certificateTimes(pem: string): {notBeforeMs: number; notAfterMs: number} {
  const certificate = parseCertificate(pem);
  return {notBeforeMs: certificate.validFromDate.getTime(), notAfterMs: certificate.validToDate.getTime()};
}

/**
 * True where the CA's key made the leaf's signature and the names match. Says nothing about validity times or usages.
 *
 * @throws IsthmusError ISTHMUS_PKI_INVALID where one of the texts is not a certificate
 */
export function isIssuedBy(leafPem: string, caPem: string): boolean {
  const leaf = parseCertificate(leafPem);
  const ca = parseCertificate(caPem);
  return ca.ca && leaf.checkIssued(ca) && leaf.verify(ca.publicKey);
}
