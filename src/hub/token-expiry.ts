import {tokenLifetime} from '../kube/token-lifetime.ts';
import type {ClusterAccess} from './cluster-access.ts';

/**
 * Until when the token that the hub has for a member is good, by its own word (RFC 7519 §4.1.4).
 *
 * @returns milliseconds since the epoch; undefined: it says nothing, there is no token, or it is the hub's own, which its node renews
 */
export function tokenExpiryMs(access: ClusterAccess | undefined): number | undefined {
  if (access?.ok !== true || access.fingerprint === 'own') return undefined;
  return tokenLifetime(access.credentials.token ?? '')?.expiresAtMs;
}
