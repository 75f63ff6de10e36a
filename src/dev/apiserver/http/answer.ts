import {randomUUID} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {gzip} from 'node:zlib';
import {stringify} from 'yaml';
import type {ApiError, StatusBody} from '../api-error.ts';
import {negotiate} from './accept.ts';
import {warningHeaders} from './warning-header.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly warnings: string[];
  /** Set by a fault: changes the body of the answer before it is written. */
  rewrite: ((body: unknown) => unknown) | undefined;
}

const GZIP_FROM_BYTES = 128 * 1024;

export interface AnswerOptions {
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly encoding?: 'json' | 'yaml';
}

/** Answers with a JSON (or YAML) body and the headers that every answer has (apiserver.md §2.1). */
export function answerBody(exchange: Exchange, code: number, body: unknown, options: AnswerOptions = {}): void {
  const shown = exchange.rewrite === undefined ? body : exchange.rewrite(body);
  const yaml = options.encoding === 'yaml';
  const text = yaml
    ? stringify(shown, {version: '1.1', sortMapEntries: true})
    : `${JSON.stringify(shown, null, indentation(exchange, code))}\n`;
  const contentType = options.contentType ?? (yaml ? 'application/yaml' : 'application/json');
  writeText(exchange, code, text, {...options, contentType});
}

/** People who look at answers themselves get them readable: who asks for it, and by the name of a browser or of curl (apiserver.md §2.1). */
function indentation({request}: Exchange, code: number): number {
  const asked = /[?&]pretty=([^&]*)/.exec(request.url ?? '')?.[1];
  if (asked !== undefined) return asked === '0' || asked === 'false' ? 0 : 2;
  return code === 406 || /^(curl|Wget|Mozilla)\//.test(request.headers['user-agent'] ?? '') ? 2 : 0;
}

export function answerText(exchange: Exchange, code: number, text: string, options: AnswerOptions = {}): void {
  writeText(exchange, code, text, {contentType: 'text/plain; charset=utf-8', ...options});
}

function answerStatus(exchange: Exchange, status: StatusBody): void {
  const retryAfter = status.details?.retryAfterSeconds;
  const headers = retryAfter === undefined ? {} : {'Retry-After': String(retryAfter)};
  // Also a refusal is in the form that was asked for.
  const encoding = negotiate(exchange.request.headers.accept)?.encoding ?? 'json';
  answerBody(exchange, status.code ?? 200, status, {headers, encoding});
}

export function answerError(exchange: Exchange, error: ApiError): void {
  answerStatus(exchange, error.status);
}

/** `404 page not found`, as for everything that no handler knows: a missing type under `/apis` too (apiserver-errors.md §2.3). */
export function answerNoPage(exchange: Exchange): void {
  answerText(exchange, 404, '404 page not found\n', {headers: {'X-Content-Type-Options': 'nosniff'}});
}

/** Sets the headers that watches share with all other answers. */
export function setCommonHeaders(exchange: Exchange): void {
  const {response, warnings} = exchange;
  response.setHeader('Audit-Id', randomUUID());
  response.setHeader('Cache-Control', 'no-cache, private');
  const values = warningHeaders(warnings);
  if (values.length > 0) response.setHeader('Warning', values);
}

function writeText(exchange: Exchange, code: number, text: string, options: AnswerOptions): void {
  const {response} = exchange;
  if (response.headersSent || response.destroyed) return;
  setCommonHeaders(exchange);
  response.setHeader('Content-Type', options.contentType ?? 'application/json');
  for (const [name, value] of Object.entries(options.headers ?? {})) response.setHeader(name, value);
  const bytes = Buffer.from(text);
  if (bytes.length < GZIP_FROM_BYTES || !acceptsGzip(exchange.request)) {
    response.writeHead(code, {'Content-Length': bytes.length}).end(bytes);
    return;
  }
  gzip(bytes, {level: 1}, (error, packed) => {
    if (response.destroyed) return;
    if (error === null) {
      response.writeHead(code, {'Content-Encoding': 'gzip', 'Vary': 'Accept-Encoding'}).end(packed);
    } else {
      response.writeHead(code).end(bytes);
    }
  });
}

function acceptsGzip(request: IncomingMessage): boolean {
  return (request.headers['accept-encoding'] ?? '').includes('gzip');
}
