import type {JsonObject} from '../../schema/json.ts';
import type {ResourceType} from '../resource-type.ts';
import type {TypeRegistry} from '../type-registry.ts';
import {hash} from './discovery.ts';
import {fingerprint, groupVersionKind, openApiSchemas} from './openapi-schema.ts';

/** What kubectl looks for before it sends `fieldValidation` (apiserver.md §1.4). */
const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
  name,
  in: 'query',
  schema: {type: 'string', uniqueItems: true},
}));

interface Entry {
  readonly types: readonly ResourceType[];
  readonly hash: string;
}

/** OpenAPI v3: an index of group versions, and a document for each, made when it is first asked for. */
export class OpenApi {
  readonly #registry: TypeRegistry;
  readonly #release: string;
  readonly #nowMs: () => number;
  readonly #documents = new Map<string, {readonly hash: string; readonly document: JsonObject}>();
  #entries = new Map<string, Entry>();
  #revision = -1;
  #modifiedMs = 0;

  /** @param release - the server's version; part of every hash */
  constructor(registry: TypeRegistry, release: string, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#registry = registry;
    this.#release = release;
  }

  index(): JsonObject {
    const paths = [...this.#current()].map(([path, entry]) => [
      path,
      {serverRelativeURL: `/openapi/v3/${path}?hash=${entry.hash}`},
    ]);
    return {paths: Object.fromEntries(paths) as JsonObject};
  }

  /** When what is served last changed, in whole seconds as HTTP dates are. */
  get modifiedMs(): number {
    this.#current();
    return this.#modifiedMs;
  }

  /** @param path - `api/v1` or `apis/<group>/<version>` */
  hashOf(path: string): string | undefined {
    return this.#current().get(path)?.hash;
  }

  document(path: string): JsonObject | undefined {
    const entry = this.#current().get(path);
    if (entry === undefined) return undefined;
    const made = this.#documents.get(path);
    if (made?.hash === entry.hash) return made.document;
    const document = documentOf(entry.types, path, this.#release);
    this.#documents.set(path, {hash: entry.hash, document});
    return document;
  }

  #current(): ReadonlyMap<string, Entry> {
    if (this.#revision === this.#registry.revision) return this.#entries;
    this.#revision = this.#registry.revision;
    // Never the same second twice: a client that read the index in this second must notice a change in this second.
    this.#modifiedMs = Math.max(Math.floor(this.#nowMs() / 1000) * 1000, this.#modifiedMs + 1000);
    this.#entries = new Map(
      this.#registry.groupVersions().map(({group, version}) => {
        const types = this.#registry.ofGroupVersion(group, version);
        const path = group === '' ? `api/${version}` : `apis/${group}/${version}`;
        return [path, {types, hash: hash(this.#release + fingerprint(types))}];
      }),
    );
    return this.#entries;
  }
}

function documentOf(types: readonly ResourceType[], path: string, release: string): JsonObject {
  const paths = types.flatMap((type) => pathsOf(type, `/${path}`));
  return {
    openapi: '3.0.0',
    info: types.some(({custom}) => custom)
      ? {title: 'Kubernetes CRD Swagger', version: 'v0.1.0'}
      : {title: 'Kubernetes', version: release},
    paths: Object.fromEntries(paths),
    components: {schemas: openApiSchemas(types)},
  };
}

function pathsOf(type: ResourceType, base: string): readonly (readonly [string, JsonObject])[] {
  const collection = type.namespaced ? `${base}/namespaces/{namespace}/${type.plural}` : `${base}/${type.plural}`;
  const operation = (action: string, parameters: readonly JsonObject[] = []): JsonObject => ({
    parameters,
    'responses': {200: {description: 'OK'}},
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': groupVersionKind(type),
  });
  const force = {name: 'force', in: 'query', schema: {type: 'boolean', uniqueItems: true}};
  return [
    [collection, {get: operation('list'), post: operation('post', WRITE_PARAMETERS)}],
    [
      `${collection}/{name}`,
      {
        get: operation('get'),
        put: operation('put', WRITE_PARAMETERS),
        patch: operation('patch', [...WRITE_PARAMETERS, force]),
        delete: operation('delete', WRITE_PARAMETERS.slice(0, 1)),
      },
    ],
  ];
}
