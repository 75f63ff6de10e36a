import type {Namespace} from '../api/kinds.ts';
import {namespaces} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import {pause} from '../kube/backoff.ts';
import {KubeClient} from '../kube/client.ts';
import type {ClusterCredentials} from '../kube/credentials.ts';
import {KubeError} from '../kube/kube-error.ts';
import {kubeconfigText} from '../kube/kubeconfig-text.ts';
import {tokenLifetime, type TokenLifetime} from '../kube/token-lifetime.ts';
import {grantToken} from '../kube/token-request.ts';
import type {MemberSecrets} from './member-secrets.ts';
import {TOKEN_DAYS} from './plan-token-renewal.ts';

export interface RenewalOptions {
  /** Cluster id. */
  readonly name: string;
  /** In use now. */
  readonly credentials: ClusterCredentials;
  /** The text that they are from. */
  readonly kubeconfig: string;
  readonly account: NonNullable<TokenLifetime['account']>;
  /** uid of its `kube-system`. */
  readonly uid: string;
  readonly secrets: MemberSecrets;
  readonly userAgent: string;
  readonly signal: AbortSignal;
}

const SECONDS = TOKEN_DAYS * 86_400;
/** API servers of one cluster may take a moment to know each other's tokens. */
const ACCEPTED_WITHIN_MS = 10_000;
const AGAIN_MS = 250;

/**
 * Asks a member for another token of the hub's own account there, tries it, and only then writes it into the Secret that the hub
 * keeps: the old one stays in use, and in the Secret, until the new one was seen to be accepted by the same cluster (design §10).
 *
 * @returns false where the Secret holds something else meanwhile, which counts more
 * @throws KubeError; IsthmusError ISTHMUS_HUB_TOKEN_NOT_RENEWED
 */
export async function renewToken(options: RenewalOptions): Promise<boolean> {
  const {name, credentials, kubeconfig, secrets, signal} = options;
  const token = await ask(options);
  await accept({...credentials, token}, options);
  const kept = await secrets.read(name, signal);
  if (kept?.kubeconfig !== kubeconfig) return false;
  const {server, ca: caPem, tlsServerName} = credentials;
  try {
    const renewed = kubeconfigText({name, server, caPem, tlsServerName, token});
    await secrets.write(name, {...kept, kubeconfig: renewed}, signal);
    return true;
  } catch (error) {
    if (error instanceof KubeError && error.isConflict) return false;
    throw error;
  }
}

async function ask({credentials, account, userAgent, signal}: RenewalOptions): Promise<string> {
  const client = new KubeClient({credentials, userAgent});
  try {
    const {token} = await grantToken(client, {...account, expirationSeconds: SECONDS, signal});
    const before = tokenLifetime(credentials.token ?? '')?.expiresAtMs ?? 0;
    if ((tokenLifetime(token)?.expiresAtMs ?? Infinity) > before) return token;
    const reason = 'its API server granted one that does not last any longer';
    throw new IsthmusError('ISTHMUS_HUB_TOKEN_NOT_RENEWED', reason);
  } finally {
    await client.close();
  }
}

async function accept(credentials: ClusterCredentials, {uid, userAgent, signal}: RenewalOptions): Promise<void> {
  const client = new KubeClient({credentials, userAgent});
  const deadline = performance.now() + ACCEPTED_WITHIN_MS;
  try {
    for (;;) {
      try {
        const found = await client.get<Namespace>(namespaces, {name: 'kube-system'}, {signal});
        if (found.metadata.uid === uid) return;
        throw new IsthmusError('ISTHMUS_HUB_TOKEN_NOT_RENEWED', 'another cluster answers');
      } catch (error) {
        const isNotKnownYet = error instanceof KubeError && error.status === 401;
        if (!isNotKnownYet || performance.now() > deadline) throw error;
      }
      await pause(AGAIN_MS, signal);
    }
  } finally {
    await client.close();
  }
}
