import {clusterKey} from '../api/names.ts';
import {receiveSlices} from '../clusterset/imported-slices.ts';
import type {ExportFault, MemberExport} from '../clusterset/member-export.ts';
import {isTargeted} from '../clusterset/target-clusters.ts';
import type {DefaultRouting} from '../clusterset/view.ts';
import type {ClustersetExports} from './clusterset-exports.ts';
import type {ClusterFacts, ClustersetFacts} from './clusterset-facts.ts';
import type {GatewayAddresses} from './gateway-addresses.ts';
import type {Member} from './member.ts';
import type {Delivery} from './plan-export-status.ts';
import type {FlomeshTarget} from './plan-flomesh-import.ts';
import type {Policy, PolicyKind} from './policy-kinds.ts';
import type {PolicyRegistry} from './policy-registry.ts';
import {ChangesOfHands, type WrittenBy} from './changes-of-hands.ts';
import {refusalOf} from './member-refusal.ts';
import {saidElsewhere} from './said-elsewhere.ts';
import type {SliceBudget} from './slice-budget.ts';
import {syncItemText} from './sync-item.ts';

export interface HubFactsOptions {
  readonly namespace: string;
  readonly clustersetId: string;
  readonly createNamespaces: boolean;
  readonly defaultRouting?: DefaultRouting | undefined;
  readonly nowMs: () => number;
  readonly exports: ClustersetExports;
  readonly policies: PolicyRegistry;
  readonly members: ReadonlyMap<string, Member>;
  readonly gateways: GatewayAddresses;
  /** The older Cluster that has the gateway of this one. */
  readonly gatewayTakenBy: (id: string) => string | undefined;
  readonly isRegistered: (id: string) => boolean;
  /** Names of all Clusters that are listed. */
  readonly registered: () => Iterable<string>;
  readonly slices: SliceBudget;
  /** False while the hub starts: then a Cluster that isn't known may be one that was not looked at yet. */
  readonly isGathered: () => boolean;
  /** The last row of design §6, among the exporters of one import; asked whenever something of an import is compared. */
  readonly withdrawnOf: (exporters: readonly string[]) => ReadonlySet<string>;
}

/** The clusterset as the hub's own parts know it at this moment. */
export class HubFacts implements ClustersetFacts {
  readonly namespace: string;
  readonly clustersetId: string;
  readonly createNamespaces: boolean;
  readonly defaultRouting: DefaultRouting | undefined;
  readonly nowMs: () => number;
  readonly #options: HubFactsOptions;
  readonly #hands = new ChangesOfHands<Member>();

  constructor(options: HubFactsOptions) {
    this.#options = options;
    this.namespace = options.namespace;
    this.clustersetId = options.clustersetId;
    this.createNamespaces = options.createNamespaces;
    this.defaultRouting = options.defaultRouting;
    this.nowMs = options.nowMs;
  }

  exportKeys(): Iterable<string> {
    return this.#options.exports.keys();
  }

  exportKeysIn(namespace: string): Iterable<string> {
    return this.#options.exports.keysIn(namespace);
  }

  mergedFor(...of: Parameters<ClustersetFacts['mergedFor']>): ReturnType<ClustersetFacts['mergedFor']> {
    const merged = this.#options.exports.mergedFor(...of);
    const ready = merged.result.import?.readyClusters;
    if (merged.result.import === undefined || ready === undefined) return merged;
    const withdrawn = this.withdrawnOf(merged.result.import.clusters);
    if (withdrawn.size === 0) return merged;
    const readyClusters = ready.filter((cluster) => !withdrawn.has(cluster));
    return {...merged, result: {...merged.result, import: {...merged.result.import, readyClusters}}};
  }

  merged(key: string): ReturnType<ClustersetFacts['merged']> {
    return this.#options.exports.merged(key);
  }

  policies(kind: PolicyKind): ReadonlyMap<string, Policy> {
    return this.#options.policies.of(kind);
  }

  async isPolicyGone(kind: PolicyKind, key: string, signal: AbortSignal): Promise<boolean> {
    return this.#options.policies.isGone(kind, key, signal);
  }

  policiesUnknown(): string | undefined {
    const {areKnown, forbidden} = this.#options.policies;
    return areKnown ? undefined : (forbidden ?? '');
  }

  isGathered(): boolean {
    return this.#options.isGathered();
  }

  isUnknown(cluster: string, key: string): boolean {
    const {members, isGathered, isRegistered} = this.#options;
    const member = members.get(cluster);
    // Registered, and not taken up: what is remembered of it can't be read just now, or its old self is still leaving.
    if (member === undefined) return !isGathered() || isRegistered(cluster);
    if (!member.isKnown) return true;
    // Its deletion is not believed yet, and what it was is told by each consumer's own import alone.
    if (member.accepted.remembers(key)) return true;
    // It shows the export, which is taken in only once it is sure who is speaking: until then what was remembered counts.
    return member.accepted.get(key) === undefined && (member.session?.watches.exportsOf(key).length ?? 0) > 0;
  }

  anyUnknown(key: string): boolean {
    const {members, registered} = this.#options;
    for (const cluster of members.keys()) if (this.isUnknown(cluster, key)) return true;
    for (const cluster of registered()) if (!members.has(cluster) && this.isUnknown(cluster, key)) return true;
    return false;
  }

  accepted(cluster: string, key: string): MemberExport | undefined {
    return this.#options.members.get(cluster)?.accepted.get(key);
  }

  slicesOf(cluster: string, key: string): ReturnType<ClustersetFacts['slicesOf']> {
    return this.#options.members.get(cluster)?.accepted.slicesOf(key);
  }

  sliceUse(...of: Parameters<ClustersetFacts['sliceUse']>): ReturnType<ClustersetFacts['sliceUse']> {
    return this.#options.slices.use(...of);
  }

  withdrawnOf(exporters: readonly string[]): ReadonlySet<string> {
    return this.#options.withdrawnOf(exporters);
  }

  refusedEndpoints(cluster: string, key: string): readonly ExportFault[] {
    const slices = this.slicesOf(cluster, key);
    const exported = this.accepted(cluster, key);
    const type = this.merged(key).import?.type;
    if (slices === undefined || exported === undefined || type === undefined) return [];
    const receivers = [...this.#options.members.values()].filter(
      ({consumer, session}) =>
        writtenBy(session) !== 'nobody' &&
        isTargeted(exported, consumer) &&
        this.sliceUse(consumer, type) === 'Imported',
    );
    return receivers
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .flatMap(({id, session}) => {
        const {refused} = receiveSlices(slices, session?.apiServerCIDRs ?? []);
        return refused.length === 0 ? [] : [toFault(id, refused)];
      });
  }

  *clusters(): IterableIterator<ClusterFacts> {
    for (const member of this.#options.members.values()) yield this.#factsOf(member);
  }

  cluster(id: string): ClusterFacts | undefined {
    const member = this.#options.members.get(id);
    return member && this.#factsOf(member);
  }

  isRegistered(id: string): boolean {
    return this.#options.isRegistered(id);
  }

  targets(clusters: Iterable<string>): ReadonlyMap<string, FlomeshTarget> {
    const targets = new Map<string, FlomeshTarget>();
    const exporters = [...clusters];
    const withdrawn = this.withdrawnOf(exporters);
    for (const id of exporters) {
      if (withdrawn.has(id)) continue;
      const facts = this.cluster(id);
      if (facts === undefined) continue;
      const {cluster, addresses, gatewayRefused} = facts;
      const {name} = cluster.metadata;
      const {gatewayHost: host, gatewayPort: port} = cluster.spec ?? {};
      if (host === undefined || port === undefined || gatewayRefused) continue;
      targets.set(name, {
        clusterKey: clusterKey({...cluster.spec, name}),
        host,
        ip: addresses && (addresses[0] ?? ''),
        port,
      });
    }
    return targets;
  }

  /**
   * Of the members that are being written to, or were a moment ago: the others catch up when they come back. Those that answer and let
   * nobody write are named: they may never.
   */
  delivery(key: string): Delivery {
    let pending: Delivery | undefined;
    const refusing: string[] = [];
    for (const member of this.#options.members.values()) {
      const {id, cluster, session, ledger} = member;
      const result = ledger.get(key);
      // The cheaper question first: almost all of them have it, and whether it is written to is asked of its Lease.
      if (result?.state === 'Applied' || result?.state === 'NotNeeded') continue;
      const by = writtenBy(session);
      if (this.#hands.isUnderWay(member, by, performance.now()) && session !== undefined) {
        pending = {state: 'Pending', cluster: id, isChangingHands: true};
        continue;
      }
      if (by === 'nobody') {
        const refusal = refusalOf(cluster);
        if (refusal !== undefined && this.#isMeantFor(key, member)) refusing.push(refusal);
        continue;
      }
      if (result?.state === 'Failed') return {state: 'Failed', cluster: id, message: result.message};
      if (result?.state === 'LeftAlone') {
        return {
          state: 'Failed',
          cluster: id,
          message: 'a ServiceImport of that name is there that Isthmus did not make',
        };
      }
      if (result !== undefined) continue;
      // This replica sees nothing but that it isn't there; who writes there sees why.
      const said = by === 'another' ? saidElsewhere(cluster, syncItemText('import', key)) : undefined;
      if (said?.state === 'Failed') return {state: 'Failed', cluster: id, message: said.why};
      pending ??= {state: 'Pending', cluster: id, ...(said === undefined ? {} : {why: said.why})};
    }
    return pending ?? (refusing.length === 0 ? DELIVERED : {state: 'Delivered', refusing: refusing.sort()});
  }

  #isMeantFor(key: string, {consumer}: Member): boolean {
    return this.#options.exports.of(key).some((each) => isTargeted(each, consumer));
  }

  #factsOf({cluster, hasJoined, api, connection}: Member): ClusterFacts {
    const host = cluster.spec?.gatewayHost;
    const {gateways, gatewayTakenBy} = this.#options;
    return {
      cluster,
      joined: hasJoined,
      addresses: gateways.isKnown(host) ? gateways.of(host) : undefined,
      gatewayRefused: gateways.isRefused(host) || gatewayTakenBy(cluster.metadata.name) !== undefined,
      isTwin: connection?.refusal?.reason === 'DuplicateCluster',
      api,
      version: connection?.version,
    };
  }
}

const DELIVERED: Delivery = {state: 'Delivered'};

function writtenBy(session: Member['session']): WrittenBy {
  if (session?.isWriting === true) return 'this';
  return session?.isWrittenElsewhere === true ? 'another' : 'nobody';
}

const MAX_NAMED = 5;

function toFault(receiver: string, refused: readonly string[]): ExportFault {
  const more = refused.length > MAX_NAMED ? ` and ${refused.length - MAX_NAMED} more` : '';
  return {
    field: 'EndpointSlice.endpoints',
    reason: 'AddressRefused',
    message: `${refused.slice(0, MAX_NAMED).join(', ')}${more} can't be used in ${receiver}, where its API server has such an address`,
  };
}
