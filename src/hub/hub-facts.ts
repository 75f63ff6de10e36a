import {clusterKey} from '../api/names.ts';
import type {MemberExport} from '../clusterset/member-export.ts';
import type {ClustersetExports} from './clusterset-exports.ts';
import type {ClusterFacts, ClustersetFacts} from './clusterset-facts.ts';
import type {GatewayAddresses} from './gateway-addresses.ts';
import type {Member} from './member.ts';
import type {Delivery} from './plan-export-status.ts';
import type {FlomeshTarget} from './plan-flomesh-import.ts';

export interface HubFactsOptions {
  readonly namespace: string;
  readonly clustersetId: string;
  readonly createNamespaces: boolean;
  readonly nowMs: () => number;
  readonly exports: ClustersetExports;
  readonly members: ReadonlyMap<string, Member>;
  readonly gateways: GatewayAddresses;
}

/** The clusterset as the hub's own parts know it at this moment. */
export class HubFacts implements ClustersetFacts {
  readonly namespace: string;
  readonly clustersetId: string;
  readonly createNamespaces: boolean;
  readonly nowMs: () => number;
  readonly #options: HubFactsOptions;

  constructor(options: HubFactsOptions) {
    this.#options = options;
    this.namespace = options.namespace;
    this.clustersetId = options.clustersetId;
    this.createNamespaces = options.createNamespaces;
    this.nowMs = options.nowMs;
  }

  exportKeys(): Iterable<string> {
    return this.#options.exports.keys();
  }

  exportKeysIn(namespace: string): Iterable<string> {
    return this.#options.exports.keysIn(namespace);
  }

  mergedFor(...of: Parameters<ClustersetFacts['mergedFor']>): ReturnType<ClustersetFacts['mergedFor']> {
    return this.#options.exports.mergedFor(...of);
  }

  merged(key: string): ReturnType<ClustersetFacts['merged']> {
    return this.#options.exports.merged(key);
  }

  isUnknown(cluster: string): boolean {
    return this.#options.members.get(cluster)?.isKnown === false;
  }

  accepted(cluster: string, key: string): MemberExport | undefined {
    return this.#options.members.get(cluster)?.accepted.get(key);
  }

  *clusters(): IterableIterator<ClusterFacts> {
    for (const member of this.#options.members.values()) yield this.#factsOf(member);
  }

  cluster(id: string): ClusterFacts | undefined {
    const member = this.#options.members.get(id);
    return member && this.#factsOf(member);
  }

  targets(): ReadonlyMap<string, FlomeshTarget> {
    const targets = new Map<string, FlomeshTarget>();
    for (const {cluster, addresses, gatewayRefused} of this.clusters()) {
      const {name} = cluster.metadata;
      const {gatewayHost: host, gatewayPort: port} = cluster.spec ?? {};
      if (host === undefined || port === undefined || gatewayRefused) continue;
      targets.set(name, {clusterKey: clusterKey({...cluster.spec, name}), host, ip: addresses[0] ?? '', port});
    }
    return targets;
  }

  /** Of the members that are being written to: the others catch up when they come back. */
  delivery(key: string): Delivery {
    let pending: string | undefined;
    for (const {id, session, ledger} of this.#options.members.values()) {
      if (session?.isWriting !== true) continue;
      const result = ledger.get(key);
      if (result?.state === 'Failed') return {state: 'Failed', cluster: id, message: result.message};
      if (result?.state === 'LeftAlone') {
        return {
          state: 'Failed',
          cluster: id,
          message: 'a ServiceImport of that name is there that Isthmus did not make',
        };
      }
      if (result === undefined) pending ??= id;
    }
    return pending === undefined ? {state: 'Delivered'} : {state: 'Pending', cluster: pending};
  }

  #factsOf({cluster, hasJoined, api, connection}: Member): ClusterFacts {
    const host = cluster.spec?.gatewayHost;
    const {gateways} = this.#options;
    return {
      cluster,
      joined: hasJoined,
      addresses: gateways.of(host),
      gatewayRefused: gateways.isRefused(host),
      api,
      version: connection?.version,
    };
  }
}
