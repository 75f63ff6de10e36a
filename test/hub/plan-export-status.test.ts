import {describe, expect, test} from 'vitest';
import type {ServiceExport} from '../../src/api/kinds.ts';
import type {Condition} from '../../src/api/meta.ts';
import type {ExportVerdict} from '../../src/clusterset/merged-import.ts';
import {exportSources, keepExport, type KeptExport} from '../../src/hub/kept-export.ts';
import {planExportStatus, type ExportSituation} from '../../src/hub/plan-export-status.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');

function kept(conditions: readonly Condition[] = []): KeptExport {
  const raw: ServiceExport = {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceExport',
    metadata: {namespace: 'bar', name: 'foo', uid: 'uid-1', generation: 2, creationTimestamp: '2026-11-21T11:00:00Z'},
    status: {conditions},
  };
  return keepExport(raw, exportSources[0]!)!;
}

function earlier(type: string, status: Condition['status'], reason: string): Condition {
  return {type, status, reason, message: '', lastTransitionTime: '2026-11-20T00:00:00Z'};
}

const valid: ExportVerdict = {
  cluster: 'cluster-1',
  valid: {status: 'True', reason: 'Valid', message: ''},
  conflicts: [],
  winner: true,
};

const base: ExportSituation = {
  object: kept(),
  verdict: valid,
  refusal: undefined,
  delivery: {state: 'Delivered'},
  complete: true,
  refusedEndpoints: [],
  nowMs: NOW_MS,
};

function conditions(change: Partial<ExportSituation>): Record<string, Condition> {
  const planned = planExportStatus({...base, ...change}) as ServiceExport;
  return Object.fromEntries((planned.status?.conditions ?? []).map((each) => [each.type, each]));
}

describe('Ready', () => {
  const ready = [earlier('Ready', 'True', 'Exported')];

  test.each<{name: string; change: Partial<ExportSituation>; want: Partial<Condition>}>([
    {
      name: 'delivered everywhere: Exported',
      change: {},
      want: {status: 'True', reason: 'Exported', message: 'Imported by every member that is synced.'},
    },
    {
      name: 'delivered to all that are written to: those that answer and are not are named, at most five',
      change: {
        delivery: {state: 'Delivered', refusing: ['a (Forbidden)', 'b (B)', 'c (C)', 'd (D)', 'e (E)', 'f (F)']},
      },
      want: {
        status: 'True',
        message:
          'Imported by every member that is synced. Not written to, though they answer: ' +
          'a (Forbidden), b (B), c (C), d (D), e (E) and 1 more.',
      },
    },
    {
      name: 'a reachable member is still to come: Pending, and it is named',
      change: {delivery: {state: 'Pending', cluster: 'cluster-2'}},
      want: {status: 'False', reason: 'Pending', message: 'Waits for cluster-2.'},
    },
    {
      name: 'a member that waits for something, as another replica says it',
      change: {delivery: {state: 'Pending', cluster: 'cluster-2', why: 'its Cluster says Forbidden: no.'}},
      want: {status: 'False', reason: 'Pending', message: 'Waits for cluster-2: its Cluster says Forbidden: no.'},
    },
    {
      name: 'what was ready stays so while a member catches up',
      change: {object: kept(ready), delivery: {state: 'Pending', cluster: 'cluster-2'}},
      want: {status: 'True', reason: 'Exported', lastTransitionTime: '2026-11-20T00:00:00Z'},
    },
    {
      name: 'a member refuses the import: Failed, although it was ready',
      change: {object: kept(ready), delivery: {state: 'Failed', cluster: 'cluster-2', message: 'too long'}},
      want: {
        status: 'False',
        reason: 'Failed',
        message: 'cluster-2: too long',
        lastTransitionTime: '2026-11-21T12:00:00Z',
      },
    },
    {
      name: 'no Service: Pending',
      change: {verdict: {...valid, valid: {status: 'False', reason: 'NoService', message: 'create it'}}},
      want: {status: 'False', reason: 'Pending', message: 'create it'},
    },
    {
      name: 'an ExternalName: Failed',
      change: {verdict: {...valid, valid: {status: 'False', reason: 'InvalidServiceType', message: 'no'}}},
      want: {status: 'False', reason: 'Failed'},
    },
    {
      name: 'a hub that starts has not taken it up yet: what was said stays',
      change: {object: kept([...ready, earlier('Conflict', 'True', 'PortConflict')]), verdict: undefined},
      want: {status: 'True', reason: 'Exported', lastTransitionTime: '2026-11-20T00:00:00Z'},
    },
    {
      name: 'nothing was said yet, and it is not taken up: Pending',
      change: {verdict: undefined},
      want: {status: 'False', reason: 'Pending'},
    },
    {
      name: 'a protected namespace: Failed, whatever else is so',
      change: {refusal: 'protected', verdict: undefined},
      want: {status: 'False', reason: 'Failed', message: 'protected'},
    },
  ])('$name', ({change, want}) => {
    expect(conditions(change)['Ready']).toMatchObject({...want, observedGeneration: 2});
  });
});

describe('Conflict', () => {
  const conflicts = [
    {reason: 'PortConflict', message: 'Ports differ.'},
    {reason: 'TypeConflict', message: 'Types differ.'},
    {reason: 'PortConflict', message: 'More ports differ.'},
  ] as const;

  test('none: NoConflicts', () => {
    expect(conditions({})['Conflict']).toMatchObject({status: 'False', reason: 'NoConflicts'});
  });

  test('several: reasons joined by a bare comma, each once (a space is not allowed in a reason)', () => {
    expect(conditions({verdict: {...valid, conflicts}})['Conflict']).toMatchObject({
      status: 'True',
      reason: 'PortConflict,TypeConflict',
      message: 'Ports differ. Types differ. More ports differ.',
    });
  });

  test('while an exporter cannot be asked it stays as it stood', () => {
    const before = earlier('Conflict', 'True', 'TypeConflict');
    expect(conditions({object: kept([before]), complete: false})['Conflict']).toMatchObject({
      status: 'True',
      reason: 'TypeConflict',
      lastTransitionTime: before.lastTransitionTime,
    });
    expect(conditions({complete: false})).not.toHaveProperty('Conflict');
  });

  test("the agent's Valid is never written", () => {
    expect(conditions({object: kept([earlier('Valid', 'True', 'Valid')])})).not.toHaveProperty('Valid');
  });
});

test('the apply carries the uid, or it could hit an export that was made again meanwhile', () => {
  expect(planExportStatus(base).metadata).toEqual({namespace: 'bar', name: 'foo', uid: 'uid-1'});
});
