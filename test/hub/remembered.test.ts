import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {ServiceImport} from '../../src/api/kinds.ts';
import type {ExportedPort, MemberExport} from '../../src/clusterset/member-export.ts';
import {merge} from '../../src/clusterset/merge.ts';
import type {MergedImport} from '../../src/clusterset/merged-import.ts';
import {planImport} from '../../src/hub/plan-import.ts';
import {inRememberedOrder, rememberExports} from '../../src/hub/remembered-export.ts';
import {memberExports} from '../clusterset/arbitraries.ts';
import {anExport} from '../clusterset/fixtures.ts';

function mergedOf(...exports: Parameters<typeof merge>[0]): MergedImport {
  const {import: merged} = merge(exports);
  if (merged === undefined) throw new Error('these exports make no import');
  return merged;
}

function rememberExport(stored: ServiceImport, cluster: string): MemberExport {
  return rememberExports(stored, [cluster])[0] as MemberExport;
}

describe('an import whose exporters can not all be asked', () => {
  /** As a hub finds it that starts: younger than all exports of its name, as imports of a member are that joined late. */
  function storedOf(merged: MergedImport): ServiceImport {
    const plan = planImport({
      ...{merged, actual: undefined, namespace: 'Present', createNamespaces: true, written: false, hasSlices: false},
    });
    if (plan.do !== 'write') throw new Error('an import that is merged is written');
    const {metadata, ...rest} = plan.object;
    return {...rest, metadata: {...metadata, creationTimestamp: '2030-01-01T00:00:00Z'}};
  }

  test('the export that decides goes on deciding, whoever of the exporters is only remembered', () => {
    const old = anExport('cluster-2', {createdAtMs: 1_000}, {sessionAffinity: 'ClientIP'});
    const young = anExport('cluster-1', {createdAtMs: 2_000}, {ports: [{name: 'alt', port: 81, protocol: 'TCP'}]});
    const merged = mergedOf(old, young);
    const stored = storedOf(merged);
    for (const exports of [
      [rememberExport(stored, 'cluster-2'), young],
      [old, rememberExport(stored, 'cluster-1')],
      [rememberExport(stored, 'cluster-1'), rememberExport(stored, 'cluster-2')],
    ]) {
      expect(mergedOf(...exports)).toMatchObject({
        sessionAffinity: 'ClientIP',
        ports: merged.ports,
        oldest: merged.oldest,
      });
    }
  });

  test('without a word about who decided, the import tells the age of all of them', () => {
    const stored = storedOf(mergedOf(anExport('cluster-1')));
    expect(rememberExport(stored, 'cluster-1').createdAtMs).toBe(Date.parse('2030-01-01T00:00:00Z'));
  });

  test('ports stay in the order that they have, new ones come last', () => {
    const port = (number: number): ExportedPort => ({name: `p-${number}`, port: number, protocol: 'TCP'});
    const exports = [81, 80, 82].map((number, i) => anExport(`cluster-${i}`, {}, {ports: [port(number)]}));
    const merged = mergedOf(...exports);
    const actual = storedOf(mergedOf(anExport('cluster-8', {}, {ports: [port(80), port(81)]})));
    const ordered = inRememberedOrder(merged, actual);
    expect(ordered.ports.map((each) => each.port)).toEqual([80, 81, 82]);
    expect(Object.keys(ordered.portClusters)).toEqual(['TCP/80', 'TCP/81', 'TCP/82']);
    expect(inRememberedOrder(merged, undefined).ports).toEqual(merged.ports);
  });

  test('any exports, any of them remembered: nothing of the import changes but what is not written', () => {
    fc.assert(
      fc.property(memberExports, fc.array(fc.boolean(), {minLength: 10, maxLength: 10}), (exports, isAsked) => {
        const {import: merged} = merge(exports);
        if (merged === undefined) return;
        const stored = storedOf(merged);
        const mixed = merged.clusters.map((cluster, i) =>
          isAsked[i] === true
            ? (exports.find((each) => each.cluster === cluster) ?? anExport(cluster))
            : rememberExport(stored, cluster),
        );
        const {ipFamilies: _, groups: __, ignoreDrain: ___, allowTypeChange: ____, oldest: _____, ...rest} = merged;
        expect(inRememberedOrder(mergedOf(...mixed), stored)).toMatchObject(rest);
      }),
      {numRuns: 300},
    );
  });
});
