import type {KubeObject, ObjectMeta} from '../../../src/api/meta.ts';
import {namespaces, type Resource} from '../../../src/api/resources.ts';
import {called, conflict, LightError, notFound} from './light-answers.ts';
import {type Fields, isFields, mergeApplied, mergePatch, saysTheSame} from './light-merge.ts';
import type {LightStorage, LightTable} from './light-storage.ts';
import {keyOfRequest, type LightRequest} from './light-request.ts';

export interface LightWritesOptions {
  readonly storage: LightStorage;
  readonly nowMs: () => number;
  /** Runs what a controller of the cluster does a moment later. */
  readonly later: (work: () => void) => void;
}

/** Kinds that have no `metadata.generation` on a real API server. */
const WITHOUT_GENERATION: ReadonlySet<string> = new Set([
  ...['Namespace', 'Service', 'ConfigMap', 'Secret', 'Event', 'Lease', 'ServiceAccount', 'Node'],
]);
/** Kinds of which a write to the object leaves the status alone, and the other way round. */
const WITHOUT_STATUS: ReadonlySet<string> = new Set([
  'ConfigMap',
  'Secret',
  'Event',
  'Lease',
  'EndpointSlice',
  'ClusterProperty',
  'ServiceAccount',
]);

/** The writes of a light API server; each answers with the object as it is stored, or throws a LightError. */
export class LightWrites {
  readonly #options: LightWritesOptions;
  readonly #storage: LightStorage;

  constructor(options: LightWritesOptions) {
    this.#options = options;
    this.#storage = options.storage;
  }

  create(request: LightRequest, body: KubeObject): KubeObject {
    const {resource, namespace} = request;
    const name = body.metadata.name ?? '';
    const key = keyOfRequest({...request, name});
    const table = this.#storage.table(resource);
    if (table.objects.has(key)) {
      throw new LightError(409, 'AlreadyExists', {message: `${called(resource, name)} already exists`, resource, name});
    }
    this.#checkNamespace(resource, namespace, name);
    return this.#storage.put(table, key, this.#asNew(resource, namespace, body));
  }

  update(request: LightRequest, body: KubeObject): KubeObject {
    const {table, live, key} = this.#live(request);
    this.#checkPreconditions(request, live, body.metadata);
    return this.#save(request, {table, key, live, next: body});
  }

  merge(request: LightRequest, patch: unknown): KubeObject {
    const {table, live, key} = this.#live(request);
    const next = mergePatch(live, patch) as KubeObject;
    this.#checkPatched(request, live, isFields(patch) && isFields(patch['metadata']) ? patch['metadata'] : {});
    return this.#save(request, {table, key, live, next});
  }

  /** By force: the light servers know no conflicts of managers. */
  apply(request: LightRequest, body: KubeObject): {readonly object: KubeObject; readonly created: boolean} {
    const {resource, name = '', namespace, subresource, query} = request;
    const table = this.#storage.table(resource);
    const key = keyOfRequest(request);
    const live = table.objects.get(key);
    const manager = `${query.get('fieldManager') ?? ''} ${subresource ?? ''}`;
    const content = contentOf(body);
    if (live === undefined) {
      if (subresource !== undefined) throw notFound(resource, name);
      if (body.metadata.uid !== undefined) {
        const why = `uid mismatch: the provided object specified uid ${body.metadata.uid}, and no existing object was found`;
        throw conflict(resource, name, why);
      }
      this.#checkNamespace(resource, namespace, name);
      table.applied.set(key, new Map([[manager, content]]));
      return {object: this.#storage.put(table, key, this.#asNew(resource, namespace, body)), created: true};
    }
    this.#checkPatched(request, live, body.metadata);
    const applied = table.applied.get(key) ?? new Map<string, object>();
    const others = [...applied].filter(([of]) => of !== manager).map(([, each]) => each as Fields);
    const before = applied.get(manager) as Fields | undefined;
    const next = mergeApplied(live as unknown as Fields, {before, now: content, others}) as unknown as KubeObject;
    table.applied.set(key, applied.set(manager, content));
    return {object: this.#save(request, {table, key, live, next}), created: false};
  }

  /** @returns the object where it only is marked now */
  delete(request: LightRequest, preconditions: {uid?: string; resourceVersion?: string}): KubeObject | undefined {
    const {table, live, key} = this.#live(request);
    const {uid, resourceVersion} = live.metadata;
    const {resource, name = ''} = request;
    if (preconditions.uid !== undefined && preconditions.uid !== uid) {
      throw conflict(
        resource,
        name,
        `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${uid}`,
      );
    }
    if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
      throw conflict(resource, name, 'Precondition failed: ResourceVersion in precondition is another one');
    }
    if (resource.plural === namespaces.plural) this.#terminate(table, key);
    else if ((live.metadata.finalizers?.length ?? 0) > 0) this.#markDeleted(table, key);
    else this.#remove(table, key);
    return table.objects.get(key);
  }

  #live(request: LightRequest): {table: LightTable; live: KubeObject; key: string} {
    const table = this.#storage.table(request.resource);
    const key = keyOfRequest(request);
    const live = table.objects.get(key);
    if (live === undefined) throw notFound(request.resource, request.name ?? '');
    return {table, live, key};
  }

  #checkPreconditions({resource, name = ''}: LightRequest, live: KubeObject, said: Partial<ObjectMeta>): void {
    const {uid, resourceVersion} = said;
    if (uid !== undefined && uid !== live.metadata.uid) {
      throw conflict(
        resource,
        name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`,
      );
    }
    if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion) {
      throw conflict(
        resource,
        name,
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    }
  }

  /** A patch that names another uid would change a field that nobody may change. */
  #checkPatched(request: LightRequest, live: KubeObject, said: Partial<ObjectMeta>): void {
    const {resource, name = ''} = request;
    if (said.uid !== undefined && said.uid !== live.metadata.uid) {
      const message = `${called(resource, name)} is invalid: metadata.uid: Invalid value: field is immutable`;
      throw new LightError(422, 'Invalid', {message, resource, name});
    }
    this.#checkPreconditions(request, live, said);
  }

  #checkNamespace(resource: Resource, namespace: string | undefined, name: string): void {
    if (!resource.namespaced) return;
    const found = this.#storage.table(namespaces).objects.get(namespace ?? '');
    if (found === undefined) throw notFound(namespaces, namespace ?? '');
    if (found.metadata.deletionTimestamp === undefined) return;
    const message =
      `${called(resource, name)} is forbidden: unable to create new content in namespace ${namespace} ` +
      `because it is being terminated`;
    throw new LightError(403, 'Forbidden', {message, resource, name});
  }

  #asNew(resource: Resource, namespace: string | undefined, body: KubeObject): KubeObject {
    const {status: _, ...withoutStatus} = body as KubeObject & {status?: unknown};
    const keepsStatus = WITHOUT_STATUS.has(resource.kind);
    const phase = resource.kind === 'Namespace' ? {status: {phase: 'Active'}} : {};
    const {managedFields: __, ...metadata} = body.metadata;
    return {
      ...(keepsStatus ? body : withoutStatus),
      ...phase,
      metadata: {
        ...metadata,
        ...(namespace === undefined ? {} : {namespace}),
        uid: this.#storage.newUid(),
        creationTimestamp: secondsOf(this.#options.nowMs()),
        ...(WITHOUT_GENERATION.has(resource.kind) ? {} : {generation: 1}),
      },
    };
  }

  #save(
    request: LightRequest,
    {table, key, live, next}: {table: LightTable; key: string; live: KubeObject; next: KubeObject},
  ): KubeObject {
    const {resource, subresource} = request;
    const stored = this.#combined(resource, subresource, {live, next});
    if (saysTheSame(stored as unknown as Fields, live as unknown as Fields)) return live;
    const isGone = stored.metadata.deletionTimestamp !== undefined && !stored.metadata.finalizers?.length;
    const saved = this.#storage.put(table, key, stored);
    if (isGone) this.#remove(table, key);
    return saved;
  }

  /** What the server itself decides about of an object stays. */
  #combined(resource: Resource, subresource: string | undefined, o: {live: KubeObject; next: KubeObject}): KubeObject {
    const live = o.live as unknown as Fields;
    const next = o.next as unknown as Fields;
    if (subresource === 'status') return {...live, status: next['status']} as unknown as KubeObject;
    const own = Object.fromEntries(
      (['uid', 'creationTimestamp', 'resourceVersion', 'generation', 'deletionTimestamp', 'namespace', 'name'] as const)
        .filter((field) => o.live.metadata[field] !== undefined)
        .map((field) => [field, o.live.metadata[field]]),
    );
    const {managedFields: _, ...metadata} = o.next.metadata;
    const keepsStatus = WITHOUT_STATUS.has(resource.kind);
    const status = keepsStatus || live['status'] === undefined ? {} : {status: live['status']};
    const {status: __, ...rest} = next;
    const combined = {
      ...(keepsStatus ? next : rest),
      ...status,
      metadata: {...metadata, ...own},
    } as unknown as KubeObject;
    if (WITHOUT_GENERATION.has(resource.kind) || saysTheSame(bodyOf(combined), bodyOf(o.live))) return combined;
    const generation = (o.live.metadata.generation ?? 1) + 1;
    return {...combined, metadata: {...combined.metadata, generation}};
  }

  #markDeleted(table: LightTable, key: string): void {
    const live = table.objects.get(key);
    if (live === undefined || live.metadata.deletionTimestamp !== undefined) return;
    const deletionTimestamp = secondsOf(this.#options.nowMs());
    this.#storage.put(table, key, {...live, metadata: {...live.metadata, deletionTimestamp}});
  }

  /** First nothing can be made in it any more, then what is in it goes, then itself. */
  #terminate(table: LightTable, name: string): void {
    const live = table.objects.get(name);
    if (live === undefined || live.metadata.deletionTimestamp !== undefined) return;
    const deletionTimestamp = secondsOf(this.#options.nowMs());
    const metadata = {...live.metadata, deletionTimestamp};
    this.#storage.put(table, name, {...live, metadata, status: {phase: 'Terminating'}} as KubeObject);
    this.#options.later(() => {
      for (const each of this.#storage.tables.values()) {
        if (!each.resource.namespaced) continue;
        for (const key of [...each.objects.keys()]) if (key.startsWith(`${name}/`)) this.#remove(each, key);
      }
      this.#options.later(() => this.#storage.remove(table, name));
    });
  }

  #remove(table: LightTable, key: string): void {
    const owned = this.#storage.remove(table, key);
    if (owned.length === 0) return;
    this.#options.later(() => {
      for (const each of owned) this.#collect(each);
    });
  }

  /** Garbage collection: all owners are gone, or it stays. */
  #collect(owned: string): void {
    const [id = '', key = ''] = owned.split(' ', 2);
    const table = this.#storage.tables.get(id);
    const object = table?.objects.get(key);
    if (table === undefined || object === undefined) return;
    const uids = new Set(
      [...this.#storage.tables.values()].flatMap(({objects}) => [...objects.values()].map((each) => each.metadata.uid)),
    );
    if (object.metadata.ownerReferences?.some(({uid}) => uids.has(uid)) === true) return;
    this.#remove(table, key);
  }
}

/** All that an apply says about content: identity is no field of anybody. */
function contentOf(body: KubeObject): Fields {
  const {uid: _, name: __, namespace: ___, resourceVersion: ____, managedFields: _____, ...metadata} = body.metadata;
  const {apiVersion: ______, kind: _______, ...rest} = body as unknown as Fields;
  return {...rest, metadata};
}

function bodyOf(object: KubeObject): Fields {
  const {metadata: _, status: __, ...rest} = object as unknown as Fields;
  return rest;
}

/** As `metav1.Time`: whole seconds. */
function secondsOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
