/** Node's words for a chain that doesn't end in a CA that was given (`X509_V_ERR_*` of OpenSSL). */
const FOREIGN: ReadonlySet<unknown> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);

/**
 * Why we refused the server's certificate, with what to change; undefined for any other failure. Node's own sentence advises to
 * trust the CAs of the system, which is never what is meant with an API server.
 */
export function tlsRefusal(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  if (FOREIGN.has(code)) {
    return `its certificate is not of the CA in the credentials (${String(code)}); where the cluster has a new CA, put it there`;
  }
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired; renew it in that cluster';
  return undefined;
}
