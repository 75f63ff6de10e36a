import type {KubeObject} from '../../../src/api/meta.ts';
import {apiVersionOf, type Resource} from '../../../src/api/resources.ts';
import * as served from '../../../src/api/resources.ts';
import {Faults, type Fault, type FaultTarget, type RequestFacts} from '../../../src/dev/faults.ts';
import {json, type LightAnswer, LightError, notFound, statusBody} from './light-answers.ts';
import {factsOf, keyOfRequest, type LightCall, type LightRequest, parseRequest} from './light-request.ts';
import {LightStorage, type LightTable, type StoredEvent} from './light-storage.ts';
import {LightWrites} from './light-writes.ts';

export interface LightApiOptions {
  readonly name: string;
  readonly nowMs: () => number;
  /** Runs what a controller of the cluster does a moment later. */
  readonly later: (work: () => void) => void;
  /** Where the API server's own Service is. */
  readonly serviceAddress?: string;
}

/** An open watch: lines go to `send` until one side ends it. */
export interface LightWatch {
  readonly kind: 'watch';
  /** After so many seconds the server ends it. */
  readonly timeoutSeconds: number;
  open(sink: {send(line: string): void; end(): void; cut(): void}): () => void;
}

export type LightResponse = ({readonly kind: 'answer'} & LightAnswer) | LightWatch;

/** How a fault is played that is a matter of the connection: not by this part, but by whoever holds the socket. */
export interface Played {
  readonly faults: readonly Fault[];
  readonly response: () => LightResponse;
}

const RESOURCES: readonly Resource[] = Object.values(served).filter(
  (each): each is Resource => typeof each === 'object' && 'plural' in each,
);

interface OpenWatch {
  readonly facts: RequestFacts;
  send(line: string): void;
  cut(): void;
}

/**
 * As much of a Kubernetes API server as the hub meets, in a few hundred lines and without a schema: no defaults, no
 * validation, no admission. `agrees-with-embedded` holds its answers against those of the embedded one.
 */
export class LightApi implements FaultTarget {
  readonly name: string;
  readonly storage: LightStorage;
  readonly faults: Faults;
  readonly allocates = false;
  readonly #writes: LightWrites;
  readonly #watches = new Set<OpenWatch>();
  readonly #pages = new Map<string, readonly KubeObject[]>();
  #isPartitioned = false;
  #pageNumber = 0;
  /** Requests that wrote or could have written, by `verb resource name`. */
  readonly writes = new Map<string, number>();
  /** The user agent whose write is being carried out; undefined: the cluster's own controllers. */
  actor: string | undefined;

  constructor(options: LightApiOptions) {
    this.name = options.name;
    this.storage = new LightStorage(options.name, RESOURCES);
    this.faults = new Faults(this, options.nowMs);
    this.#writes = new LightWrites({...options, storage: this.storage});
    for (const name of ['default', 'kube-system', 'isthmus-system']) this.seed(served.namespaces, {name});
    const address = options.serviceAddress ?? '10.96.0.1';
    this.seed(
      served.services,
      {namespace: 'default', name: 'kubernetes'},
      {
        spec: {
          type: 'ClusterIP',
          clusterIP: address,
          clusterIPs: [address],
          ports: [{name: 'https', port: 443, protocol: 'TCP', targetPort: 6443}],
        },
      },
    );
    const metadata = {namespace: 'default', name: 'kubernetes', labels: {'kubernetes.io/service-name': 'kubernetes'}};
    this.seed(served.endpointSlices, metadata, {addressType: 'IPv4', endpoints: [], ports: []});
    this.seed(served.serviceCIDRs, {name: 'kubernetes'}, {spec: {cidrs: ['10.96.0.0/16']}});
  }

  get isPartitioned(): boolean {
    return this.#isPartitioned;
  }

  /** Puts an object there as the cluster itself would. */
  seed(resource: Resource, metadata: KubeObject['metadata'], rest: object = {}): KubeObject {
    const {name: _, ...at} = metadata;
    const request = {
      resource,
      namespace: at.namespace,
      name: undefined,
      subresource: undefined,
      query: new URLSearchParams(),
    };
    const body = {apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...rest};
    return this.#writes.create(request, body);
  }

  list<T extends KubeObject>(resource: Resource): readonly T[] {
    return [...this.storage.table(resource).objects.values()] as T[];
  }

  find<T extends KubeObject>(resource: Resource, key: string): T | undefined {
    return this.storage.table(resource).objects.get(key) as T | undefined;
  }

  /** One request of a client, with the faults that it meets. */
  play(call: LightCall): Played {
    const request = parseRequest(call.path, RESOURCES);
    const facts = factsOf(call, request);
    const faults = this.faults.take(facts);
    return {faults, response: () => this.#respond(call, {request, facts, faults})};
  }

  /** A request of a user, who meets no faults. @returns the status of its answer */
  user(call: LightCall): number {
    const response = this.handle(call);
    return response.kind === 'answer' ? response.status : 200;
  }

  /** A request without faults. */
  handle(call: LightCall): LightResponse {
    const request = parseRequest(call.path, RESOURCES);
    return this.#respond(call, {request, facts: factsOf(call, request), faults: []});
  }

  dropWatches(matches: (facts: RequestFacts) => boolean): number {
    const found = [...this.#watches].filter(({facts}) => matches(facts));
    for (const watch of found) watch.cut();
    return found.length;
  }

  compact(): void {
    this.storage.compactedAt = this.storage.revision;
  }

  partition(on: boolean): void {
    this.#isPartitioned = on;
    if (on) this.dropWatches(() => true);
  }

  /** Sends the last events of a kind once more. */
  repeatEvents(resource: Resource, count: number): void {
    const table = this.storage.table(resource);
    const last = table.events.slice(-count);
    // Only what is still the newest of its object: an API server repeats, it doesn't go back.
    const newest = last.filter(
      ({object}) => table.events.findLast((each) => sameName(each.object, object))?.object === object,
    );
    for (const event of newest) for (const watcher of table.watchers) watcher(event);
  }

  sendBookmarks(): void {
    for (const watch of this.#watches) {
      const {facts} = watch;
      const resource = RESOURCES.find(({group, plural}) => group === facts.group && plural === facts.resource);
      if (resource !== undefined) watch.send(this.#bookmark(resource));
    }
  }

  #bookmark(resource: Resource): string {
    const object = {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: {resourceVersion: String(this.storage.revision)},
    };
    return `${JSON.stringify({type: 'BOOKMARK', object})}\n`;
  }

  #respond(
    call: LightCall,
    {request, facts, faults}: {request: LightRequest | undefined; facts: RequestFacts; faults: readonly Fault[]},
  ): LightResponse {
    try {
      for (const fault of faults) {
        if (fault.kind === 'status') {
          const {code, reason = 'InternalError', message = 'injected'} = fault;
          return {kind: 'answer', ...json(code, statusBody({code, reason, message}))};
        }
        if (fault.kind === 'gone') throw expired();
      }
      if (request === undefined) return {kind: 'answer', ...this.#discover(call.path)};
      if (facts.verb === 'watch') return this.#watch(request, facts);
      if (faults.some(({kind}) => kind === 'emptyList'))
        return {kind: 'answer', ...this.#listOf(request.resource, {items: []})};
      return {kind: 'answer', ...rewritten(this.#answer(call, request), faults)};
    } catch (error) {
      if (error instanceof LightError) return {kind: 'answer', ...error.answer()};
      throw error;
    }
  }

  #answer(call: LightCall, request: LightRequest): LightAnswer {
    switch (call.method) {
      case 'GET':
        return request.name === undefined ? this.#list(request) : json(200, this.#get(request));
      case 'POST':
        return this.#written(call, request, () => json(201, this.#writes.create(request, parse(call))));
      case 'PUT':
        return this.#written(call, request, () => json(200, this.#writes.update(request, parse(call))));
      case 'PATCH':
        return this.#written(call, request, () => this.#patch(call, request));
      case 'DELETE': {
        const {preconditions = {}} = (call.body ? JSON.parse(call.body) : {}) as {preconditions?: {uid?: string}};
        return this.#written(call, request, () => {
          const marked = this.#writes.delete(request, preconditions);
          return json(200, marked ?? {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success'});
        });
      }
      default:
        throw new LightError(405, 'MethodNotAllowed', {
          message: 'the server does not allow this method on the requested resource',
        });
    }
  }

  #written(call: LightCall, request: LightRequest, write: () => LightAnswer): LightAnswer {
    const {plural, group} = request.resource;
    const row = `${call.method} ${plural}.${group} ${keyOfRequest(request)}`;
    this.writes.set(row, (this.writes.get(row) ?? 0) + 1);
    this.actor = call.userAgent;
    try {
      return write();
    } finally {
      this.actor = undefined;
    }
  }

  #patch(call: LightCall, request: LightRequest): LightAnswer {
    if (call.contentType === 'application/merge-patch+json')
      return json(200, this.#writes.merge(request, JSON.parse(call.body ?? '')));
    if (call.contentType !== 'application/apply-patch+yaml') {
      throw new LightError(415, 'UnsupportedMediaType', {message: `${call.contentType} is not served`});
    }
    const {object, created} = this.#writes.apply(request, parse(call));
    return json(created ? 201 : 200, object);
  }

  #get(request: LightRequest): KubeObject {
    const found = this.storage.table(request.resource).objects.get(keyOfRequest(request));
    if (found === undefined) throw notFound(request.resource, request.name ?? '');
    return found;
  }

  #list(request: LightRequest): LightAnswer {
    const {resource, query} = request;
    this.#checkVersion(query);
    const token = query.get('continue');
    const limit = Number(query.get('limit') ?? 0) || Infinity;
    const all = token === null ? this.#selected(request) : this.#pages.get(token);
    if (token !== null) this.#pages.delete(token);
    if (all === undefined) throw expired();
    if (all.length <= limit) return this.#listOf(resource, {items: all});
    const next = `page-${++this.#pageNumber}`;
    this.#pages.set(next, all.slice(limit));
    return this.#listOf(resource, {items: all.slice(0, limit), token: next});
  }

  #checkVersion(query: URLSearchParams): void {
    const version = Number(query.get('resourceVersion') ?? 0);
    if (version <= this.storage.revision) return;
    const message = `Too large resource version: ${version}, current: ${this.storage.revision}`;
    throw new LightError(504, 'Timeout', {message});
  }

  #selected({resource, namespace, query}: LightRequest): readonly KubeObject[] {
    const matches = selector(namespace, query);
    const found = [...this.storage.table(resource).objects].filter(([, object]) => matches(object));
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  #listOf(resource: Resource, {items, token}: {items: readonly KubeObject[]; token?: string}): LightAnswer {
    const metadata = {
      resourceVersion: String(this.storage.revision),
      ...(token === undefined ? {} : {continue: token}),
    };
    const listed = isBuiltIn(resource) ? items.map(withoutType) : items;
    return json(200, {kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items: listed});
  }

  #watch({resource, namespace, query}: LightRequest, facts: RequestFacts): LightWatch {
    const table = this.storage.table(resource);
    const since = Number(query.get('resourceVersion') ?? 0);
    if (since < this.storage.compactedAt) throw expired();
    const matches = selector(namespace, query);
    return {
      kind: 'watch',
      timeoutSeconds: Number(query.get('timeoutSeconds') ?? 1_800),
      open: (sink) => this.#stream(table, {since, matches, facts, sink}),
    };
  }

  #stream(
    table: LightTable,
    o: {
      since: number;
      matches: (object: KubeObject) => boolean;
      facts: RequestFacts;
      sink: {send(line: string): void; cut(): void};
    },
  ): () => void {
    const {since, matches, facts, sink} = o;
    const take = (event: StoredEvent): void => {
      const line = toLine(event, matches);
      if (line !== undefined) sink.send(line);
    };
    for (const event of table.events) if (event.revision > since) take(event);
    table.watchers.add(take);
    const close = (): void => {
      table.watchers.delete(take);
      this.#watches.delete(open);
    };
    const cut = (): void => {
      close();
      sink.cut();
    };
    const open: OpenWatch = {facts, send: (line) => sink.send(line), cut};
    this.#watches.add(open);
    return close;
  }

  #discover(path: string): LightAnswer {
    if (path === '/version') return json(200, {major: '1', minor: '36', gitVersion: 'v1.36.3'});
    const [, groupVersion] = /^\/apis?\/(.+)$/.exec(path) ?? [];
    const resources = RESOURCES.filter((each) => apiVersionOf(each) === groupVersion);
    if (resources.length === 0) return {status: 404, body: '404 page not found\n', contentType: 'text/plain'};
    const named = resources.map(({plural: name, kind, namespaced}) => ({name, kind, namespaced}));
    return json(200, {kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: named});
  }
}

const CRD_GROUPS: ReadonlySet<string> = new Set([
  ...[served.MCS_GROUP, served.FLOMESH_GROUP, served.FLOMESH_MCS_GROUP, served.ISTHMUS_GROUP, served.ABOUT_GROUP],
]);

function withoutType(item: KubeObject): object {
  const {apiVersion: _, kind: __, ...rest} = item;
  return rest;
}

/** Items of their lists don't say what they are. */
function isBuiltIn({group}: Resource): boolean {
  return !CRD_GROUPS.has(group);
}

function expired(): LightError {
  return new LightError(410, 'Expired', {message: 'too old resource version'});
}

/** A watch by selector sees an object come and go as its labels do. */
function toLine({type, object, previous}: StoredEvent, matches: (object: KubeObject) => boolean): string | undefined {
  const isIn = matches(object);
  if (type !== 'MODIFIED') return isIn ? line(type, object) : undefined;
  const wasIn = previous === undefined || matches(previous);
  if (isIn) return line(wasIn ? 'MODIFIED' : 'ADDED', object);
  if (!wasIn) return undefined;
  return line('DELETED', {
    ...previous,
    metadata: {...previous?.metadata, resourceVersion: object.metadata.resourceVersion},
  } as KubeObject);
}

function line(type: string, object: KubeObject): string {
  return `${JSON.stringify({type, object})}\n`;
}

function selector(namespace: string | undefined, query: URLSearchParams): (object: KubeObject) => boolean {
  const labels = terms(query.get('labelSelector'));
  const fields = terms(query.get('fieldSelector'));
  return ({metadata}) =>
    (namespace === undefined || metadata.namespace === namespace) &&
    labels.every(([label, value]) => metadata.labels?.[label] === value) &&
    fields.every(([field, value]) => field === 'metadata.name' && metadata.name === value);
}

/** Equality only: it is all that the hub asks by. */
function terms(text: string | null): readonly (readonly [string, string])[] {
  if (text === null || text === '') return [];
  return text.split(',').map((term) => {
    const [, name, value] = /^([^=!]+)==?(.*)$/.exec(term) ?? [];
    if (name === undefined || value === undefined) throw new Error(`selector ${text} is not served`);
    return [name, value] as const;
  });
}

function parse({body = ''}: LightCall): KubeObject {
  return JSON.parse(body) as KubeObject;
}

function sameName(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace;
}

function rewritten(answer: LightAnswer, faults: readonly Fault[]): LightAnswer {
  return faults.reduce(
    (before, fault) =>
      fault.kind === 'rewriteBody' ? {...before, body: JSON.stringify(fault.rewrite(JSON.parse(before.body)))} : before,
    answer,
  );
}
