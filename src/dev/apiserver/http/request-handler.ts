import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Logger} from 'pino';
import {ApiError, internal} from '../api-error.ts';
import {answerError} from './answer.ts';
import type {Exchange} from './answer.ts';
import type {TokenAuthenticator} from './authentication.ts';
import {refuse} from './authorization.ts';
import {answerDocument} from './documents.ts';
import type {DocumentSource} from './documents.ts';
import {sufferFaults} from './request-faults.ts';
import {parseRequest} from './request-info.ts';
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
  const user = options.authenticator.authenticate(exchange.request.headers.authorization);
  const refusal = refuse(user, info);
  if (refusal !== undefined) {
    exchange.response.setHeader('X-Content-Type-Options', 'nosniff');
    throw refusal;
  }
  const {resource} = info;
  if (resource === undefined) return answerDocument(exchange, info, options.documents);
  await answerResource(exchange, options.resources, {info, resource, user, faults});
}
