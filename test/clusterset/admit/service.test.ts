import {describe, expect, test} from 'vitest';

import type {Service} from '../../../src/api/kinds.ts';
import {admitServiceChange} from '../../../src/clusterset/admit/service.ts';
import {anImport, aView} from '../fixtures.ts';

const metadata = {namespace: 'bar', name: 'foo'};

function service(spec: Service['spec'] = {}): Service {
  const ports = [{name: 'http', port: 80, protocol: 'TCP' as const}];
  return {apiVersion: 'v1', kind: 'Service', metadata, spec: {clusterIP: '10.96.0.7', ports, ...spec}};
}

describe('a change of an exported Service (warnings only, design §8)', () => {
  const view = (clusters: readonly string[], over = {}, exported = true) =>
    aView({
      exports: new Map(exported ? [['bar/foo', {...metadata, groups: [], createdAtMs: 0}]] : []),
      imports: [anImport(clusters, over)],
    });
  const both = ['cluster-1', 'cluster-2'];
  const cases = [
    {name: 'nothing that matters', object: service({sessionAffinity: 'ClientIP'}), of: view(both), says: undefined},
    {name: 'one that is not exported', object: undefined, of: view(both, {}, false), says: undefined},
    {name: 'one that is no part of the import', object: undefined, of: view(['cluster-1']), says: undefined},
    {
      name: 'the last one is deleted',
      object: undefined,
      of: view(['cluster-2']),
      says: 'becomes Valid=False, NoService, and its import is deleted in every cluster',
    },
    {
      name: 'one of several is deleted',
      object: undefined,
      of: view(both),
      says: 'NoService, and cluster-1 serve it alone',
    },
    {
      name: 'it becomes an ExternalName',
      object: service({type: 'ExternalName'}),
      of: view(both),
      says: 'InvalidServiceType',
    },
    {
      name: 'it is made anew as headless',
      object: service({clusterIP: 'None'}),
      of: view(both),
      says: 'stays so while it is in use (TypeConflict): to change it, annotate the ServiceExport with isthmus.dev/allow-type-change: Headless',
    },
    {
      name: 'a port goes that others serve',
      object: service({ports: []}),
      of: view(both),
      says: 'only cluster-1 serves it then',
    },
    {
      name: 'a port goes that nobody else serves',
      object: service({ports: []}),
      of: view(both, {portClusters: {'TCP/80': ['cluster-2']}}),
      says: 'no other cluster serves it',
    },
  ];
  test.each(cases)('$name', ({object, of, says}) => {
    const {allowed, warnings} = admitServiceChange(object, service(), of);
    expect(allowed).toBe(true);
    expect(warnings.map(({message}) => message).join('\n')).toContain(says ?? '');
    expect(warnings.length).toBe(says === undefined ? 0 : 1);
  });
});
