import {afterEach, expect, test, vi} from 'vitest';
import {startReconciler} from '../../../src/dev/controllers/reconciler.ts';
import {memoryCluster, namespace, silent} from './memory-cluster.ts';

const NAMESPACES = {group: '', plural: 'namespaces'};
const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function start(reconcile: (key: string) => void) {
  const cluster = memoryCluster();
  const keysOf = (): string[] => ['key'];
  stops.push(startReconciler(cluster.api, {name: 'test', logger: silent, keysOf, reconcile}));
  return cluster;
}

test('many changes of one turn are one look', async () => {
  const reconcile = vi.fn();
  const {api} = start(reconcile);
  for (const name of ['a', 'b', 'c']) api.create(NAMESPACES, namespace(name));
  expect(reconcile).not.toHaveBeenCalled();
  await nextTurn();
  expect(reconcile).toHaveBeenCalledTimes(1);
});

test('a failure is tried again and does not stop the others', async () => {
  let failures = 2;
  const done = new Promise<void>((resolve) => {
    const {api} = start(() => {
      if (failures-- > 0) throw new Error('not yet');
      resolve();
    });
    api.create(NAMESPACES, namespace('a'));
  });
  await done;
  expect(failures).toBe(-1);
});

test('once stopped it looks at nothing, not even at what was marked', async () => {
  const reconcile = vi.fn();
  const {api} = start(reconcile);
  api.create(NAMESPACES, namespace('a'));
  for (const stop of stops.splice(0)) stop();
  api.create(NAMESPACES, namespace('b'));
  await nextTurn();
  expect(reconcile).not.toHaveBeenCalled();
});

test('nothing is scheduled while nothing changes', async () => {
  start(() => undefined);
  await nextTurn();
  expect(process.getActiveResourcesInfo()).not.toContain('Immediate');
});
