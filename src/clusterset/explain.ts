import type {LeftOutReason, Route, TraceStep} from './decision.ts';
import type {MemberExport} from './member-export.ts';
import {merge, mergeTrace} from './merge.ts';
import {route} from './route.ts';
import type {RouteInput} from './route.ts';
import type {View} from './view.ts';

/** How the import of one name comes about: the trace of {@link merge}, and what the members hold for it. */
export function explainMerge(exports: readonly MemberExport[]): readonly TraceStep[] {
  const merged = merge(exports).import;
  const trace = mergeTrace(exports);
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
  UnknownCluster: 'import',
  PortNotServed: 'import',
  ImportPolicy: 'policy',
  NotInPolicy: 'policy',
  WeightZero: 'policy',
  Drained: 'health',
  NoReadyEndpoint: 'health',
  NoGateway: 'health',
  GatewayDead: 'health',
};

/**
 * How a route comes about, in order: who exports, which policy decides, who is left out and why, what is stale, and the
 * tiers that remain. Made of the very {@link Route} that it explains, so the two can't disagree.
 */
export function explainRoute(input: RouteInput): readonly TraceStep[] {
  const decided = route(input);
  const {import: imported, view} = input;
  const subject = `${imported.namespace}/${imported.name}`;
  const exporters =
    imported.clusters.length === 0 ? 'no cluster exports it' : `exported by ${imported.clusters.join(', ')}`;
  const leftOut = (step: TraceStep['step']) => leftOutSteps(decided, step);
  return [
    {step: 'import', subject, verdict: imported.type, because: exporters},
    ...leftOut('import'),
    {step: 'policy', subject, verdict: decided.policy.name, because: policySentence(decided)},
    ...leftOut('policy'),
    ...stalenessSteps(view),
    ...leftOut('health'),
    ...routeSteps(decided, subject),
  ];
}

function leftOutSteps({leftOut}: Route, step: TraceStep['step']): readonly TraceStep[] {
  return leftOut
    .filter(({reason}) => STEP_OF[reason] === step)
    .map(({cluster, reason, message}) => ({step, subject: cluster, verdict: reason, because: message}));
}

function policySentence({policy}: Route): string {
  return policy.kind === 'default'
    ? 'no GlobalTrafficPolicy has the name of the import: the own cluster first, then every healthy exporter'
    : `GlobalTrafficPolicy ${policy.name} says ${policy.lbType}`;
}

/** Staleness is told, not acted upon: only the gateway's own health moves traffic (design §6). */
function stalenessSteps({hub, clusters, clusterId}: View): readonly TraceStep[] {
  const steps: TraceStep[] = [];
  if (hub.state !== 'Alive') {
    const because =
      hub.state === 'Never'
        ? 'no hub has written to this cluster yet'
        : `no heartbeat since ${new Date(hub.observedMs).toISOString()}: membership stays as it was`;
    steps.push({step: 'health', subject: 'hub', verdict: hub.state, because});
  }
  for (const {id, api} of [...clusters.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    if (api.state !== 'Unreachable' || id === clusterId) continue;
    const since = api.sinceMs === undefined ? '' : ` since ${new Date(api.sinceMs).toISOString()}`;
    const because = `the hub does not reach its API server${since}: what it exports stays as it was`;
    steps.push({step: 'health', subject: id, verdict: 'Unreachable', because});
  }
  return steps;
}

function routeSteps({tiers}: Route, subject: string): readonly TraceStep[] {
  if (tiers.length === 0) {
    return [{step: 'route', subject, verdict: 'NoRoute', because: 'every cluster is left out'}];
  }
  return tiers.flatMap((tier, index) => {
    const total = tier.reduce((sum, {weight}) => sum + weight, 0);
    const when = index === 0 ? 'used first' : `used when no cluster of tier ${index} is healthy`;
    return tier.map(({cluster, weight, local}): TraceStep => {
      const where = local ? 'the own cluster' : 'by its gateway';
      const because = `tier ${index + 1}, ${when}; weight ${weight} of ${total}; ${where}`;
      return {step: 'route', subject: cluster, verdict: 'Routed', because};
    });
  });
}
