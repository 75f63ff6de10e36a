import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {explain, explainMerge, explainRoute, formatTrace} from '../../src/clusterset/explain.ts';
import {merge} from '../../src/clusterset/merge.ts';
import {guardTypeFlip} from '../../src/clusterset/type-flip.ts';
import {route} from '../../src/clusterset/route.ts';
import {memberExports, routeInputs} from './arbitraries.ts';
import {aCluster, anExport, anImport, aTrafficPolicy, aView, withoutService} from './fixtures.ts';

const ORDER = ['import', 'policy', 'health', 'route'];

describe('explainRoute', () => {
  test('tells who exports, what decides, who is left out, what is stale, and the tiers, in this order', () => {
    const clusters = [
      aCluster('cluster-1', {gatewayHealth: 'Dead', api: {state: 'Unreachable', sinceMs: 0}}),
      aCluster('cluster-2'),
      aCluster('cluster-3', {api: {state: 'Unreachable', sinceMs: undefined}}),
    ];
    const view = aView({clusters, hub: {state: 'Alive', observedMs: 0}, atMs: 3_600_000});
    const policy = aTrafficPolicy({
      lbType: 'FailOver',
      targets: ['cluster-1', 'cluster-3', 'cluster-9'].map((clusterKey) => ({clusterKey})),
    });
    const trace = explainRoute({import: anImport(['cluster-1', 'cluster-2', 'cluster-3']), view, policy});
    expect(trace.map(({step, subject, verdict}) => [step, subject, verdict])).toEqual([
      ['import', 'bar/foo', 'ClusterSetIP'],
      ['import', 'cluster-9', 'UnknownCluster'],
      ['policy', 'bar/foo', 'foo'],
      ['health', 'cluster-1', 'Stale'],
      ['health', 'cluster-3', 'Frozen'],
      ['health', 'cluster-1', 'GatewayDead'],
      ['route', 'cluster-2', 'Routed'],
      ['route', 'cluster-3', 'Routed'],
    ]);
    expect(trace[2]?.because).toBe('GlobalTrafficPolicy foo of this cluster says FailOver');
    expect(trace.at(-2)?.because).toBe('tier 1, used first; weight 100 of 100; the own cluster');
    expect(trace.at(-1)?.because).toBe(
      'tier 2, used when no cluster of tier 1 is healthy; weight 100 of 100; by its gateway',
    );
  });

  test('no route: it says that everybody is left out, and that no hub was here', () => {
    const trace = explainRoute({import: anImport([]), view: aView({hub: {state: 'Never'}})});
    expect(trace[0]?.because).toBe('no cluster exports it');
    expect(trace[1]?.because).toContain('no GlobalTrafficPolicy has the name of the import');
    expect(trace.map(({verdict}) => verdict)).toEqual(['ClusterSetIP', 'local-first', 'Never', 'NoRoute']);
  });

  test('for all inputs it says of every cluster what route says of it', () => {
    fc.assert(
      fc.property(routeInputs, (input) => {
        const decided = route(input);
        const trace = explainRoute(input);
        const routed = trace.filter(({verdict}) => verdict === 'Routed').map(({subject}) => subject);
        expect(routed).toEqual(decided.tiers.flat().map(({cluster}) => cluster));
        expect(trace.some(({step, verdict}) => step === 'route' && verdict === 'Stale')).toBe(decided.stale);
        for (const {cluster, reason, message} of decided.leftOut) {
          expect(trace).toContainEqual(expect.objectContaining({subject: cluster, verdict: reason, because: message}));
        }
        expect(trace.some(({verdict}) => verdict === 'NoRoute')).toBe(decided.tiers.length === 0);
        const steps = trace.map(({step}) => ORDER.indexOf(step));
        expect(steps).toEqual(steps.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('explainMerge', () => {
  test('ends with what the members hold', () => {
    const exports = [
      anExport('cluster-1', {createdAtMs: 1, ready: true}),
      anExport('cluster-2', {createdAtMs: 2, ready: false}, {ports: [{name: 'dns', port: 53, protocol: 'UDP'}]}),
    ];
    expect(explainMerge(exports).at(-1)).toEqual({
      step: 'import',
      subject: 'bar/foo',
      verdict: 'Imported',
      because: 'ready endpoints: cluster-1; TCP/80 by cluster-1 only; UDP/53 by cluster-2 only',
    });
  });

  test('no import: it ends there', () => {
    expect(explainMerge([withoutService('cluster-1')]).map(({verdict}) => verdict)).toEqual(['NoService', 'NoImport']);
  });

  test.each([
    {name: 'nobody is ready', ready: false, text: 'ready endpoints: none'},
    {name: 'nothing is known', ready: undefined, text: 'ready endpoints: not known'},
  ])('$name', ({ready, text}) => {
    const trace = explainMerge([anExport('cluster-1', ready === undefined ? {} : {ready})]);
    expect(trace.at(-1)?.because).toBe(text);
  });

  test('for all exports it has the type that the guard lets the import have, and its conflict', () => {
    fc.assert(
      fc.property(memberExports, fc.constantFrom('Headless' as const, 'ClusterSetIP' as const), (exports, type) => {
        const existing = {type, consumed: undefined};
        const {import: merged, verdicts} = guardTypeFlip(merge(exports), existing);
        fc.pre(merged !== undefined);
        const told = explainMerge(exports, existing).filter(({step}) => step === 'merge');
        expect(told[0]?.verdict).toBe(merged?.type);
        const conflicts = [...verdicts.values()][0]?.conflicts ?? [];
        expect(told.slice(1).map(({verdict, because}) => [verdict, because])).toEqual(
          conflicts.map(({reason, message}) => [reason, message]),
        );
      }),
    );
  });

  test('an age that is not what the object says, an export for some only, and one that is held back say so', () => {
    const flomesh = {rules: [], targetClusters: ['cluster-2']};
    const exports = [
      anExport('cluster-1', {createdAtMs: 2, claimedAtMs: 1, flomesh}),
      anExport('cluster-2', {createdAtMs: 3, heldBack: true}),
    ];
    const [capped, held] = explainMerge(exports).map(({because}) => because);
    expect(capped).toContain(
      'says that it was created 1970-01-01T00:00:00.001Z, counts as of 1970-01-01T00:00:00.002Z',
    );
    expect(capped).toContain(', for cluster-2 only, the oldest valid export');
    expect(held).toContain('Its deletion is held back (MassDeletion)');
  });

  test('for all exports it names every cluster with the verdict of merge, and every conflict', () => {
    fc.assert(
      fc.property(memberExports, (exports) => {
        const trace = explainMerge(exports);
        const {verdicts} = merge(exports);
        for (const {cluster, valid, conflicts} of verdicts.values()) {
          expect(trace).toContainEqual(
            expect.objectContaining({step: 'export', subject: cluster, verdict: valid.reason}),
          );
          for (const {reason, message} of merge(exports).import === undefined ? [] : conflicts) {
            expect(trace).toContainEqual(expect.objectContaining({verdict: reason, because: message}));
          }
        }
      }),
    );
  });
});

describe('explain: one trace for one service and one asking cluster', () => {
  const exports = [anExport('cluster-1', {createdAtMs: 1}), anExport('cluster-3', {createdAtMs: 2}, {headless: true})];
  const input = {import: anImport(['cluster-1', 'cluster-3']), view: aView()};

  test('exports and who won, then the import, the policy, and the route', () => {
    const steps = explain({exports, route: input}).map(({step, subject, verdict}) => `${step} ${subject} ${verdict}`);
    expect(steps).toEqual([
      'export cluster-1 Valid',
      'export cluster-3 Valid',
      'merge bar/foo ClusterSetIP',
      'merge bar/foo TypeConflict',
      'import bar/foo Imported',
      'import bar/foo ClusterSetIP',
      'policy bar/foo local-first',
      'route cluster-1 Routed',
      'route cluster-3 Routed',
    ]);
    expect(explain({exports})).toEqual(explainMerge(exports));
    expect(explain({route: input})).toEqual(explainRoute(input));
  });

  test('a cluster that suspects itself says so where health is told', () => {
    const trace = explainRoute({...input, view: {...input.view, suspectsItself: true}});
    expect(trace.filter(({step}) => step === 'health')).toMatchObject([
      {subject: input.view.clusterId, verdict: 'SuspectsItself'},
    ]);
  });

  test('a cluster under drain, a direct one, and the hub that is not heard', () => {
    const clusters = [
      aCluster('cluster-1', {drainShare: 0.25, network: 'n'}),
      aCluster('cluster-2', {network: 'n'}),
      aCluster('cluster-3'),
    ];
    const view = aView({clusters, hub: {state: 'Expired', observedMs: 0}});
    const trace = explainRoute({import: anImport(['cluster-1', 'cluster-3'], {sliceClusters: ['cluster-1']}), view});
    expect(trace.filter(({step}) => step === 'health')).toEqual([
      {
        step: 'health',
        subject: 'hub',
        verdict: 'Expired',
        because: 'no heartbeat since 1970-01-01T00:00:00.000Z: membership stays as it was',
      },
    ]);
    expect(trace.find(({subject}) => subject === 'cluster-1')?.because).toBe(
      "tier 1, used first; weight 3 of 7; at its pods' addresses; 25% of it drained",
    );
  });

  test('an export whose time can not be read breaks no explanation', () => {
    const odd = [anExport('cluster-1', {createdAtMs: Number.MAX_SAFE_INTEGER})];
    expect(explain({exports: odd})[0]?.because).toContain('created at a time that can not be read');
  });

  test('as text: two lines a step, and no control character of a remote text', () => {
    const because = 'line\u001b[31m\nbreak';
    expect(
      formatTrace([{step: 'route', subject: 'a', verdict: 'Routed', because}, ...explain({exports}).slice(0, 1)]),
    ).toBe(
      'route   a: Routed\n        because line [31m break\n' +
        'export  cluster-1: Valid\n' +
        '        because Service bar/foo is exported. multicluster.x-k8s.io, created 1970-01-01T00:00:00.001Z, the oldest valid export',
    );
  });
});
