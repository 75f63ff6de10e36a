import type {CallOptions} from './call-options.ts';
import type {KubeClient} from './client.ts';
import {answerError, badAnswer} from './status-error.ts';

/** One thing that RBAC can allow: as small as it can say it. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  /** Of the one object; undefined: any. */
  readonly name?: string | undefined;
  /** Undefined: in all of them. */
  readonly namespace?: string | undefined;
}

const PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/**
 * Asks an API server whether the credentials of this client may do something (SelfSubjectAccessReview). Everybody may ask.
 *
 * @throws KubeError
 */
export async function mayDo(client: KubeClient, right: Right, limits: CallOptions = {}): Promise<boolean> {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: {resourceAttributes: right},
  };
  const answer = await client.raw('POST', PATH, {...limits, body});
  if (answer.status !== 201) throw answerError(answer, `POST ${PATH}`, Date.now());
  const allowed = readAllowed(answer.body);
  if (allowed === undefined) throw badAnswer(`POST ${PATH}`, 'the answer says neither yes nor no');
  return allowed;
}

function readAllowed(body: string): boolean | undefined {
  try {
    const {status} = JSON.parse(body) as {readonly status?: {readonly allowed?: unknown}};
    return typeof status?.allowed === 'boolean' ? status.allowed : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
