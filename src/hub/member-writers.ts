import type {ClusterProperty, EndpointSlice, FlomeshServiceImport, RemoteCluster, ServiceImport} from '../api/kinds.ts';
import {
  clusterProperties,
  endpointSlices,
  flomeshServiceImports,
  remoteClusters,
  serviceImports,
} from '../api/resources.ts';
import type {KubeClient} from '../kube/client.ts';
import {type ExportSource, keepExport, type KeptExport} from './kept-export.ts';
import {keepClusterProperty, keepFlomeshImport, keepImport, keepRemoteCluster} from './kept-objects.ts';
import {keepImportedSlice} from './kept-slice.ts';
import type {MemberWatches} from './member-watches.ts';
import {ObjectWriter} from './object-writer.ts';
import {keepPolicy, type Policy, type PolicyKind, policyResources} from './policy-kinds.ts';

/** One writer per kind that the hub writes into a member; what each field belongs to is in design §3. */
export class MemberWriters {
  readonly imports: ObjectWriter<ServiceImport>;
  /** Undefined: the member doesn't serve the kind. */
  readonly flomeshImports: ObjectWriter<FlomeshServiceImport> | undefined;
  readonly slices: ObjectWriter<EndpointSlice>;
  readonly remoteClusters: ObjectWriter<RemoteCluster>;
  readonly properties: ObjectWriter<ClusterProperty>;
  /** Without the kinds that the member doesn't serve. */
  readonly policies: ReadonlyMap<PolicyKind, ObjectWriter<Policy>>;
  readonly exports: ReadonlyMap<ExportSource, ObjectWriter<KeptExport>>;

  constructor(client: KubeClient, watches: MemberWatches) {
    this.imports = new ObjectWriter(client, {
      resource: serviceImports,
      store: watches.imports.store,
      keep: keepImport,
      comparison: {
        whole: ['spec'],
        foreign: ['spec.ips', 'spec.ipFamilies'],
        sharedLists: {'status.clusters': ['cluster']},
      },
      ownItems: {'status.clusters': 'all'},
    });
    this.flomeshImports =
      watches.flomeshImports &&
      new ObjectWriter(client, {
        resource: flomeshServiceImports,
        store: watches.flomeshImports.store,
        keep: keepFlomeshImport,
        comparison: {whole: ['spec'], foreign: ['spec.ips']},
      });
    this.slices = new ObjectWriter(client, {
      resource: endpointSlices,
      store: watches.importedSlices.store,
      keep: keepImportedSlice,
      comparison: {},
    });
    this.remoteClusters = new ObjectWriter(client, {
      resource: remoteClusters,
      store: watches.remoteClusters.store,
      keep: keepRemoteCluster,
      comparison: {whole: ['spec', 'status']},
    });
    this.properties = new ObjectWriter(client, {
      resource: clusterProperties,
      store: watches.properties.store,
      keep: keepClusterProperty,
      comparison: {},
    });
    this.policies = new Map(
      [...watches.policies].map(([kind, {store}]) => [
        kind,
        new ObjectWriter<Policy>(client, {
          resource: policyResources[kind],
          store,
          keep: keepPolicy,
          comparison: {whole: ['spec']},
        }),
      ]),
    );
    this.exports = new Map(
      [...watches.exports].map(([source, {store}]) => [
        source,
        new ObjectWriter<KeptExport>(client, {
          resource: source.resource,
          store,
          keep: (raw) => keepExport(raw, source),
          comparison: {sharedLists: {'status.conditions': ['type']}},
          ownItems: {'status.conditions': ['Ready', 'Conflict']},
        }),
      ]),
    );
  }

  /** Requests sent that could have changed something. */
  get writes(): number {
    return this.#all().reduce((sum, writer) => sum + (writer?.writes ?? 0), 0);
  }

  /** Another hub has written here since. */
  forget(): void {
    for (const writer of this.#all()) writer?.forget();
  }

  #all(): readonly (Pick<ObjectWriter<never>, 'writes' | 'forget'> | undefined)[] {
    const {imports, flomeshImports, slices, remoteClusters, properties, policies, exports} = this;
    return [imports, flomeshImports, slices, remoteClusters, properties, ...policies.values(), ...exports.values()];
  }
}
