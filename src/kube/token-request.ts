import {serviceAccounts} from '../api/resources.ts';
import type {CallOptions} from './call-options.ts';
import type {KubeClient} from './client.ts';
import {resourcePath} from './resource-path.ts';
import {answerError, badAnswer} from './status-error.ts';

export interface TokenRequestOptions extends CallOptions {
  readonly namespace: string;
  /** Of the ServiceAccount. */
  readonly name: string;
  /** At least 600. The server may grant less. */
  readonly expirationSeconds: number;
}

export interface GrantedToken {
  readonly token: string;
  /** RFC 3339, as the server says it; undefined: it did not say. */
  readonly expiresAt: string | undefined;
}

/** As {@link grantToken}, the token alone. */
export async function requestToken(client: KubeClient, options: TokenRequestOptions): Promise<string> {
  return (await grantToken(client, options)).token;
}

/**
 * A token of a ServiceAccount, good for the API server itself (TokenRequest of `authentication.k8s.io/v1`).
 *
 * @throws KubeError: `isNotFound` without such an account, `isKindMissing` where it isn't served, `isForbidden` without the right
 */
export async function grantToken(client: KubeClient, options: TokenRequestOptions): Promise<GrantedToken> {
  const {namespace, name, expirationSeconds, ...limits} = options;
  const path = resourcePath(serviceAccounts, {namespace, name, subresource: 'token'});
  const body = {apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {expirationSeconds}};
  const request = `POST ${path}`;
  const answer = await client.raw('POST', path, {...limits, body});
  if (answer.status !== 201) throw answerError(answer, request, Date.now());
  const granted = readGranted(answer.body);
  if (granted === undefined) throw badAnswer(request, 'the answer has no token');
  return granted;
}

function readGranted(body: string): GrantedToken | undefined {
  try {
    const {status} = JSON.parse(body) as {readonly status?: {readonly token?: unknown; expirationTimestamp?: unknown}};
    const expiresAt = status?.expirationTimestamp;
    if (typeof status?.token !== 'string') return undefined;
    return {token: status.token, expiresAt: typeof expiresAt === 'string' ? expiresAt : undefined};
  } catch {
    // The parser's own message would quote the body.
    return undefined;
  }
}
