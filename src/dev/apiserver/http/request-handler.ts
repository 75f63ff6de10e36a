import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Logger} from 'pino';
import {impersonated} from '../../authentication/impersonation.ts';
import type {TokenAuthenticator} from '../../authentication/token-authenticator.ts';
import type {UserInfo} from '../../authentication/user-info.ts';
import {attributesOf} from '../../authorization/attributes.ts';
import {forbiddenTo} from '../../authorization/forbidden.ts';
import {ApiError, internal} from '../api-error.ts';
import {answerError} from './answer.ts';
import type {Exchange} from './answer.ts';
import {answerDocument} from './documents.ts';
import type {DocumentSource} from './documents.ts';
import {sufferFaults} from './request-faults.ts';
import {parseRequest} from './request-info.ts';
import type {RequestInfo} from './request-info.ts';
import {answerResource} from './resource-routes.ts';
import type {ResourceContext} from './resource-target.ts';

export interface HandlerOptions {
  readonly authenticator: TokenAuthenticator;
  readonly resources: ResourceContext;
  readonly documents: DocumentSource;
  readonly logger: Logger;
}

/** Answers one request: faults, who is it, may they, then what they ask for. Never throws. */
export async function handleRequest(
  options: HandlerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const exchange: Exchange = {request, response, warnings: [], rewrite: undefined};
  try {
    await answer(options, exchange);
  } catch (error) {
    if (error instanceof ApiError) return answerError(exchange, error);
    // A client that goes away while its body is read is no error of the server's.
    if (request.destroyed && !request.complete) return;
    options.logger.error({err: error, method: request.method, url: request.url}, 'request failed');
    answerError(exchange, internal(error instanceof Error ? error.message : String(error)));
  } finally {
    // Whatever was not read of the body would keep the connection from its next request.
    request.resume();
  }
}

async function answer(options: HandlerOptions, exchange: Exchange): Promise<void> {
  const info = parseRequest(exchange.request.method ?? 'GET', exchange.request.url ?? '/');
  const faults = await sufferFaults(exchange, info, options.resources.faults);
  if (faults === undefined) return;
  const user = admit(options, exchange, info);
  const {resource} = info;
  if (resource === undefined) return answerDocument(exchange, info, options.documents);
  await answerResource(exchange, options.resources, {info, resource, user, faults});
}

/**
 * Who is it, as whom do they ask, and may they.
 *
 * @throws ApiError 401, 403, or 400 for impersonation headers that make no sense
 */
function admit({authenticator, resources}: HandlerOptions, exchange: Exchange, info: RequestInfo): UserInfo {
  const requestor = authenticator.authenticate(exchange.request.headers.authorization);
  try {
    const user = impersonated(exchange.request, attributesOf(info, requestor), resources.authorizer);
    const attributes = attributesOf(info, user);
    const {allowed, reason} = resources.authorizer.authorize(attributes);
    if (!allowed) throw forbiddenTo(attributes, reason);
    return user;
  } catch (error) {
    exchange.response.setHeader('X-Content-Type-Options', 'nosniff');
    throw error;
  }
}
