import {
  aggregatedDiscovery,
  AGGREGATED,
  coreVersions,
  groupDocument,
  groupList,
  hash,
  resourceList,
} from '../discovery/discovery.ts';
import {ISSUER} from '../../authentication/account-tokens.ts';
import type {SigningKey} from '../../authentication/signing-key.ts';
import type {OpenApi} from '../discovery/openapi.ts';
import {methodNotAllowed} from '../api-error.ts';
import type {TypeRegistry} from '../type-registry.ts';
import {parseAccept} from './accept.ts';
import {answerBody, answerNoPage, answerText, setCommonHeaders} from './answer.ts';
import type {Exchange} from './answer.ts';
import type {RequestInfo} from './request-info.ts';
import {versionDocument} from './version.ts';

export interface DocumentSource {
  /** Of ServiceAccount tokens. */
  readonly key: SigningKey;
  readonly registry: TypeRegistry;
  readonly openApi: OpenApi;
  readonly gitVersion: string;
  /** `host:port`, as `/api` tells it. */
  readonly address: () => string;
}

const CONFIGURATION = '.well-known/openid-configuration';
const KEYS = 'openid/v1/jwks';
const IDENTITY_PATHS = new Set([CONFIGURATION, KEYS]);
const HEALTH = new Set(['healthz', 'livez', 'readyz']);
/** Single checks, of those that a kube-apiserver has. */
const CHECKS = new Set(['ping', 'log', 'etcd']);
const A_YEAR_S = 365 * 24 * 3600;

/**
 * Everything that is not a resource: health, version, discovery, OpenAPI.
 *
 * @throws ApiError 405 for anything but GET
 */
export function answerDocument(exchange: Exchange, info: RequestInfo, source: DocumentSource): void {
  const parts = info.path.split('/').filter((part) => part !== '');
  if (IDENTITY_PATHS.has(parts.join('/'))) return answerIdentity(exchange, info, source);
  const known = parts.length === 0 || isKnown(parts);
  if (!known) return answerNoPage(exchange);
  if (info.method !== 'GET' && info.method !== 'HEAD') throw methodNotAllowed();
  const [first = '', ...rest] = parts;
  if (HEALTH.has(first)) return answerHealth(exchange, parts, info);
  switch (first) {
    case '':
      return answerBody(exchange, 200, {paths: rootPaths(source)});
    case 'version':
      return answerText(exchange, 200, JSON.stringify(versionDocument(source.gitVersion), null, 2), {
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

/** What others need to verify ServiceAccount tokens by themselves (OpenID Connect Discovery 1.0 §4). */
function answerIdentity(exchange: Exchange, info: RequestInfo, {key, address}: DocumentSource): void {
  if (info.method !== 'GET' && info.method !== 'HEAD') throw methodNotAllowed();
  const headers = {'Cache-Control': 'public, max-age=3600'};
  const isKeys = info.path.includes(KEYS);
  const document = isKeys
    ? key.keySet()
    : {
        issuer: ISSUER,
        jwks_uri: `https://${address()}/${KEYS}`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [key.algorithm],
      };
  const contentType = isKeys ? 'application/jwk-set+json' : 'application/json';
  answerText(exchange, 200, JSON.stringify(document), {contentType, headers});
}

function answerHealth(exchange: Exchange, [all = '', check, ...rest]: readonly string[], info: RequestInfo): void {
  if (check !== undefined) {
    return CHECKS.has(check) && rest.length === 0 ? answerText(exchange, 200, 'ok') : answerNoPage(exchange);
  }
  const verbose = info.query.has('verbose');
  const text = verbose ? `[+]ping ok\n[+]storage ok\n${all} check passed\n` : 'ok';
  answerText(exchange, 200, text, {headers: {'X-Content-Type-Options': 'nosniff'}});
}

function rootPaths({registry}: DocumentSource): readonly string[] {
  const groups = registry
    .groupVersions()
    .flatMap(({group, version}) =>
      group === '' ? [`/api/${version}`] : [`/apis/${group}`, `/apis/${group}/${version}`],
    );
  const health = [...HEALTH].flatMap((all) => [`/${all}`, ...[...CHECKS].map((check) => `/${all}/${check}`)]);
  const documents = ['/api', '/apis', '/apis/', '/openapi/v3', '/openapi/v3/', '/version'];
  return [...new Set([...groups, ...health, ...documents])].toSorted();
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
  setCommonHeaders(exchange);
  exchange.response.writeHead(304, headers).end();
}

function answerOpenApi(exchange: Exchange, info: RequestInfo, {openApi}: DocumentSource): void {
  const path = info.path.replace(/^\/openapi\/v3\/?/, '');
  if (path === '') return answerIndex(exchange, openApi);
  const current = openApi.hashOf(path);
  if (current === undefined) return answerNoPage(exchange);
  const asked = info.query.get('hash');
  if (asked !== null && asked !== current) {
    setCommonHeaders(exchange);
    const headers = {...ofContent(current), 'Content-Type': 'application/json'};
    exchange.response.writeHead(301, {...headers, Location: `/openapi/v3/${path}?hash=${current}`}).end();
    return;
  }
  const headers = {...ofContent(current), 'Last-Modified': modified(openApi), 'Accept-Ranges': 'bytes'};
  answerBody(exchange, 200, openApi.document(path), {headers: asked === null ? headers : {...headers, ...kept()}});
}

/** The index of OpenAPI documents; kubectl asks for it with every command, and whether it changed. */
function answerIndex(exchange: Exchange, openApi: OpenApi): void {
  const headers = {'Last-Modified': modified(openApi)};
  const since = Date.parse(exchange.request.headers['if-modified-since'] ?? '');
  if (since >= openApi.modifiedMs) return answerNotModified(exchange, headers);
  const index = `${JSON.stringify(openApi.index())}\n`;
  answerText(exchange, 200, index, {headers: {...headers, 'Accept-Ranges': 'bytes'}});
}

function modified(openApi: OpenApi): string {
  return new Date(openApi.modifiedMs).toUTCString();
}

function ofContent(etag: string): Readonly<Record<string, string>> {
  return {ETag: `"${etag}"`, Vary: 'Accept'};
}

/** A document that was asked for by its hash never changes. */
function kept(): Readonly<Record<string, string>> {
  return {
    'Cache-Control': 'public, immutable',
    'Expires': new Date(Date.now() + A_YEAR_S * 1000).toUTCString(),
  };
}
