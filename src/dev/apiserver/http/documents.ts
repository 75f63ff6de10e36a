import {
  aggregatedDiscovery,
  AGGREGATED,
  coreVersions,
  groupDocument,
  groupList,
  hash,
  resourceList,
} from '../discovery/discovery.ts';
import type {OpenApi} from '../discovery/openapi.ts';
import {methodNotAllowed} from '../api-error.ts';
import type {TypeRegistry} from '../type-registry.ts';
import {parseAccept} from './accept.ts';
import {answerBody, answerNoPage, answerText} from './answer.ts';
import type {Exchange} from './answer.ts';
import type {RequestInfo} from './request-info.ts';
import {versionDocument} from './version.ts';

export interface DocumentSource {
  readonly registry: TypeRegistry;
  readonly openApi: OpenApi;
  readonly gitVersion: string;
  /** `host:port`, as `/api` tells it. */
  readonly address: () => string;
}

const HEALTH = new Set(['healthz', 'livez', 'readyz']);
const A_YEAR_S = 365 * 24 * 3600;

/**
 * Everything that is not a resource: health, version, discovery, OpenAPI.
 *
 * @throws ApiError 405 for anything but GET
 */
export function answerDocument(exchange: Exchange, info: RequestInfo, source: DocumentSource): void {
  const parts = info.path.split('/').filter((part) => part !== '');
  const known = parts.length === 0 || isKnown(parts);
  if (!known) return answerNoPage(exchange);
  if (info.method !== 'GET' && info.method !== 'HEAD') throw methodNotAllowed();
  const [first = '', ...rest] = parts;
  if (HEALTH.has(first)) return answerHealth(exchange, first, info);
  switch (first) {
    case '':
      return answerBody(exchange, 200, {paths: rootPaths(source)});
    case 'version':
      return answerText(exchange, 200, `${JSON.stringify(versionDocument(source.gitVersion), null, 2)}\n`, {
        contentType: 'application/json',
      });
    case 'openapi':
      return answerOpenApi(exchange, info, source);
    default:
      return answerDiscovery(exchange, [first, ...rest], source);
  }
}

function isKnown([first = '', second]: readonly string[]): boolean {
  if (HEALTH.has(first) || first === 'version' || first === 'api' || first === 'apis') return true;
  return first === 'openapi' && second === 'v3';
}

function answerHealth(exchange: Exchange, check: string, info: RequestInfo): void {
  const verbose = info.query.has('verbose');
  answerText(exchange, 200, verbose ? `[+]ping ok\n[+]storage ok\n${check} check passed\n` : 'ok');
}

function rootPaths({registry}: DocumentSource): readonly string[] {
  const groups = registry
    .groupVersions()
    .map(({group, version}) => (group === '' ? `/api/${version}` : `/apis/${group}/${version}`));
  return ['/api', '/apis', ...groups, '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'];
}

function answerDiscovery(exchange: Exchange, [first, ...rest]: readonly string[], source: DocumentSource): void {
  const {registry} = source;
  const core = first === 'api';
  if (rest.length === 0) return answerRoot(exchange, core, source);
  if (rest.length > (core ? 1 : 2)) return answerNoPage(exchange);
  const [group = '', version] = core ? ['', rest[0]] : rest;
  const document = version === undefined ? groupDocument(registry, group) : resourceList(registry, group, version);
  if (document === undefined) return answerNoPage(exchange);
  answerBody(exchange, 200, document);
}

/** `/api` and `/apis`: aggregated for those who ask for it, with an ETag of the content (apiserver.md §1.3). */
function answerRoot(exchange: Exchange, core: boolean, source: DocumentSource): void {
  const aggregated = asksForAggregated(exchange.request.headers.accept ?? '');
  if (!aggregated) {
    return answerBody(exchange, 200, core ? coreVersions(source.address()) : groupList(source.registry));
  }
  const document = aggregatedDiscovery(source.registry, core);
  const etag = `"${hash(JSON.stringify(document))}"`;
  const headers = {'ETag': etag, 'Vary': 'Accept', 'Cache-Control': 'public'};
  if (exchange.request.headers['if-none-match'] === etag) return answerNotModified(exchange, headers);
  answerBody(exchange, 200, document, {contentType: AGGREGATED, headers});
}

function asksForAggregated(accept: string): boolean {
  const first = parseAccept(accept).find(({type}) => type === 'application/json');
  return first?.parameters.get('as') === 'APIGroupDiscoveryList' && first.parameters.get('v') === 'v2';
}

function answerNotModified(exchange: Exchange, headers: Readonly<Record<string, string>>): void {
  exchange.response.writeHead(304, headers).end();
}

function answerOpenApi(exchange: Exchange, info: RequestInfo, {openApi}: DocumentSource): void {
  const path = info.path.replace(/^\/openapi\/v3\/?/, '');
  if (path === '') return answerIndex(exchange, openApi);
  const current = openApi.hashOf(path);
  if (current === undefined) return answerNoPage(exchange);
  const asked = info.query.get('hash');
  if (asked !== null && asked !== current) {
    exchange.response.writeHead(301, {Location: `/openapi/v3/${path}?hash=${current}`}).end();
    return;
  }
  answerBody(exchange, 200, openApi.document(path), {headers: asked === null ? {} : immutable(current)});
}

/** The index of OpenAPI documents; kubectl asks for it with every command, and whether it changed. */
function answerIndex(exchange: Exchange, openApi: OpenApi): void {
  const headers = {'Last-Modified': new Date(openApi.modifiedMs).toUTCString()};
  const since = Date.parse(exchange.request.headers['if-modified-since'] ?? '');
  if (since >= openApi.modifiedMs) return answerNotModified(exchange, headers);
  answerText(exchange, 200, `${JSON.stringify(openApi.index())}\n`, {headers});
}

function immutable(etag: string): Readonly<Record<string, string>> {
  return {
    'Cache-Control': 'public, immutable',
    'ETag': `"${etag}"`,
    'Expires': new Date(Date.now() + A_YEAR_S * 1000).toUTCString(),
    'Vary': 'Accept',
  };
}
