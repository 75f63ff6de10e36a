import type {LeftOutReason, Reach, Route, RoutedCluster, TraceStep} from './decision.ts';
import {DRAIN_PARTS} from './drain.ts';
import type {MemberExport} from './member-export.ts';
import {merge, mergeTrace} from './merge.ts';
import {route} from './route.ts';
import type {RouteInput} from './route.ts';
import {concludeSource, signalsOf} from './staleness.ts';
import type {ExistingImport} from './type-flip.ts';

/**
 * The whole trace for one service and one asking cluster, in the order of the decision: the exports seen and who won
 * (where they are known: the hub and `isthmus explain` see them, an agent sees the import), the policy, health and staleness,
 * and the tiers, with a reason for each cluster that is left out.
 */
export function explain(input: {
  readonly exports?: readonly MemberExport[];
  /** The import that there is, which keeps its type. */
  readonly existing?: ExistingImport;
  readonly route?: RouteInput;
}): readonly TraceStep[] {
  return [
    ...(input.exports === undefined ? [] : explainMerge(input.exports, input.existing)),
    ...(input.route === undefined ? [] : explainRoute(input.route)),
  ];
}

/** A trace as text: a line for each step and one for its reason. Control characters of remote texts don't reach a terminal. */
export function formatTrace(steps: readonly TraceStep[]): string {
  return steps
    .flatMap(({step, subject, verdict, because}) => [
      `${step.padEnd(7)} ${subject}: ${verdict}`,
      `        because ${because}`,
    ])
    .map(printable)
    .join('\n');
}

function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

/**
 * How the import of one name comes about: the trace of {@link merge}, and what the members hold for it.
 *
 * @param existing - undefined: there is no import yet, or its type is not known
 */
export function explainMerge(exports: readonly MemberExport[], existing?: ExistingImport): readonly TraceStep[] {
  const merged = merge(exports).import;
  const trace = mergeTrace(exports, existing);
  if (merged === undefined) return trace;
  const subject = `${merged.namespace}/${merged.name}`;
  const ready = merged.readyClusters === undefined ? 'not known' : merged.readyClusters.join(', ') || 'none';
  const parts = Object.entries(merged.portClusters).map(([port, clusters]) => `${port} by ${clusters.join(', ')} only`);
  const because = [`ready endpoints: ${ready}`, ...parts].join('; ');
  return [...trace, {step: 'import', subject, verdict: 'Imported', because}];
}

/** The step in which each reason belongs, and thereby the order of the trace. */
const STEP_OF: Record<LeftOutReason, TraceStep['step']> = {
  NotExporting: 'import',
  NotTargeted: 'import',
  UnknownCluster: 'import',
  PortNotServed: 'import',
  ImportPolicy: 'policy',
  NotInPolicy: 'policy',
  WeightZero: 'policy',
  Drained: 'health',
  NoReadyEndpoint: 'health',
  NoGateway: 'health',
  NotSameNetwork: 'health',
  SlicesNotImported: 'health',
  AddressesRefused: 'health',
  GatewayDead: 'health',
};

/**
 * How a route comes about, in order: who exports, which policy decides, who is left out and why, what is stale, and the
 * tiers that remain. Made of the very {@link Route} that it explains, so the two can't disagree.
 */
export function explainRoute(input: RouteInput): readonly TraceStep[] {
  const decided = route(input);
  const {import: imported} = input;
  const subject = `${imported.namespace}/${imported.name}`;
  const exporters =
    imported.clusters.length === 0 ? 'no cluster exports it' : `exported by ${imported.clusters.join(', ')}`;
  const leftOut = (step: TraceStep['step']) => leftOutSteps(decided, step);
  return [
    {step: 'import', subject, verdict: imported.type, because: exporters},
    ...leftOut('import'),
    {step: 'policy', subject, verdict: decided.policy.name, because: policySentence(decided)},
    ...leftOut('policy'),
    ...stalenessSteps(input),
    ...suspicionSteps(input),
    ...leftOut('health'),
    ...routeSteps(decided, subject),
  ];
}

function leftOutSteps({leftOut}: Route, step: TraceStep['step']): readonly TraceStep[] {
  return leftOut
    .filter(({reason}) => STEP_OF[reason] === step)
    .map(({cluster, reason, message}) => ({step, subject: cluster, verdict: reason, because: message}));
}

const DEFAULTS: Readonly<Record<string, string>> = {
  'local-first': 'the own cluster first, then every healthy exporter',
  'Locality': 'the own cluster alone',
  'ActiveActive': 'every healthy exporter alike',
};

function policySentence({policy}: Route): string {
  if (policy.kind === 'default') {
    return `no GlobalTrafficPolicy has the name of the import: ${DEFAULTS[policy.lbType] ?? policy.lbType}`;
  }
  const whose = policy.from === 'Hub' ? 'the hub' : 'this cluster';
  return `GlobalTrafficPolicy ${policy.name} of ${whose} says ${policy.lbType}`;
}

/** Staleness is told, not acted upon: only the gateway's own health moves traffic (design §6). */
function stalenessSteps({view, nowMs}: RouteInput): readonly TraceStep[] {
  const {hub, clusters, clusterId} = view;
  if (hub.state !== 'Alive') {
    const because =
      hub.state === 'Never'
        ? 'no hub has written to this cluster yet'
        : `no heartbeat since ${new Date(hub.observedMs).toISOString()}: membership stays as it was`;
    // Of every source the same is to be said then: nobody knows.
    return [{step: 'health', subject: 'hub', verdict: hub.state, because}];
  }
  return [...clusters.values()]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((cluster): TraceStep[] => {
      const {membership, message} = concludeSource(signalsOf(cluster, view, nowMs));
      if (membership === 'Current' || cluster.id === clusterId) return [];
      const {sinceMs} = cluster.api;
      const since = sinceMs === undefined ? '' : ` (since ${new Date(sinceMs).toISOString()})`;
      return [{step: 'health', subject: cluster.id, verdict: membership, because: `${message}${since}`}];
    });
}

function suspicionSteps({view}: RouteInput): readonly TraceStep[] {
  if (view.suspectsItself !== true) return [];
  const because = 'all gateways fell silent at once: the fault is looked for here, and routes stay as they were';
  return [{step: 'health', subject: view.clusterId, verdict: 'SuspectsItself', because}];
}

function routeSteps({tiers, stale}: Route, subject: string): readonly TraceStep[] {
  if (tiers.length === 0) {
    return [{step: 'route', subject, verdict: 'NoRoute', because: 'every cluster is left out'}];
  }
  const steps = tiers.flatMap((tier, index) => {
    const total = tier.reduce((sum, {weight}) => sum + weight, 0);
    const when = index === 0 ? 'used first' : `used when no cluster of tier ${index} is healthy`;
    return tier.map((routed): TraceStep => {
      const because = `tier ${index + 1}, ${when}; weight ${routed.weight} of ${total}; ${detailsOf(routed)}`;
      return {step: 'route', subject: routed.cluster, verdict: 'Routed', because};
    });
  });
  const because = 'all that is served is stale: the least stale is better than nothing, and DNS says so';
  return stale ? [...steps, {step: 'route', subject, verdict: 'Stale', because}] : steps;
}

const REACHED: Record<Reach, string> = {
  Local: 'the own cluster',
  Direct: "at its pods' addresses",
  Gateway: 'by its gateway',
};

function detailsOf({reach, drained, readinessInDoubt}: RoutedCluster): string {
  return [
    REACHED[reach],
    ...(drained === 0 ? [] : [`${(drained * 100) / DRAIN_PARTS}% of it drained`]),
    ...(readinessInDoubt === true ? ['that it had no ready endpoint was told too long ago to count'] : []),
  ].join('; ');
}
