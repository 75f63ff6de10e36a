import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import type {ExportPolicy, ImportPolicy} from '../../src/api/kinds.ts';
import {acceptedSources, withAcceptedOnly} from '../../src/clusterset/accepted-sources.ts';
import type {MemberExport} from '../../src/clusterset/member-export.ts';
import {merge} from '../../src/clusterset/merge.ts';
import {narrowExports} from '../../src/clusterset/narrow-exports.ts';
import type {NarrowingFacts} from '../../src/clusterset/narrow-exports.ts';
import {route} from '../../src/clusterset/route.ts';
import {aCluster, anExport, anExportPolicy, anImport, anImportPolicy, aView, withoutService} from './fixtures.ts';

const FROM_HUB = {labels: {'app.kubernetes.io/managed-by': 'isthmus-hub'}};

function facts(policies: readonly ExportPolicy[], over: Partial<NarrowingFacts> = {}): NarrowingFacts {
  return {
    policies: new Map(policies.map((policy) => [policy.metadata.name, policy])),
    clusters: new Map(),
    labelsOf: () => ({namespaceLabels: {}, serviceLabels: {}}),
    ...over,
  };
}

function forbidden(exports: readonly MemberExport[], of: NarrowingFacts): Record<string, string | undefined> {
  return Object.fromEntries(narrowExports(exports, of).exports.map((e) => [e.cluster, e.notAllowed]));
}

const allowFoo = {name: 'foo', action: 'Allow', services: ['foo']} as const;

describe('ExportPolicies of the hub, at sync', () => {
  const exports = [anExport('cluster-1', {createdAtMs: 2}), anExport('cluster-3', {createdAtMs: 1})];

  test('without any policy every export counts', () => {
    expect(narrowExports(exports, facts([]))).toEqual({exports, found: new Map()});
  });

  test('what a webhook that was down let in is refused here, with the sentence of the policy', () => {
    const rules = [{name: 'none', action: 'Deny' as const}];
    const after = forbidden(exports, facts([anExportPolicy('p', {rules})]));
    expect(after['cluster-1']).toContain('ExportPolicy p, rule none');
    const {import: merged, verdicts} = merge(narrowExports(exports, facts([anExportPolicy('p', {rules})])).exports);
    expect(merged).toBeUndefined();
    expect(verdicts.get('cluster-1')?.valid).toMatchObject({status: 'False', reason: 'NotAllowed'});
  });

  test('exclusive: the oldest export counts, the later ones are refused', () => {
    const policy = anExportPolicy('p', {rules: [{...allowFoo, exclusive: true}]});
    const after = forbidden(exports, facts([policy]));
    expect(after['cluster-3']).toBeUndefined();
    expect(after['cluster-1']).toContain('by one cluster only, and cluster-3 exports it');
  });

  test('exclusive: an export without a Service keeps nobody out', () => {
    const policy = anExportPolicy('p', {rules: [{...allowFoo, exclusive: true}]});
    const after = forbidden([withoutService('cluster-0', {createdAtMs: 0}), ...exports], facts([policy]));
    expect(after['cluster-3']).toBeUndefined();
  });

  test('what the member itself forbids stays forbidden, in its own words, whatever the hub says', () => {
    const own = [anExport('cluster-1', {notAllowed: 'its own policy'})];
    for (const action of ['Allow', 'Deny'] as const) {
      const policy = anExportPolicy('p', {rules: [{...allowFoo, action}]});
      expect(forbidden(own, facts([policy]))['cluster-1']).toBe('its own policy');
    }
  });

  test('Warn and Audit are told and refuse nothing', () => {
    const rules = [{name: 'none', action: 'Deny' as const}];
    const policies = [
      anExportPolicy('w', {enforcement: 'Warn', rules}),
      anExportPolicy('a', {enforcement: 'Audit', rules}),
    ];
    const narrowed = narrowExports(exports, facts(policies));
    expect(narrowed.exports).toEqual(exports);
    expect(narrowed.found.get('cluster-1')).toMatchObject({warnings: [{rule: 'none'}], audits: [{rule: 'none'}]});
  });

  test('a default of Deny asks for a rule that allows', () => {
    const deny = {defaultPolicy: 'Deny' as const};
    expect(forbidden(exports, facts([], deny))['cluster-1']).toContain('no ExportPolicy allows to export bar/foo');
    expect(forbidden(exports, facts([anExportPolicy('p', {rules: [allowFoo]})], deny))['cluster-1']).toBeUndefined();
    const other = anExportPolicy('p', {rules: [{...allowFoo, services: ['x']}]});
    expect(forbidden(exports, facts([other], deny))['cluster-1']).toContain('have a rule with action Allow added');
  });

  test('a condition knows the exporting cluster, and says so when it fails', () => {
    const clusters = new Map([['cluster-1', aCluster('cluster-1', {region: 'eu'})]]);
    const policy = (cel: string) => anExportPolicy('p', {rules: [{name: 'eu', action: 'Deny', cel}]});
    const inEurope = forbidden(exports, facts([policy('cluster.region == "eu"')], {clusters}));
    expect(Object.keys(inEurope).filter((id) => inEurope[id] !== undefined)).toEqual(['cluster-1']);
    const failing = forbidden(exports, facts([policy('service.metadata.labels["team"] == "x"')], {clusters}));
    expect(failing['cluster-3']).toContain('its condition could not be evaluated (no such key: team)');
  });

  test('a condition that costs too much forbids, and ends', () => {
    const cel = 'targetClusters.all(a, targetClusters.all(b, a != "" && b != ""))';
    const policy = anExportPolicy('p', {rules: [{name: 'slow', action: 'Allow', cel}]});
    const targetClusters = Array.from({length: 1_000}, (_, at) => `cluster-${at}`);
    const after = forbidden([anExport('cluster-1', {flomesh: {rules: [], targetClusters}})], facts([policy]));
    expect(after['cluster-1']).toContain('actual cost limit exceeded');
  });
});

describe('ImportPolicies of the hub and of the cluster combine by narrowing', () => {
  const imported = anImport(['cluster-1', 'cluster-2', 'cluster-3'], {
    readyClusters: ['cluster-1', 'cluster-3'],
    portClusters: {'TCP/80': ['cluster-1']},
    slices: [{sourceCluster: 'cluster-1', addressType: 'IPv4', endpoints: [], ports: []}],
    sliceClusters: ['cluster-1', 'cluster-3'],
  });
  const deny = (source: string) => ({
    rules: [{name: 'no', action: 'Deny' as const, sourceClusters: [source]}],
  });
  const hubs: ImportPolicy = {
    ...anImportPolicy('isthmus-hub.border', deny('cluster-1')),
    metadata: {name: 'isthmus-hub.border', annotations: {'isthmus.dev/policy-for': 'border'}, ...FROM_HUB},
  };

  test('one that refuses is enough, and it is told whose it is', () => {
    const view = aView({importPolicies: [hubs, anImportPolicy('border', deny('cluster-3'))]});
    expect(acceptedSources(imported, view)).toMatchObject({
      accepted: ['cluster-2'],
      refused: [
        {cluster: 'cluster-1', message: expect.stringContaining('ImportPolicy border (of the hub), rule no') as string},
        {cluster: 'cluster-3', message: expect.stringContaining('ImportPolicy border, rule no') as string},
      ],
    });
  });

  test('nothing of a refused cluster is left, and a port that only it serves is served by nobody', () => {
    const view = aView({importPolicies: [hubs]});
    expect(withAcceptedOnly(imported, view)).toEqual({
      ...imported,
      clusters: ['cluster-2', 'cluster-3'],
      readyClusters: ['cluster-3'],
      portClusters: {'TCP/80': []},
      slices: [],
      sliceClusters: ['cluster-3'],
      refused: [{cluster: 'cluster-1', message: expect.stringContaining('of the hub')}],
    });
    expect(withAcceptedOnly(imported, aView())).toBe(imported);
  });

  test('where nobody is let in there is no address, and the reason is still known to the route', () => {
    const rules = [{name: 'nothing', action: 'Deny' as const}];
    const view = aView({importPolicies: [anImportPolicy('closed', {rules})]});
    const elsewhere = {...imported, clusters: ['cluster-1', 'cluster-3'], ips: ['10.102.0.7']};
    const accepted = withAcceptedOnly(elsewhere, view);
    expect(accepted).toMatchObject({clusters: [], ips: []});
    const {tiers, leftOut} = route({import: accepted, view});
    expect(tiers).toEqual([]);
    expect(leftOut.map(({cluster, reason}) => [cluster, reason])).toEqual([
      ['cluster-1', 'ImportPolicy'],
      ['cluster-3', 'ImportPolicy'],
    ]);
  });

  test('consumerNamespaces: each namespace gets what is for it', () => {
    const rules = [
      {name: 'shop-only', action: 'Allow' as const, consumerNamespaces: ['shop']},
      {name: 'nobody-else', action: 'Deny' as const, sourceClusters: ['cluster-1']},
    ];
    const view = aView({importPolicies: [anImportPolicy('border', {rules})]});
    expect(acceptedSources(imported, view, 'shop').accepted).toContain('cluster-1');
    expect(acceptedSources(imported, view, 'bank').accepted).not.toContain('cluster-1');
    // Somebody may, so the import itself stays.
    expect(acceptedSources(imported, view).accepted).toContain('cluster-1');
    const routed = (consumerNamespace: string) =>
      route({import: anImport(['cluster-1']), view, consumerNamespace}).tiers.length;
    expect([routed('shop'), routed('bank')]).toEqual([1, 0]);
  });

  test('a denial for one namespace is one for it alone', () => {
    const rules = [{name: 'no-bank', action: 'Deny' as const, consumerNamespaces: ['bank']}];
    const view = aView({importPolicies: [anImportPolicy('border', {rules})]});
    expect(acceptedSources(imported, view, 'bank').accepted).toEqual(['cluster-2']);
    expect(acceptedSources(imported, view, 'shop').accepted).toEqual(imported.clusters);
    expect(acceptedSources(imported, view).accepted).toEqual(imported.clusters);
  });

  test('conditions know where a service comes from; one that fails refuses', () => {
    const clusters = [
      aCluster('cluster-1', {region: 'eu'}),
      aCluster('cluster-2'),
      aCluster('cluster-3', {region: 'us'}),
    ];
    const accepted = (cel: string, action: 'Allow' | 'Deny') => {
      const view = aView({clusters, importPolicies: [anImportPolicy('p', {rules: [{name: 'a', action, cel}]})]});
      return acceptedSources(imported, view).accepted;
    };
    expect(accepted('source.region == "us"', 'Deny')).toEqual(['cluster-1', 'cluster-2']);
    expect(accepted('service.metadata.labels["x"] == "y"', 'Deny')).toEqual(['cluster-2']);
    expect(accepted('service.metadata.labels["x"] == "y"', 'Allow')).toEqual(['cluster-2']);
  });

  const rule = fc.record(
    {
      name: fc.constant('r'),
      action: fc.constantFrom('Allow' as const, 'Deny' as const),
      sourceClusters: fc.subarray(['cluster-1', 'cluster-2', 'cluster-3']),
      consumerNamespaces: fc.subarray(['shop', 'bank']),
      cel: fc.constantFrom('true', 'false', '1 +', 'source.id == "cluster-1"', 'service.metadata.labels["x"] == ""'),
    },
    {requiredKeys: ['name', 'action']},
  );
  const policy = fc.array(rule, {maxLength: 3}).map((rules) => ({rules}));

  test('for all policies: one more never lets more in, and who may not be let in as a namespace is not let in as nobody', () => {
    fc.assert(
      fc.property(fc.array(policy, {maxLength: 3}), policy, (before, added) => {
        const policies = before.map((spec, at) => anImportPolicy(`p${at}`, spec));
        const fewer = aView({importPolicies: policies});
        const more = aView({importPolicies: [...policies, anImportPolicy('z', added)]});
        for (const consumer of [undefined, 'shop', 'bank', 'other']) {
          const after = acceptedSources(imported, more, consumer).accepted;
          expect(acceptedSources(imported, fewer, consumer).accepted).toEqual(expect.arrayContaining([...after]));
          expect(after).toContain('cluster-2');
          if (consumer !== undefined) {
            expect(acceptedSources(imported, more).accepted).toEqual(expect.arrayContaining([...after]));
          }
        }
      }),
    );
  });
});
