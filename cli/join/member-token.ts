import {DEFAULT_NAMESPACE, HUB_MANAGER} from '../../src/api/names.ts';
import {TOKEN_DAYS} from '../../src/hub/plan-token-renewal.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import type {ClusterCredentials} from '../../src/kube/credentials.ts';
import {tokenLifetime} from '../../src/kube/token-lifetime.ts';
import {grantToken} from '../../src/kube/token-request.ts';
import {parseUntrustedKubeconfig} from '../../src/kube/untrusted-kubeconfig.ts';
import {IsthmusError} from '../../src/errors.ts';

const DAY_MS = 86_400_000;
/** The least that an API server grants. */
const BRIEF_SECONDS = 600;

export interface MemberToken {
  readonly token: string;
  /** Milliseconds since the epoch; undefined: nobody said. */
  readonly expiresAtMs: number | undefined;
}

/**
 * A token of the hub's account in a member.
 *
 * @param use - `check`: to ask for its rights and be forgotten; the hub has one of its own there
 * @throws KubeError
 */
export async function newToken(client: KubeClient, use: 'hub' | 'check', signal: AbortSignal): Promise<MemberToken> {
  const expirationSeconds = use === 'check' ? BRIEF_SECONDS : (TOKEN_DAYS * DAY_MS) / 1_000;
  const of = {namespace: DEFAULT_NAMESPACE, name: HUB_MANAGER, expirationSeconds, signal};
  const {token, expiresAt} = await grantToken(client, of);
  const expiresAtMs = Date.parse(expiresAt ?? '');
  return {token, expiresAtMs: Number.isNaN(expiresAtMs) ? undefined : expiresAtMs};
}

/** `2027-02-19, in 90 days` */
export function expiryText({expiresAtMs}: MemberToken, nowMs: number): string {
  if (expiresAtMs === undefined) return 'good until its API server says otherwise';
  const days = Math.floor((expiresAtMs - nowMs) / DAY_MS + 0.01);
  return `good until ${new Date(expiresAtMs).toISOString().slice(0, 16)}Z, for ${days} days`;
}

/**
 * The token of a kubeconfig that an earlier join made, where it is still good for the better part of its time (the hub renews it
 * at half) and for the same API server.
 */
export function keptToken(
  kubeconfig: string | undefined,
  to: Pick<ClusterCredentials, 'server' | 'ca' | 'tlsServerName'>,
  {development, nowMs}: {readonly development: boolean; readonly nowMs: number},
): MemberToken | undefined {
  if (kubeconfig === undefined) return undefined;
  try {
    const {server, ca, tlsServerName, token} = parseUntrustedKubeconfig(kubeconfig, {development});
    if (server !== to.server || ca.trim() !== to.ca.trim() || tlsServerName !== to.tlsServerName || token === undefined)
      return undefined;
    const lifetime = tokenLifetime(token);
    if (lifetime === undefined || nowMs > (lifetime.issuedAtMs + lifetime.expiresAtMs) / 2) return undefined;
    return {token, expiresAtMs: lifetime.expiresAtMs};
  } catch (error) {
    // One that can't be used is as good as none.
    if (error instanceof IsthmusError) return undefined;
    throw error;
  }
}
