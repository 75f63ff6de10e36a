import {route} from '../../src/clusterset/route.ts';
import {concludeSource, signalsOf} from '../../src/clusterset/staleness.ts';
import type {View} from '../../src/clusterset/view.ts';
import type {ClustersetUpdate} from './clusterset-update.ts';
import {decodeImportFacts} from './import-facts.ts';
import type {ImportFacts} from './import-facts.ts';
import {headlessLeftOut, sourcesOf} from './routing.ts';

/** Octets of one string of a TXT record (RFC 1035 §3.3). */
const MAX_STRING = 255;
/** What fits one record beside everything else in a message; a clusterset with more to say is cut. */
const MAX_STRINGS = 240;

export interface ExplainedName {
  readonly namespace: string;
  readonly name: string;
  readonly nowMs: number;
  /** When the data that is served was last known to be true, where that is a while ago; 0: it is live. */
  readonly oldSinceMs: number;
}

/**
 * Says why DNS answers what it answers for an import (`_why`, design §7). Made in the worker at the moment of the question, of
 * facts that are there anyhow, so an explanation costs nothing while nobody asks for it and is never older than the answers.
 * Policy and cluster names, weights, states, ages and reason codes; no address, label or rule.
 */
export class Explainer {
  readonly #ids: string[] = [];
  readonly #policies: Map<string, NonNullable<ClustersetUpdate['policies'][number][1]>> = new Map();
  #view: View = emptyView();

  /** Takes in what is new. Updates have to come in the order in which they were made. */
  learn({ids, state, policies}: ClustersetUpdate): void {
    this.#ids.push(...ids);
    for (const [key, policy] of policies) {
      if (policy) this.#policies.set(key, policy);
      else this.#policies.delete(key);
    }
    if (!state) return;
    const {clusters, ...rest} = state;
    this.#view = {
      ...emptyView(),
      ...rest,
      trafficPolicies: this.#policies,
      clusters: new Map(clusters.map((cluster) => [cluster.id, cluster])),
    };
  }

  /**
   * @param facts - of the import, as they are packed
   * @returns texts of at most 255 octets, plain ASCII
   */
  explain(facts: Buffer, about: ExplainedName): readonly string[] {
    const decoded = decodeImportFacts(facts, about, (number) => this.#ids[number] ?? '?');
    const view = {...this.#view, atMs: about.nowMs};
    const {type} = decoded.service;
    const lines = [
      [`answer=${decoded.outcome}`, `type=${type}`, age('data', about.nowMs, about.oldSinceMs || undefined)],
      ...hubLine(view),
      ...(view.suspectsItself === true ? [['gateways', 'state=SuspectsItself']] : []),
      ...(type === 'Headless' ? headlessLines(decoded, view) : routeLines(decoded, view)),
    ];
    const texts = lines.map((words) => plain(words.filter((word) => word !== '').join(' ')));
    return texts.length <= MAX_STRINGS
      ? texts
      : [...texts.slice(0, MAX_STRINGS - 1), `more=${texts.length - MAX_STRINGS + 1}`];
  }
}

function hubLine({hub, atMs}: View): readonly (readonly string[])[] {
  if (hub.state === 'Alive') return [];
  return [['hub', `state=${hub.state}`, age('age', atMs, hub.state === 'Never' ? undefined : hub.observedMs)]];
}

function routeLines({service, refused}: ImportFacts, view: View): readonly (readonly string[])[] {
  const letIn = {...service, clusters: service.clusters.filter((id) => !refused.has(id))};
  const {tiers, leftOut, policy, stale} = route({import: letIn, view});
  const served = tiers.flatMap((tier, i) =>
    tier.map(({cluster, weight, reach}) => [
      'cluster',
      `id=${cluster}`,
      `tier=${i + 1}`,
      `weight=${weight}`,
      `reach=${reach}`,
      ...stateOf(cluster, view),
    ]),
  );
  const out = leftOut.filter(({cluster}) => !refused.has(cluster));
  return [
    ['policy', `kind=${policy.kind}`, `type=${policy.lbType}`, `from=${policy.from}`, `name=${policy.name}`],
    ...(stale ? [['stale=true']] : []),
    ...served,
    ...out.map(({cluster, reason}) => leftOutLine(cluster, reason, view)),
    ...[...refused].sort().map((cluster) => leftOutLine(cluster, 'ImportPolicy', view)),
  ];
}

/** No tiers and no weights: clients choose among all endpoints themselves. */
function headlessLines({service, refused}: ImportFacts, view: View): readonly (readonly string[])[] {
  const leftOut = headlessLeftOut(service, view, refused);
  return sourcesOf(service)
    .toSorted()
    .map((cluster) => {
      const reason = leftOut.get(cluster) ?? whyEmpty(cluster, service);
      return reason === undefined
        ? ['cluster', `id=${cluster}`, ...stateOf(cluster, view)]
        : leftOutLine(cluster, reason, view);
    });
}

function whyEmpty(
  cluster: string,
  {readyClusters, sliceClusters, refusedAddresses}: ImportFacts['service'],
): string | undefined {
  if (sliceClusters?.includes(cluster) === false) {
    const isRefused = refusedAddresses?.some((refused) => refused.cluster === cluster) === true;
    return isRefused ? 'AddressesRefused' : 'SlicesNotImported';
  }
  return readyClusters?.includes(cluster) === false ? 'NoReadyEndpoint' : undefined;
}

function leftOutLine(cluster: string, reason: string, view: View): readonly string[] {
  return ['out', `id=${cluster}`, `reason=${reason}`, ...stateOf(cluster, view)];
}

/** What the signals say of a cluster, and for how long the hub has seen its API server as it does. */
function stateOf(cluster: string, view: View): readonly string[] {
  if (cluster === view.clusterId) return ['state=Local'];
  const at = view.clusters.get(cluster);
  if (at === undefined) return ['state=Unknown'];
  return [`state=${concludeSource(signalsOf(at, view)).state}`, age('age', view.atMs, at.api.sinceMs)];
}

function age(word: string, nowMs: number, sinceMs: number | undefined): string {
  return sinceMs === undefined ? '' : `${word}=${Math.max(0, Math.round((nowMs - sinceMs) / 1000))}s`;
}

/** Names come from other clusters: whatever they are, a terminal must survive printing them. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_STRING);
}

function emptyView(): View {
  return {
    revision: 0,
    atMs: 0,
    clusterId: '',
    synced: true,
    namespaces: new Map(),
    imports: new Map(),
    clusters: new Map(),
    exports: new Map(),
    services: new Map(),
    exportPolicies: new Map(),
    importPolicies: new Map(),
    trafficPolicies: new Map(),
    hub: {state: 'Never'},
    hubIsHere: false,
  };
}
