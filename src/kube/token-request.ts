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

/**
 * A token of a ServiceAccount, good for the API server itself (TokenRequest of `authentication.k8s.io/v1`).
 *
 * @throws KubeError: `isNotFound` without such an account, `isKindMissing` where it isn't served, `isForbidden` without the right
 */
export async function requestToken(client: KubeClient, options: TokenRequestOptions): Promise<string> {
  const {namespace, name, expirationSeconds, ...limits} = options;
  const path = resourcePath(serviceAccounts, {namespace, name, subresource: 'token'});
  const body = {apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {expirationSeconds}};
  const request = `POST ${path}`;
  const answer = await client.raw('POST', path, {...limits, body});
  if (answer.status !== 201) throw answerError(answer, request, Date.now());
  const token = readToken(answer.body);
  if (token === undefined) throw badAnswer(request, 'the answer has no token');
  return token;
}

function readToken(body: string): string | undefined {
  try {
    const {status} = JSON.parse(body) as {readonly status?: {readonly token?: unknown}};
    return typeof status?.token === 'string' ? status.token : undefined;
  } catch {
    // The parser's own message would quote the body.
    return undefined;
  }
}
