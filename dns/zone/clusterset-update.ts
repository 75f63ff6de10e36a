import type {GlobalTrafficPolicy} from '../../src/api/kinds.ts';
import type {ClusterView, View} from '../../src/clusterset/view.ts';

/** What of the clusterset as a whole a worker needs to explain imports; small beside them, and sent when it differs. */
export interface ClustersetUpdate {
  /** Ids of the clusters that got their numbers since the last update, in the order of the numbers. */
  readonly ids: readonly string[];
  /** Undefined: as it was. */
  readonly state?: ClustersetState;
  /** By import, those that differ; undefined: there is none any more. */
  readonly policies: readonly (readonly [string, GlobalTrafficPolicy | undefined])[];
}

export type ClustersetState = Pick<View, 'clusterId' | 'hub' | 'defaultRouting' | 'suspectsItself'> & {
  readonly clusters: readonly ClusterView[];
};

/** Numbers clusters and finds what is new to the workers. */
export class ClustersetSender {
  readonly #numbers = new Map<string, number>();
  #unsent: string[] = [];
  #state = '';
  #policies: View['trafficPolicies'] = new Map();

  /** The number of a cluster: the same for ever, so that what is compiled stays good. */
  numberOf(id: string): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    // A u16 has to hold it; a clusterset that saw more ids than that shares the last number, in explanations alone.
    const number = Math.min(this.#numbers.size, 0xffff);
    this.#numbers.set(id, number);
    this.#unsent.push(id);
    return number;
  }

  /** Ids in the order of their numbers. */
  get ids(): readonly string[] {
    return [...this.#numbers.keys()];
  }

  /** Begins with what the workers know already. */
  adopt(ids: readonly string[], policies: ClustersetUpdate['policies']): void {
    ids.forEach((id) => this.numberOf(id));
    this.#unsent = [];
    this.#policies = new Map(policies.flatMap(([key, policy]) => (policy ? [[key, policy]] : [])));
  }

  /** @returns undefined: nothing is new */
  update(view: View): ClustersetUpdate | undefined {
    const state = stateOf(view);
    const text = JSON.stringify(state);
    const policies = [...new Set([...this.#policies.keys(), ...view.trafficPolicies.keys()])]
      .filter((key) => this.#policies.get(key) !== view.trafficPolicies.get(key))
      .map((key) => [key, toSent(view.trafficPolicies.get(key))] as const);
    if (this.#unsent.length === 0 && policies.length === 0 && text === this.#state) return undefined;
    const update = {ids: this.#unsent, policies, ...(text === this.#state ? {} : {state})};
    this.#unsent = [];
    this.#state = text;
    this.#policies = view.trafficPolicies;
    return update;
  }
}

/** Without what no explanation says. */
function stateOf({clusterId, hub, defaultRouting, suspectsItself, clusters}: View): ClustersetState {
  const rest = defaultRouting === undefined ? {} : {defaultRouting};
  return {
    clusterId,
    hub,
    ...rest,
    ...(suspectsItself === true ? {suspectsItself} : {}),
    clusters: [...clusters.values()].map((cluster) => ({
      ...cluster,
      podCIDRs: [],
      gateway: cluster.gateway && {host: '', port: cluster.gateway.port, addresses: []},
    })),
  };
}

function toSent(policy: GlobalTrafficPolicy | undefined): GlobalTrafficPolicy | undefined {
  if (policy === undefined) return undefined;
  const {name, namespace, labels = {}, annotations = {}} = policy.metadata;
  const {apiVersion, kind, spec} = policy;
  const at = namespace === undefined ? {} : {namespace};
  return {apiVersion, kind, metadata: {name, ...at, labels, annotations}, ...(spec ? {spec} : {})};
}
