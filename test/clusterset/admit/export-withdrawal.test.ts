import {describe, expect, test} from 'vitest';

import type {FlomeshServiceExport, ServiceExport} from '../../../src/api/kinds.ts';
import {admitExportDeletion} from '../../../src/clusterset/admit/export-withdrawal.ts';
import {anImport, aView} from '../fixtures.ts';

const metadata = {namespace: 'bar', name: 'foo'};
const standard: ServiceExport = {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata};
const flomesh: FlomeshServiceExport = {
  apiVersion: 'flomesh.io/v1alpha1',
  kind: 'ServiceExport',
  metadata,
  spec: {targetClusters: ['cluster-1'], sessionSticky: true},
};

function warnings(
  object: ServiceExport | FlomeshServiceExport,
  groups: readonly string[],
  imports: Parameters<typeof anImport>[] = [],
): readonly string[] {
  const exports = new Map([['bar/foo', {...metadata, groups, createdAtMs: 0}]]);
  const admission = admitExportDeletion(object, aView({exports, imports: imports.map((each) => anImport(...each))}));
  expect(admission.allowed).toBe(true);
  return admission.warnings.map(({message}) => message);
}

describe('what the deletion of an export brings about (design §4; never refused)', () => {
  test('the flomesh object of two: what it held back opens up', () => {
    const found = warnings(flomesh, ['flomesh.io', 'multicluster.x-k8s.io'], [[['cluster-2']]]);
    expect(found).toEqual([
      'the service stays exported by its object of multicluster.x-k8s.io, to all clusters and no longer to cluster-1 only: delete that one first to end the export',
      'the service stays exported by its object of multicluster.x-k8s.io, without sessionSticky of this one',
    ]);
  });

  test('the standard object of two', () => {
    expect(warnings(standard, ['flomesh.io', 'multicluster.x-k8s.io'])[0]).toContain('without the exportedLabels');
  });

  test('one of two flomesh objects', () => {
    expect(warnings(flomesh, ['flomesh.io', 'multicluster.flomesh.io'])).toEqual([
      'the service stays exported by its object of multicluster.flomesh.io',
    ]);
  });

  test.each([
    {
      name: 'the last export of all',
      clusters: ['cluster-2'],
      ports: {},
      says: 'its import is deleted in every cluster',
    },
    {name: 'others go on', clusters: ['cluster-1', 'cluster-2'], ports: {}, says: undefined},
    {
      name: 'others go on without a port',
      clusters: ['cluster-1', 'cluster-2'],
      ports: {'TCP/80': ['cluster-2'], 'TCP/81': ['cluster-1']},
      says: 'no other cluster serves TCP/80 of bar/foo',
    },
    {
      name: 'a port that another serves too is not lost',
      clusters: ['cluster-1', 'cluster-2', 'cluster-3'],
      ports: {'TCP/80': ['cluster-2', 'cluster-3']},
      says: undefined,
    },
    {name: 'it was not part of the import', clusters: ['cluster-1'], ports: {}, says: undefined},
  ])('$name', ({clusters, ports, says}) => {
    const found = warnings(standard, ['multicluster.x-k8s.io'], [[clusters, {portClusters: ports}]]);
    if (says === undefined) expect(found).toEqual([]);
    else expect(found[0]).toContain(says);
  });

  test('an import that is not known says nothing', () => {
    expect(warnings(standard, ['multicluster.x-k8s.io'])).toEqual([]);
  });
});
