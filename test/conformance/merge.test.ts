import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {conflictCondition} from '../../src/clusterset/conflict-condition.ts';
import type {MemberExport} from '../../src/clusterset/member-export.ts';
import {merge} from '../../src/clusterset/merge.ts';
import type {MergeResult} from '../../src/clusterset/merged-import.ts';
import {memberExports} from '../clusterset/arbitraries.ts';
import {anExport, withoutService} from '../clusterset/fixtures.ts';
import {mergeVectors} from './merge-vectors.ts';
import type {VectorExport} from './merge-vectors.ts';

const NOW_MS = 1_000_000;

function toExport({cluster, age, service, over}: VectorExport): MemberExport {
  const at = {createdAtMs: NOW_MS - age * 1_000, ...over};
  return service === undefined ? withoutService(cluster, at) : anExport(cluster, at, service);
}

/** The reason of `Conflict` on every export; they must not differ. */
function reasonOf({verdicts}: MergeResult): string {
  const reasons = new Set([...verdicts.values()].map(({conflicts}) => conflictCondition(conflicts).reason));
  expect(reasons.size).toBeLessThanOrEqual(1);
  return [...reasons][0] ?? 'NoConflicts';
}

describe('KEP-1645, by its sentences', () => {
  test.each(mergeVectors)('$name', ({exports, import: expected, conflict, invalid = {}, says}) => {
    const all = exports.map(toExport);
    for (const order of [all, all.toReversed()]) {
      const result = merge(order);
      if (expected === undefined) expect(result.import).toBeUndefined();
      else expect(result.import).toMatchObject(expected);
      expect(reasonOf(result)).toBe(conflict);
      for (const {cluster, valid, conflicts} of result.verdicts.values()) {
        expect(valid.reason).toBe(invalid[cluster] ?? 'Valid');
        expect(valid.status).toBe(cluster in invalid ? 'False' : 'True');
        if (says !== undefined) expect(conflictCondition(conflicts).message).toContain(says);
      }
    }
  });
});

describe('over time', () => {
  const first = anExport('c1', {createdAtMs: 1_000});
  const second = anExport('c2', {createdAtMs: 2_000}, {headless: true});

  test('[12, 23] the import exists exactly as long as an export does', () => {
    expect(merge([first]).import).toBeDefined();
    expect(merge([]).import).toBeUndefined();
  });

  test('[13] a Service that comes late makes its export valid, with the age of the export', () => {
    const waiting = withoutService('c1', {createdAtMs: 1_000});
    expect(merge([waiting, second]).import?.type).toBe('Headless');
    expect(merge([first, second]).verdicts.get('c1')).toMatchObject({winner: true, valid: {status: 'True'}});
  });

  test('a Service that is made anew changes what it says, not who is older', () => {
    const again = anExport('c1', {createdAtMs: 1_000}, {ports: [{name: 'web', port: 8080, protocol: 'TCP'}]});
    const {import: merged, verdicts} = merge([again, second]);
    expect(verdicts.get('c1')?.winner).toBe(true);
    expect(merged?.type).toBe('ClusterSetIP');
    expect(merged?.portClusters).toEqual({'TCP/8080': ['c1'], 'TCP/80': ['c2']});
  });

  test('[35] conflicts clear by themselves as soon as the exports agree', () => {
    expect(reasonOf(merge([first, second]))).toBe('TypeConflict');
    expect(reasonOf(merge([first]))).toBe('NoConflicts');
    expect(reasonOf(merge([first, anExport('c2', {createdAtMs: 2_000})]))).toBe('NoConflicts');
  });

  test('[35] a younger export that comes or goes disturbs nothing that is served', () => {
    fc.assert(
      fc.property(memberExports, fc.boolean(), (exports, headless) => {
        const late = anExport(
          'zz',
          {createdAtMs: 9_000, exportedLabels: {z: 'z'}},
          {headless, trafficDistribution: 'X'},
        );
        const before = merge(exports).import;
        const after = merge([...exports, late]).import;
        if (before === undefined) return;
        const {ports, portClusters, clusters, ipFamilies, groups, readyClusters, ...kept} = before;
        expect(after).toMatchObject(kept);
        // Ports stay, in their order, and who served one still does.
        expect(after?.ports.slice(0, ports.length)).toEqual(ports);
        for (const {protocol = 'TCP', port} of ports) {
          const key = `${protocol}/${port}`;
          const serving = after?.portClusters[key] ?? after?.clusters ?? [];
          expect(serving).toEqual(expect.arrayContaining([...(portClusters[key] ?? clusters)]));
        }
        expect(after?.ipFamilies.slice(0, ipFamilies.length)).toEqual(ipFamilies);
        expect(after?.groups).toEqual(expect.arrayContaining([...groups]));
        for (const cluster of readyClusters ?? []) expect(after?.readyClusters ?? [cluster]).toContain(cluster);
      }),
    );
  });

  test('[33] merge is independent of the order and of the moment of arrival', () => {
    const arrivals = memberExports.chain((exports) =>
      fc.tuple(fc.constant(exports), fc.shuffledSubarray(exports, {minLength: exports.length})),
    );
    fc.assert(
      fc.property(arrivals, ([exports, arriving]) => {
        // Level-triggered: whatever was merged on the way leaves no trace in the end.
        let result = merge([]);
        for (const [at] of arriving.entries()) result = merge(arriving.slice(0, at + 1));
        expect(result).toEqual(merge(exports));
      }),
    );
  });
});
