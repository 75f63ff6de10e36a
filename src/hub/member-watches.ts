import type {Logger} from 'pino';
import type {
  ClusterProperty,
  EndpointSlice,
  FlomeshServiceImport,
  Lease,
  RemoteCluster,
  ServiceImport,
} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {parseKey} from '../api/meta.ts';
import {
  HUB_LEASE,
  HUB_MANAGED_BY,
  isDnsLabel,
  MCS_SERVICE_NAME_LABEL,
  SERVICE_NAME_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../api/names.ts';
import {
  clusterProperties,
  endpointSlices,
  flomeshServiceImports,
  leases,
  namespaces,
  remoteClusters,
  serviceImports,
  services,
  type Resource,
} from '../api/resources.ts';
import type {KubeClient} from '../kube/client.ts';
import {sharedText} from '../kube/shared-text.ts';
import {LabelIndex} from '../kube/label-index.ts';
import {Reflector, type ReflectorStatus, type StoreChange} from '../kube/reflector.ts';
import {ExportedOnly} from './exported-only.ts';
import {exportSources, keepExport, type ExportSource, type KeptExport} from './kept-export.ts';
import {
  keepClusterProperty,
  keepFlomeshImport,
  keepImport,
  keepLease,
  keepNamespace,
  keepRemoteCluster,
  type KeptNamespace,
} from './kept-objects.ts';
import {keepPolicy, type Policy, POLICY_KINDS, type PolicyKind, policyResources} from './policy-kinds.ts';
import {keepService, serviceOfSlice, type KeptService} from './kept-service.ts';
import {keepImportedSlice, keepSlice, type KeptSlice} from './kept-slice.ts';

export interface MemberWatchesOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Whether the member serves a resource; what it doesn't serve is not watched. */
  readonly isServed: (resource: Resource) => boolean;
  readonly logger: Logger;
  readonly backoff: {readonly minMs: number; readonly maxMs: number};
  readonly nowMs: () => number;
  readonly on: MemberWatchEvents;
}

/** Keys are `namespace/name`, or names of cluster-scoped objects. */
export interface MemberWatchEvents {
  readonly exports: (source: ExportSource, changes: readonly StoreChange<KeptExport>[]) => void;
  /** The Service or the readiness behind exported names changed. */
  readonly services: (keys: ReadonlySet<string>) => void;
  readonly namespaces: (names: readonly string[]) => void;
  readonly imports: (keys: readonly string[]) => void;
  readonly flomeshImports: (keys: readonly string[]) => void;
  /** @param imports - whose slices changed */
  readonly importedSlices: (keys: readonly string[], imports: ReadonlySet<string>) => void;
  readonly remoteClusters: (names: readonly string[]) => void;
  readonly properties: (names: readonly string[]) => void;
  readonly policies: (kind: PolicyKind, keys: readonly string[]) => void;
  readonly lease: () => void;
  /** All objects of a kind that the hub writes were listed; of slices, those that it imported. */
  readonly listed: (resource: Resource) => void;
}

interface Watched {
  readonly synced: Promise<void>;
  readonly closed: Promise<unknown>;
  start(signal: AbortSignal): void;
}

/** Everything that the hub watches in one member: what it exports, and what the hub itself writes there. */
export class MemberWatches {
  readonly exports: ReadonlyMap<ExportSource, Reflector<KeptExport>>;
  readonly services: ExportedOnly<KeptService>;
  readonly slices: ExportedOnly<KeptSlice>;
  readonly namespaces: Reflector<KeptNamespace>;
  readonly imports: Reflector<ServiceImport>;
  readonly flomeshImports: Reflector<FlomeshServiceImport> | undefined;
  /** Those that the hub wrote. */
  readonly importedSlices: Reflector<EndpointSlice>;
  readonly #slicesOfImports = new LabelIndex<EndpointSlice>(MCS_SERVICE_NAME_LABEL);
  readonly remoteClusters: Reflector<RemoteCluster>;
  readonly properties: Reflector<ClusterProperty>;
  /** The member's own too: one of them may be the very original. */
  readonly policies: ReadonlyMap<PolicyKind, Reflector<Policy>>;
  readonly lease: Reflector<Lease>;
  readonly #options: MemberWatchesOptions;
  readonly #syncing = Promise.withResolvers<void>();
  #isSynced = false;
  #closing: Promise<void> = Promise.resolve();

  constructor(options: MemberWatchesOptions) {
    this.#options = options;
    const {on, namespace, isServed} = options;
    const sources = exportSources.filter(({resource}) => isServed(resource));
    this.exports = new Map(sources.map((source) => [source, this.#watchExports(source)]));
    this.services = this.#watchServices();
    this.slices = this.#watchSlices();
    this.namespaces = this.#reflect(namespaces, keepNamespace, on.namespaces);
    this.imports = this.#reflect(serviceImports, keepImport, on.imports);
    this.flomeshImports = isServed(flomeshServiceImports)
      ? this.#reflect(flomeshServiceImports, keepFlomeshImport, on.flomeshImports)
      : undefined;
    this.importedSlices = this.#watchImportedSlices();
    this.remoteClusters = this.#reflect(remoteClusters, keepRemoteCluster, on.remoteClusters);
    this.properties = this.#reflect(clusterProperties, keepClusterProperty, on.properties);
    this.policies = new Map(
      POLICY_KINDS.filter((each) => isServed(policyResources[each])).map((each) => [
        each,
        this.#reflect<Policy>(policyResources[each], keepPolicy, (keys) => on.policies(each, keys)),
      ]),
    );
    this.lease = new Reflector<Lease>({
      ...this.#common(leases),
      namespace,
      fieldSelector: `metadata.name=${HUB_LEASE}`,
      keep: keepLease,
      onChange: () => on.lease(),
    });
  }

  /** Resolves when every list has been read whole; never, where one can't be. */
  get synced(): Promise<void> {
    return this.#syncing.promise;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  get closed(): Promise<void> {
    return this.#closing;
  }

  start(signal: AbortSignal): void {
    const exporting = [...this.exports.values()];
    const others = [
      this.namespaces,
      this.imports,
      this.flomeshImports,
      this.importedSlices,
      this.remoteClusters,
      this.properties,
      ...this.policies.values(),
      this.lease,
    ];
    const first = [...exporting, ...others.filter((reflector) => reflector !== undefined)];
    for (const reflector of first) reflector.start(signal);
    // Exports come first: only then is it known which Services and slices are worth keeping.
    const late = [this.services, this.slices];
    void startAfter(exporting, late, signal);
    void this.#noteSynced([...first, ...late]);
    this.#closing = closeAll(first, late, signal);
  }

  exportsOf(key: string): readonly KeptExport[] {
    return [...this.exports.values()].flatMap(({store}) => store.get(key) ?? []);
  }

  *allExports(): IterableIterator<KeptExport> {
    for (const {store} of this.exports.values()) yield* store.values();
  }

  /** Imported slices of one import. */
  slicesOfImport(key: string): readonly EndpointSlice[] {
    return this.#slicesOfImports.of(key);
  }

  /** Whatever imported slices say to belong to, imports that are there or not. */
  importsWithSlices(): Iterable<string> {
    return this.#slicesOfImports.owners();
  }

  /** By `plural.group`, for status and metrics. */
  statuses(): Record<string, ReflectorStatus> {
    const named: [Resource, {status(): ReflectorStatus} | undefined][] = [
      ...[...this.exports].map(([{resource}, reflector]): [Resource, Reflector<KeptExport>] => [resource, reflector]),
      [services, this.services],
      [endpointSlices, this.slices],
      [namespaces, this.namespaces],
      [serviceImports, this.imports],
      [flomeshServiceImports, this.flomeshImports],
      [remoteClusters, this.remoteClusters],
      [clusterProperties, this.properties],
      ...[...this.policies].map(([kind, reflector]): [Resource, Reflector<Policy>] => [
        policyResources[kind],
        reflector,
      ]),
      [leases, this.lease],
    ];
    const own = Object.fromEntries(
      named.flatMap(([{plural, group}, reflector]) =>
        reflector === undefined ? [] : [[group === '' ? plural : `${plural}.${group}`, reflector.status()]],
      ),
    );
    // The same resource a second time, by label: its own row.
    return {...own, [`${endpointSlices.plural}.${endpointSlices.group} imported`]: this.importedSlices.status()};
  }

  async #noteSynced(all: readonly Watched[]): Promise<void> {
    await Promise.all(all.map(({synced}) => synced));
    this.#isSynced = true;
    this.#syncing.resolve();
  }

  #common(
    resource: Resource,
  ): {client: KubeClient; resource: Resource} & Pick<MemberWatchesOptions, 'logger' | 'backoff' | 'nowMs'> {
    const {client, logger, backoff, nowMs} = this.#options;
    return {client, resource, logger, backoff, nowMs};
  }

  #reflect<T>(
    resource: Resource,
    keep: (raw: KubeObject) => T,
    onKeys: (keys: readonly string[]) => void,
  ): Reflector<T> {
    const onChange = (changes: readonly StoreChange<T>[]): void => onKeys(changes.map(({key}) => key));
    const onListed = (): void => this.#options.on.listed(resource);
    return new Reflector<T>({...this.#common(resource), keep, onChange, onListed});
  }

  #watchExports(source: ExportSource): Reflector<KeptExport> {
    return new Reflector<KeptExport>({
      ...this.#common(source.resource),
      keep: (raw) => keepExport(raw, source),
      onChange: (changes) => {
        for (const {key} of changes) this.#follow(key);
        this.#options.on.exports(source, changes);
      },
    });
  }

  #follow(key: string): void {
    const {namespace = '', name} = parseKey(key);
    // No Service can have another name; asking for one would be refused for ever.
    const isExported = isDnsLabel(namespace) && isDnsLabel(name) && this.exportsOf(key).length > 0;
    for (const each of [this.services, this.slices]) {
      if (isExported) each.begin(key);
      else each.end(key);
    }
  }

  #watchServices(): ExportedOnly<KeptService> {
    const {client, on} = this.#options;
    return new ExportedOnly<KeptService>({
      ...this.#common(services),
      serviceOf: ({metadata}) => sharedText(`${metadata.namespace}/${metadata.name}`),
      facts: keepService,
      fetch: async (service, options) => {
        const found = await client.find(services, parseKey(service), options);
        return found === undefined ? [] : [found];
      },
      onChange: on.services,
    });
  }

  #watchImportedSlices(): Reflector<EndpointSlice> {
    return new Reflector<EndpointSlice>({
      ...this.#common(endpointSlices),
      labelSelector: `${SLICE_MANAGED_BY_LABEL}=${HUB_MANAGED_BY}`,
      keep: keepImportedSlice,
      onChange: (changes) => {
        const imports = new Set(changes.flatMap(({key, current}) => this.#slicesOfImports.set(key, current)));
        const keys = changes.map(({key}) => key);
        this.#options.on.importedSlices(keys, imports);
      },
      onListed: () => this.#options.on.listed(endpointSlices),
    });
  }

  #watchSlices(): ExportedOnly<KeptSlice> {
    const {client, on} = this.#options;
    return new ExportedOnly<KeptSlice>({
      ...this.#common(endpointSlices),
      serviceOf: serviceOfSlice,
      facts: keepSlice,
      fetch: async (service, options) => {
        const {namespace, name} = parseKey(service);
        const labelSelector = `${SERVICE_NAME_LABEL}=${name}`;
        return (await client.list<EndpointSlice>(endpointSlices, {namespace, labelSelector, ...options})).items;
      },
      onChange: on.services,
    });
  }
}

async function startAfter(first: readonly Watched[], late: readonly Watched[], signal: AbortSignal): Promise<void> {
  await Promise.all(first.map(({synced}) => synced));
  for (const each of late) each.start(signal);
}

async function closeAll(first: readonly Watched[], late: readonly Watched[], signal: AbortSignal): Promise<void> {
  await Promise.all(first.map(({closed}) => closed));
  // Where no list ever came they were not started; begun with an aborted signal they end at once.
  for (const each of late) each.start(signal);
  await Promise.all(late.map(({closed}) => closed));
}
