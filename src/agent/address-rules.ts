import {isDeepStrictEqual} from 'node:util';

import {refuseAddress} from '../clusterset/addresses.ts';
import type {AddressRefusal} from '../clusterset/addresses.ts';
import {serviceRanges} from '../clusterset/service-ranges.ts';
import type {ServiceRanges} from '../clusterset/service-ranges.ts';
import type {Sources} from './sources.ts';

/** The Service whose addresses are those of the cluster's own API server. */
export const API_SERVER_SERVICE = 'default/kubernetes';

interface Rules {
  readonly ranges: ServiceRanges;
  /** Declared by each cluster that declares any. */
  readonly podCIDRs: ReadonlyMap<string, readonly string[]>;
}

/**
 * What addresses from other clusters are judged by here, before DNS or Envoy learn of them (design §10): special ranges, the
 * service range of this cluster, and what the cluster that an address is from declares as its pods'. The hub has looked at them
 * as well, but a taken hub must not be believed.
 */
export class AddressRules {
  readonly #development: boolean;
  #rules: Rules = {ranges: {cidrs: [], size: undefined}, podCIDRs: new Map()};

  constructor(options: {readonly development: boolean}) {
    this.#development = options.development;
  }

  /** Of the own Services. */
  get ranges(): ServiceRanges {
    return this.#rules.ranges;
  }

  /** @returns whether they are others than before, so that everything has to be judged anew */
  update({serviceCIDRs, services, clusters}: Pick<Sources, 'serviceCIDRs' | 'services' | 'clusters'>): boolean {
    const declared = [...clusters.store.entries()].flatMap(([id, {spec}]) =>
      spec?.podCIDRs === undefined || spec.podCIDRs.length === 0 ? [] : [[id, spec.podCIDRs] as const],
    );
    const rules = {
      ranges: serviceRanges(serviceCIDRs.store.values(), services.store.get(API_SERVER_SERVICE)),
      podCIDRs: new Map(declared),
    };
    if (isDeepStrictEqual(rules, this.#rules)) return false;
    this.#rules = rules;
    return true;
  }

  /** @param cluster - where the address is an endpoint; its gateway may have any that is lawful here */
  refuse(address: string, cluster?: string): AddressRefusal | undefined {
    const {ranges, podCIDRs} = this.#rules;
    return refuseAddress(address, {
      development: this.#development,
      serviceCIDRs: ranges.cidrs,
      podCIDRs: (cluster === undefined ? undefined : podCIDRs.get(cluster)) ?? NONE,
    });
  }
}

const NONE: readonly string[] = [];
