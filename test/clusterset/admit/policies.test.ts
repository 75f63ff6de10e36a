import {describe, expect, test} from 'vitest';

import type {ExportPolicy, GlobalTrafficPolicy, ImportPolicy} from '../../../src/api/kinds.ts';
import {admitExportPolicy} from '../../../src/clusterset/admit/export-policy.ts';
import {admitImportPolicy} from '../../../src/clusterset/admit/import-policy.ts';
import {admitTrafficPolicy} from '../../../src/clusterset/admit/traffic-policy.ts';
import {anExportPolicy, anImportPolicy, aTrafficPolicy, aView} from '../fixtures.ts';

describe('ExportPolicy and ImportPolicy by themselves', () => {
  type Spec = NonNullable<ExportPolicy['spec']> & NonNullable<ImportPolicy['spec']>;
  const rule = {name: 'a', action: 'Deny'} as const;
  const expressions = (operator: string, values?: string[]) => ({
    matchExpressions: [{key: 'a', operator: operator as 'In', ...(values === undefined ? {} : {values})}],
  });
  const cases: readonly {name: string; spec: Spec; fields: readonly string[]}[] = [
    {name: 'no rules', spec: {}, fields: []},
    {
      name: 'everything at once',
      spec: {enforcement: 'Warn', rules: [{...rule, namespaceSelector: expressions('In', ['x'])}]},
      fields: [],
    },
    {name: 'a condition in CEL', spec: {rules: [{...rule, cel: 'service.metadata.name == "x"'}]}, fields: []},
    {
      name: 'a condition that does not compile',
      spec: {rules: [{...rule, cel: 'service.metadata.nme == "x"'}]},
      fields: ['spec.rules[0].cel'],
    },
    {
      name: 'a condition that is none',
      spec: {rules: [{...rule, cel: 'service.metadata.name'}]},
      fields: ['spec.rules[0].cel'],
    },
    {name: 'an empty condition is one too', spec: {rules: [{...rule, cel: ''}]}, fields: ['spec.rules[0].cel']},
    {name: 'two rules of one name', spec: {rules: [rule, rule]}, fields: ['spec.rules[1].name']},
    {name: 'a name that is none', spec: {rules: [{...rule, name: 'A b'}]}, fields: ['spec.rules[0].name']},
    {
      name: 'an unknown action',
      spec: {rules: [{...rule, action: 'Maybe' as 'Deny'}]},
      fields: ['spec.rules[0].action'],
    },
    {name: 'an unknown enforcement', spec: {enforcement: 'Shout' as 'Warn'}, fields: ['spec.enforcement']},
    {
      name: 'In without values',
      spec: {rules: [{...rule, serviceSelector: expressions('In')}]},
      fields: ['spec.rules[0].serviceSelector.matchExpressions[0].values'],
    },
    {
      name: 'Exists with values',
      spec: {rules: [{...rule, serviceSelector: expressions('Exists', ['x'])}]},
      fields: ['spec.rules[0].serviceSelector.matchExpressions[0].values'],
    },
    {
      name: 'an unknown operator',
      spec: {rules: [{...rule, namespaceSelector: expressions('Like')}]},
      fields: ['spec.rules[0].namespaceSelector.matchExpressions[0].operator'],
    },
  ];
  test.each(cases)('$name', ({spec, fields}) => {
    for (const admission of [
      admitExportPolicy(anExportPolicy('p', spec)),
      admitImportPolicy(anImportPolicy('p', spec)),
    ]) {
      expect(admission.denials.map(({field}) => field)).toEqual(fields);
      expect(admission.code).toBe(fields.length === 0 ? undefined : 422);
    }
  });

  test('a policy without a spec says nothing', () => {
    expect(admitExportPolicy(anExportPolicy('p', undefined)).allowed).toBe(true);
    expect(admitImportPolicy(anImportPolicy('p', undefined)).allowed).toBe(true);
  });

  test('exclusive goes with Allow only', () => {
    const of = (action: 'Allow' | 'Deny') =>
      admitExportPolicy(anExportPolicy('p', {rules: [{name: 'a', action, exclusive: true}]}));
    expect(of('Allow').allowed).toBe(true);
    expect(of('Deny').denials.map(({field}) => field)).toEqual(['spec.rules[0].exclusive']);
  });
});

describe('GlobalTrafficPolicy (reference: FSM §3.2, and ours)', () => {
  const c1 = {clusterKey: 'cluster-1'};
  const c3 = {clusterKey: 'default/default/default/cluster-3'};
  const cases: readonly {name: string; spec: GlobalTrafficPolicy['spec']; denied?: string[]; warned?: string[]}[] = [
    {name: 'no spec is Locality', spec: undefined},
    {name: 'Locality of one', spec: {lbType: 'Locality', targets: [c1]}},
    {name: 'Locality of two', spec: {lbType: 'Locality', targets: [c1, c3]}, denied: ['spec.targets']},
    {name: 'Locality, by default, of two', spec: {targets: [c1, c3]}, denied: ['spec.targets']},
    {name: 'FailOver to one', spec: {lbType: 'FailOver', targets: [c1]}},
    {name: 'FailOver to nobody', spec: {lbType: 'FailOver', targets: []}, denied: ['spec.targets']},
    {name: 'ActiveActive without targets is meant so', spec: {lbType: 'ActiveActive'}},
    {name: 'weight 0 drains', spec: {lbType: 'ActiveActive', targets: [{...c1, weight: 0}, c3]}},
    {
      name: 'a negative weight',
      spec: {lbType: 'ActiveActive', targets: [{...c1, weight: -1}, c3]},
      denied: ['spec.targets[0].weight'],
    },
    {
      name: 'a negative weight under another type',
      spec: {lbType: 'FailOver', targets: [{...c1, weight: -1}, c3]},
      denied: ['spec.targets[0].weight'],
    },
    {
      name: 'a negative priority',
      spec: {lbType: 'FailOver', targets: [{...c1, priority: -1}]},
      denied: ['spec.targets[0].priority'],
    },
    {name: 'a cluster twice', spec: {lbType: 'FailOver', targets: [c1, c1]}, denied: ['spec.targets[1].clusterKey']},
    {
      name: 'a cluster twice, once by its long key',
      spec: {lbType: 'FailOver', targets: [c3, {clusterKey: 'cluster-3'}]},
      denied: ['spec.targets[1].clusterKey'],
    },
    {
      name: 'no cluster',
      spec: {lbType: 'FailOver', targets: [{clusterKey: ''}]},
      denied: ['spec.targets[0].clusterKey'],
      warned: ['spec.targets[0].clusterKey'],
    },
    {name: 'an unknown type', spec: {lbType: 'Random' as 'Locality'}, denied: ['spec.lbType']},
    {
      name: 'V12: an unknown cluster is a warning',
      spec: {lbType: 'ActiveActive', targets: [{clusterKey: 'cluster-9'}]},
      warned: ['spec.targets[0].clusterKey'],
    },
    {
      name: 'a long key of another place is a warning',
      spec: {lbType: 'FailOver', targets: [{clusterKey: 'eu/a/b/cluster-1'}]},
      warned: ['spec.targets[0].clusterKey'],
    },
    {name: 'the own cluster may be named', spec: {lbType: 'ActiveActive', targets: [{clusterKey: 'cluster-2'}, c1]}},
    {
      name: 'all weights 0 is a warning',
      spec: {lbType: 'ActiveActive', targets: [{...c1, weight: 0}]},
      warned: ['spec.targets'],
    },
    {
      name: 'all weights 0, the own one too',
      spec: {lbType: 'ActiveActive', targets: [{clusterKey: 'cluster-2', weight: 0}]},
      warned: ['spec.targets'],
    },
  ];
  test.each(cases)('$name', ({spec, denied = [], warned = []}) => {
    const {allowed, code, denials, warnings} = admitTrafficPolicy(aTrafficPolicy(spec), aView());
    expect(denials.map(({field}) => field)).toEqual(denied);
    expect(warnings.map(({field}) => field)).toEqual(warned);
    expect([allowed, code]).toEqual(denied.length === 0 ? [true, undefined] : [false, 422]);
  });

  test('all weights 0: it says whether the own cluster is left', () => {
    const warned = (spec: GlobalTrafficPolicy['spec']) =>
      admitTrafficPolicy(aTrafficPolicy(spec), aView()).warnings[0]?.message;
    const nothing = {...c1, weight: 0};
    expect(warned({lbType: 'ActiveActive', targets: [nothing]})).toContain(
      'so nobody but the own cluster gets traffic',
    );
    expect(warned({lbType: 'Locality', targets: [nothing]})).toContain('so nobody gets traffic');
    const own = {clusterKey: 'cluster-2', weight: 0};
    expect(warned({lbType: 'ActiveActive', targets: [own, nothing]})).toContain('so nobody gets traffic');
  });

  test('the own cluster may be named before the hub has told of it', () => {
    const policy = aTrafficPolicy({lbType: 'Locality', targets: [{clusterKey: 'cluster-2'}]});
    expect(admitTrafficPolicy(policy, aView({clusters: []})).warnings).toEqual([]);
  });
});
