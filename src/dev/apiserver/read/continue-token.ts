import {parseBoundedJson} from '../../schema/bounded-json.ts';
import {isObject} from '../../schema/json.ts';
import {badRequest} from '../api-error.ts';

/** Where the next page starts: at a version, or (`revision` undefined, `rv: -1` on the wire) at whatever is current then. */
export interface ContinueToken {
  readonly revision: number | undefined;
  /** First key that may be on the page, relative to what is listed; no slash in front. */
  readonly start: string;
}

export function encodeContinue(token: ContinueToken): string {
  const body =
    token.revision === undefined
      ? {v: 'meta.k8s.io/v1', rv: -1, start: token.start}
      : {v: 'meta.k8s.io/v1', rv: token.revision, start: `/${token.start}`};
  return Buffer.from(JSON.stringify(body)).toString('base64url');
}

/** @throws ApiError 400 for what no server gave out */
export function decodeContinue(text: string): ContinueToken {
  let body: unknown;
  try {
    body = parseBoundedJson(Buffer.from(text, 'base64url').toString());
  } catch (error) {
    throw badRequest(`invalid continue token: continue key is not valid: ${(error as Error).message}`);
  }
  if (!isObject(body) || body['v'] !== 'meta.k8s.io/v1' || typeof body['start'] !== 'string') {
    throw badRequest(
      'invalid continue token: continue key is not valid: server does not recognize this encoded version',
    );
  }
  const revision = Number(body['rv']);
  if (!Number.isSafeInteger(revision) || revision === 0) {
    throw badRequest('invalid continue token: continue key is not valid: incorrect encoded start resourceVersion');
  }
  return {revision: revision < 0 ? undefined : revision, start: body['start'].replace(/^\//, '')};
}
