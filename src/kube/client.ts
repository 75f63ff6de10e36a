import type {KubeObject, ObjectKey} from '../api/meta.ts';
import type {Resource} from '../api/resources.ts';
import type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  ListOptions,
  RawOptions,
  ReadOptions,
  WatchOptions,
  WriteOptions,
} from './call-options.ts';
import type {ClusterCredentials} from './credentials.ts';
import {KubeError} from './kube-error.ts';
import {parseListPage} from './list-page.ts';
import type {ListPage, ObjectList} from './list-page.ts';
import {resourcePath, withQuery} from './resource-path.ts';
import {answerError, badAnswer} from './status-error.ts';
import {readAll, requestName, Transport} from './transport.ts';
import type {HttpAnswer, HttpCall} from './transport.ts';
import {parseWarnings} from './warning-header.ts';
import {isKubeObject, readWatchEvents} from './watch-stream.ts';
import type {WatchEvent} from './watch-stream.ts';

export type {ApplyOptions, CallOptions, ListOptions, WatchOptions, WriteOptions} from './call-options.ts';
export type {WatchEvent} from './watch-stream.ts';

/** One exchange, for metrics and traces, reported when its answer is there. `status` 0: there was no answer. */
export interface RequestReport {
  readonly verb: string;
  /** Method and path without the query. */
  readonly request: string;
  /** `plural.group`, or the plural alone for the core group; empty for raw calls. */
  readonly resource: string;
  readonly status: number;
  readonly tookMs: number;
}

export interface KubeClientOptions {
  readonly credentials: ClusterCredentials;
  /** `isthmus-hub/v1.2`: the part before the slash is the field manager of writes that name none. */
  readonly userAgent: string;
  /** Default 10 s. */
  readonly requestTimeoutMs?: number | undefined;
  readonly nowMs?: (() => number) | undefined;
  readonly onRequest?: ((report: RequestReport) => void) | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const PAGE_SIZE = 500;
/** A list that outgrows this is a fault or an attack: a million objects. */
const MAX_PAGES = 2_000;
/** A list is started again so often when its continue token became too old while it was read. */
const LIST_ATTEMPTS = 3;
const APPLY_PATCH = 'application/apply-patch+yaml';
const PATCH_TYPES = {json: 'application/json-patch+json', merge: 'application/merge-patch+json'} as const;
/** Answers that prove a working API server which knows us: all but 401, 429 and 5xx. */
const PROOF: ReadonlySet<number> = new Set([400, 403, 404, 405, 406, 409, 410, 413, 415, 422]);

interface Target {
  readonly verb: string;
  readonly resource: Resource | undefined;
}

/**
 * The kube-apiserver of one cluster: raw JSON in and out, so that fields newer than us survive. Failures are KubeErrors
 * (or ISTHMUS_KUBE_BAD_REQUEST for a name that cannot be in a URL). One client per cluster, closed at the end.
 */
export class KubeClient {
  readonly #transport: Transport;
  readonly #options: KubeClientOptions;
  readonly #nowMs: () => number;
  #lastSuccessMs: number | undefined;

  constructor(options: KubeClientOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#transport = new Transport(options.credentials, options.userAgent);
  }

  /** When an answer last proved that the API server works and knows us; a 404, 409, 422 or 403 does, a 401 or 503 not. */
  get lastSuccessMs(): number | undefined {
    return this.#lastSuccessMs;
  }

  /** Throws KubeError `isNotFound` when the object is absent. */
  async get<T extends KubeObject>(r: Resource, at: ObjectKey, o: ReadOptions = {}): Promise<T> {
    const path = withQuery(resourcePath(r, at), {resourceVersion: o.notOlderThan});
    return this.#object<T>({verb: 'get', resource: r}, {method: 'GET', path, ...this.#limits(o)});
  }

  /** Undefined only where the API server said that the object is absent: a missing type or no answer still throws. */
  async find<T extends KubeObject>(r: Resource, at: ObjectKey, o: ReadOptions = {}): Promise<T | undefined> {
    try {
      return await this.get<T>(r, at, o);
    } catch (error) {
      if (error instanceof KubeError && error.isNotFound) return undefined;
      throw error;
    }
  }

  /**
   * All objects, of all pages, as of one resourceVersion. Unless `notOlderThan` is given no `resourceVersion` is sent: at 0 a
   * lagging cache may answer and `limit` is ignored (apiserver.md §3.1). Started again when its continue token expires.
   */
  async list<T extends KubeObject>(r: Resource, o: ListOptions = {}): Promise<ObjectList<T>> {
    for (let attempt = 1; ; attempt++) {
      try {
        const items: T[] = [];
        let resourceVersion = '';
        for await (const page of this.pages<T>(r, o)) {
          resourceVersion ||= page.resourceVersion;
          for (const item of page.items) items.push(item);
        }
        return {items, resourceVersion};
      } catch (error) {
        if (!(error instanceof KubeError && error.isExpired) || attempt === LIST_ATTEMPTS) throw error;
      }
    }
  }

  /** The same page by page. Throws `isExpired` when it must be started again; only a whole run is a list. */
  async *pages<T extends KubeObject>(r: Resource, o: ListOptions = {}): AsyncGenerator<ListPage<T>, void, undefined> {
    const path = resourcePath(r, {namespace: o.namespace});
    const {labelSelector, fieldSelector} = o;
    let token: string | undefined;
    for (let count = 0; count < MAX_PAGES; count++) {
      // Beside a continue token, which has its version in it, another one is refused.
      const version = token === undefined ? versionQuery(o.notOlderThan) : {};
      const query = {limit: o.pageSize ?? PAGE_SIZE, continue: token, labelSelector, fieldSelector, ...version};
      const call = {method: 'GET', path: withQuery(path, query), ...this.#limits(o)} as const;
      const answer = await this.#send({verb: 'list', resource: r}, call);
      const page = parseListPage<T>(parseJson(answer, requestName(call)), r, requestName(call));
      yield page;
      if (page.continue === undefined) return;
      if (page.continue === token) throw badAnswer(requestName(call), 'the list does not advance');
      token = page.continue;
    }
    throw badAnswer(`GET ${path}`, `the list has more than ${MAX_PAGES} pages`);
  }

  async create<T extends KubeObject>(r: Resource, object: T, o: WriteOptions): Promise<T> {
    const {namespace} = object.metadata;
    const path = withQuery(resourcePath(r, {namespace, subresource: o.subresource}), writeQuery(o));
    const body = JSON.stringify(object);
    return this.#write<T>({verb: 'create', resource: r}, {method: 'POST', path, body, ...this.#limits(o)}, o);
  }

  /** Server-side apply (KEP-555): 409 `isFieldConflict` where another manager owns a field and `force` is not set. */
  async apply<T extends KubeObject>(r: Resource, object: KubeObject, o: ApplyOptions): Promise<T> {
    const query = {...writeQuery(o), force: o.force === true ? 'true' : undefined};
    const path = withQuery(writePath(r, object.metadata, o), query);
    const call = {method: 'PATCH', path, body: JSON.stringify(object), contentType: APPLY_PATCH} as const;
    return this.#write<T>({verb: 'apply', resource: r}, {...call, ...this.#limits(o)}, o);
  }

  async patch<T extends KubeObject>(
    r: Resource,
    at: ObjectKey,
    p: {readonly type: 'json' | 'merge'; readonly body: unknown},
    o: WriteOptions,
  ): Promise<T> {
    const path = withQuery(writePath(r, at, o), writeQuery(o));
    const call = {method: 'PATCH', path, body: JSON.stringify(p.body), contentType: PATCH_TYPES[p.type]} as const;
    return this.#write<T>({verb: 'patch', resource: r}, {...call, ...this.#limits(o)}, o);
  }

  /** PUT: `isConflict` when `metadata.resourceVersion` is stale. Only for objects that are ours from end to end. */
  async replace<T extends KubeObject>(r: Resource, object: T, o: WriteOptions): Promise<T> {
    const path = withQuery(writePath(r, object.metadata, o), writeQuery(o));
    const body = JSON.stringify(object);
    return this.#write<T>({verb: 'update', resource: r}, {method: 'PUT', path, body, ...this.#limits(o)}, o);
  }

  /** False: it was gone already, or another object has taken its name (`uid`). An other `resourceVersion` is `isConflict`. */
  async delete(r: Resource, at: ObjectKey, o: DeleteOptions = {}): Promise<boolean> {
    const {uid, resourceVersion, propagationPolicy} = o;
    const preconditions = uid === undefined && resourceVersion === undefined ? undefined : {uid, resourceVersion};
    const body = JSON.stringify({apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy});
    const call = {method: 'DELETE', path: resourcePath(r, at), body, ...this.#limits(o)} as const;
    try {
      await this.#send({verb: 'delete', resource: r}, call);
      return true;
    } catch (error) {
      if (error instanceof KubeError && (error.isNotFound || isOtherUid(error, o))) return false;
      throw error;
    }
  }

  /**
   * Changes after `resourceVersion`, until the server ends the watch. ERROR events (410: `isExpired`), a broken
   * connection, silence and garbage are thrown; the resourceVersion of the last event is where to go on.
   */
  async *watch(r: Resource, o: WatchOptions): AsyncGenerator<WatchEvent, void, undefined> {
    const {resourceVersion, timeoutSeconds, labelSelector, fieldSelector} = o;
    const query = {resourceVersion, timeoutSeconds, labelSelector, fieldSelector};
    const path = withQuery(resourcePath(r, {namespace: o.namespace}), {
      watch: 'true',
      allowWatchBookmarks: 'true',
      ...query,
    });
    const call = {method: 'GET', path, ...this.#limits(o)} as const;
    const request = requestName(call);
    const stream = await this.#observe({verb: 'watch', resource: r, request}, () => this.#transport.open(call));
    if (stream.status !== 200) {
      stream.limit.arm(call.timeoutMs, `no full answer within ${call.timeoutMs} ms`);
      try {
        throw this.#refused({...stream, body: await readAll(stream.chunks, request)}, request);
      } catch (error) {
        throw stream.limit.translate(error);
      } finally {
        stream.limit.end();
      }
    }
    this.#proven();
    o.onOpen?.();
    for await (const event of readWatchEvents(stream, {request, idleMs: o.idleMs})) {
      this.#proven();
      yield event;
    }
  }

  async version(o: CallOptions = {}): Promise<{gitVersion: string}> {
    const call = {method: 'GET', path: '/version', ...this.#limits(o)} as const;
    const body = parseJson(await this.#send({verb: 'version', resource: undefined}, call), 'GET /version');
    if (typeof body === 'object' && body !== null && 'gitVersion' in body && typeof body.gitVersion === 'string') {
      return {gitVersion: body.gitVersion};
    }
    throw badAnswer('GET /version', 'the answer has no gitVersion');
  }

  /** Any path; an answer of any status is returned, not thrown. */
  async raw(
    method: HttpCall['method'],
    path: string,
    o: RawOptions = {},
  ): Promise<{status: number; headers: Record<string, string | string[]>; body: string; warnings: string[]}> {
    const body = o.body === undefined || typeof o.body === 'string' ? o.body : JSON.stringify(o.body);
    const {contentType, accept} = o;
    const call = {method, path, body, contentType, accept, ...this.#limits(o)};
    const target = {verb: method.toLowerCase(), resource: undefined, request: requestName(call)};
    const answer = await this.#observe(target, () => this.#transport.send(call));
    if (answer.status < 300 || PROOF.has(answer.status)) this.#proven();
    const headers = Object.fromEntries(
      Object.entries(answer.headers).filter((entry): entry is [string, string | string[]] => entry[1] !== undefined),
    );
    return {status: answer.status, headers, body: answer.body, warnings: parseWarnings(answer.headers['warning'])};
  }

  /** Ends what is under way; calls after it fail. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  #limits(o: CallOptions): {signal: AbortSignal | undefined; timeoutMs: number} {
    return {signal: o.signal, timeoutMs: o.timeoutMs ?? this.#options.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS};
  }

  async #write<T extends KubeObject>(target: Target, call: HttpCall, o: WriteOptions): Promise<T> {
    return this.#object<T>(target, call, o.onWarning);
  }

  async #object<T extends KubeObject>(
    target: Target,
    call: HttpCall,
    onWarning?: WriteOptions['onWarning'],
  ): Promise<T> {
    const answer = await this.#send(target, call);
    if (onWarning !== undefined) parseWarnings(answer.headers['warning']).forEach((text) => onWarning(text));
    const object = parseJson(answer, requestName(call));
    if (!isKubeObject(object)) throw badAnswer(requestName(call), 'the answer is not an object with a name');
    return object as T;
  }

  /** Sends, and throws for everything that is not 2xx. */
  async #send(target: Target, call: HttpCall): Promise<HttpAnswer> {
    const request = requestName(call);
    const answer = await this.#observe({...target, request}, () => this.#transport.send(call));
    if (answer.status < 200 || answer.status > 299) throw this.#refused(answer, request);
    this.#proven();
    return answer;
  }

  #refused(answer: HttpAnswer, request: string): KubeError {
    if (PROOF.has(answer.status)) this.#proven();
    return answerError(answer, request, this.#nowMs());
  }

  #proven(): void {
    this.#lastSuccessMs = this.#nowMs();
  }

  async #observe<A extends {readonly status: number}>(
    target: Target & {readonly request: string},
    send: () => Promise<A>,
  ): Promise<A> {
    const startedMs = performance.now();
    let status = 0;
    try {
      const answer = await send();
      status = answer.status;
      return answer;
    } finally {
      const {group = '', plural = ''} = target.resource ?? {};
      const resource = group === '' ? plural : `${plural}.${group}`;
      const {verb, request} = target;
      this.#options.onRequest?.({verb, request, resource, status, tookMs: performance.now() - startedMs});
    }
  }
}

function writePath(r: Resource, at: ObjectKey, o: WriteOptions): string {
  return resourcePath(r, {namespace: at.namespace, name: at.name, subresource: o.subresource});
}

function writeQuery(o: WriteOptions): Record<string, string | undefined> {
  return {fieldManager: o.fieldManager, dryRun: o.dryRun === true ? 'All' : undefined};
}

function versionQuery(notOlderThan: string | undefined): Record<string, string> {
  if (notOlderThan === undefined) return {};
  return {resourceVersion: notOlderThan, resourceVersionMatch: 'NotOlderThan'};
}

function parseJson(answer: HttpAnswer, request: string): unknown {
  try {
    return JSON.parse(answer.body);
  } catch {
    // The parser's own message quotes the body, which may be a Secret.
    throw badAnswer(request, 'the body is not JSON', answer.status);
  }
}

/** A failed uid precondition: the object that was meant is gone (apiserver-errors.md §2.4). */
function isOtherUid(error: KubeError, o: DeleteOptions): boolean {
  if (!error.isConflict || o.uid === undefined) return false;
  return o.resourceVersion === undefined || /\bUID in (the )?precondition\b/i.test(error.message);
}
