import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {conflictCondition} from '../../src/clusterset/conflict-condition.ts';
import {merge} from '../../src/clusterset/merge.ts';
import {guardTypeFlip, judgeTypeFlip} from '../../src/clusterset/type-flip.ts';
import type {TypeFlip} from '../../src/clusterset/type-flip.ts';
import {memberExports} from './arbitraries.ts';
import {anExport} from './fixtures.ts';

const flip: TypeFlip = {before: 'ClusterSetIP', after: 'Headless', consumed: true, allowed: undefined};

describe('whether an import may turn from ClusterSetIP into Headless or back', () => {
  test.each<{name: string; over: Partial<TypeFlip>; verdict: string; type: string; reason: string}>([
    {
      name: 'a new import has any type',
      over: {before: undefined},
      verdict: 'Unchanged',
      type: 'Headless',
      reason: 'New',
    },
    {name: 'no flip', over: {after: 'ClusterSetIP'}, verdict: 'Unchanged', type: 'ClusterSetIP', reason: 'Same'},
    {name: 'nobody uses it', over: {consumed: false}, verdict: 'Flipped', type: 'Headless', reason: 'NotConsumed'},
    {name: 'it is in use', over: {}, verdict: 'Kept', type: 'ClusterSetIP', reason: 'Consumed'},
    {
      name: 'not known is not nobody',
      over: {consumed: undefined},
      verdict: 'Kept',
      type: 'ClusterSetIP',
      reason: 'Consumed',
    },
    {
      name: 'the annotation names the new type',
      over: {allowed: 'Headless'},
      verdict: 'Flipped',
      type: 'Headless',
      reason: 'Allowed',
    },
    {
      name: 'an annotation of an earlier flip is none for this',
      over: {allowed: 'ClusterSetIP'},
      verdict: 'Kept',
      type: 'ClusterSetIP',
      reason: 'Consumed',
    },
    {
      name: 'the way back',
      over: {before: 'Headless', after: 'ClusterSetIP'},
      verdict: 'Kept',
      type: 'Headless',
      reason: 'Consumed',
    },
  ])('$name', ({over, verdict, type, reason}) => {
    expect(judgeTypeFlip({...flip, ...over})).toMatchObject({verdict, type, reason});
  });

  const headless = (over = {}) =>
    merge([
      anExport('cluster-1', over, {headless: true, sessionAffinity: 'ClientIP'}),
      anExport('cluster-3', {createdAtMs: 9_000}, {headless: true}),
    ]);

  test('kept: the import stays what it is, and every export hears how to go on', () => {
    const {import: kept, verdicts} = guardTypeFlip(headless(), {type: 'ClusterSetIP', consumed: true});
    expect(kept).toMatchObject({type: 'ClusterSetIP', sessionAffinity: 'None', clusters: ['cluster-1', 'cluster-3']});
    for (const cluster of ['cluster-1', 'cluster-3']) {
      expect(verdicts.get(cluster)?.conflicts).toEqual([
        {
          reason: 'TypeConflict',
          message:
            'Conflicting type. Keeping "ClusterSetIP" of the import, which is in use; the oldest service export says "Headless".' +
            ' To change it, annotate that export with isthmus.dev/allow-type-change: Headless.',
        },
      ]);
    }
  });

  test('kept Headless has no session affinity', () => {
    const result = guardTypeFlip(merge([anExport('cluster-1')]), {type: 'Headless', consumed: undefined});
    expect(result.import?.type).toBe('Headless');
    expect(result.import).not.toHaveProperty('sessionAffinity');
  });

  test('the annotation of the export that decides lets it through, one of another export does not', () => {
    const existing = {type: 'ClusterSetIP', consumed: true} as const;
    expect(guardTypeFlip(headless({allowTypeChange: 'Headless'}), existing).import?.type).toBe('Headless');
    const younger = merge([
      anExport('cluster-1', {}, {headless: true}),
      anExport('cluster-3', {createdAtMs: 9_000, allowTypeChange: 'Headless'}, {headless: true}),
    ]);
    expect(guardTypeFlip(younger, existing).import?.type).toBe('ClusterSetIP');
  });

  test('a TypeConflict is said once, and without an import there is nothing to keep', () => {
    const mixed = merge([anExport('a', {}, {headless: true}), anExport('b', {createdAtMs: 9_000})]);
    const guarded = guardTypeFlip(mixed, {type: 'ClusterSetIP', consumed: true});
    expect(guarded.verdicts.get('a')?.conflicts.map(({reason}) => reason)).toEqual(['TypeConflict']);
    expect(guardTypeFlip(merge([]), {type: 'Headless', consumed: true}).import).toBeUndefined();
  });

  test('for all exports: a consumed import never changes its type by itself, and nothing else of it changes', () => {
    fc.assert(
      fc.property(memberExports, fc.constantFrom('ClusterSetIP' as const, 'Headless' as const), (exports, type) => {
        const result = merge(exports);
        const guarded = guardTypeFlip(result, {type, consumed: true});
        if (result.import === undefined) {
          expect(guarded).toBe(result);
          return;
        }
        expect(guarded.import?.type).toBe(type);
        const {ports, clusters, portClusters, ipFamilies, labels} = result.import;
        expect(guarded.import).toMatchObject({ports, clusters, portClusters, ipFamilies, labels});
        expect([...guarded.verdicts.keys()]).toEqual([...result.verdicts.keys()]);
      }),
    );
  });
});

describe('the condition Conflict (KEP-1645)', () => {
  test('several at once: reasons joined by commas without a space, each once', () => {
    const condition = conflictCondition([
      {reason: 'PortConflict', message: 'One.'},
      {reason: 'TypeConflict', message: 'Two.'},
      {reason: 'TypeConflict', message: 'Three.'},
    ]);
    expect(condition).toEqual({
      type: 'Conflict',
      status: 'True',
      reason: 'PortConflict,TypeConflict',
      message: 'One. Two. Three.',
    });
  });

  test('none: NoConflicts', () => {
    expect(conflictCondition([])).toMatchObject({status: 'False', reason: 'NoConflicts'});
  });

  test('for all exports an API server would take it', () => {
    fc.assert(
      fc.property(memberExports, (exports) => {
        for (const {conflicts} of merge(exports).verdicts.values()) {
          const {reason, message} = conflictCondition(conflicts);
          expect(reason).toMatch(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/);
          expect(reason.length).toBeLessThanOrEqual(1_024);
          expect(message.length).toBeLessThanOrEqual(32_768);
        }
      }),
    );
    const huge = conflictCondition([{reason: 'PortConflict', message: 'x'.repeat(100_000)}]);
    expect(huge.message.length).toBeLessThanOrEqual(32_768);
  });
});
