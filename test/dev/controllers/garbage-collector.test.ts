import {afterEach, beforeEach, expect, test} from 'vitest';
import {startGarbageCollector} from '../../../src/dev/controllers/garbage-collector.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {configMap, memoryCluster, namespace, settled, silent} from './memory-cluster.ts';
import type {MemoryCluster} from './memory-cluster.ts';

const MAPS = {group: '', plural: 'configmaps'};

let cluster: MemoryCluster;
let stop: () => void;

beforeEach(() => {
  cluster = memoryCluster();
  for (const name of ['bar', 'other']) cluster.api.create({group: '', plural: 'namespaces'}, namespace(name));
  stop = startGarbageCollector(cluster.api, {logger: silent});
});
afterEach(() => stop());

function owner(name: string, metadata: JsonObject = {}): JsonObject {
  return cluster.api.create(MAPS, configMap(name, metadata));
}

function reference(to: JsonObject, fields: JsonObject = {}): JsonObject {
  const {name, uid} = to['metadata'] as JsonObject;
  return {apiVersion: 'v1', kind: 'ConfigMap', name, uid, ...fields};
}

function dependent(name: string, ...ownerReferences: JsonObject[]): void {
  cluster.api.create(MAPS, configMap(name, {ownerReferences}));
}

function exists(name: string): boolean {
  return cluster.api.get(MAPS, 'bar', name) !== undefined;
}

/** Takes the finalizers away that hold an object. */
function release(name: string): void {
  const live = cluster.api.get(MAPS, 'bar', name) as JsonObject;
  const {finalizers: _finalizers, ...metadata} = live['metadata'] as JsonObject;
  cluster.api.update(MAPS, {...live, metadata});
}

/** Deletes as a client does that names a propagation policy: the server adds the finalizer. */
function deleteWith(policy: 'Foreground' | 'Orphan', name: string): void {
  cluster.api.delete(MAPS, 'bar', name, policy);
}

test('with the owner its dependents go, and theirs', async () => {
  const top = owner('top');
  dependent('middle', reference(top));
  dependent('bottom', reference(cluster.api.get(MAPS, 'bar', 'middle') as JsonObject));
  await settled(cluster);
  expect(exists('bottom')).toBe(true);
  cluster.api.delete(MAPS, 'bar', 'top');
  await settled(cluster);
  expect([exists('middle'), exists('bottom')]).toEqual([false, false]);
});

test('an owner that never was', async () => {
  dependent('lost', {apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'no-such-uid'});
  expect(exists('lost')).toBe(true);
  await settled(cluster);
  expect(exists('lost')).toBe(false);
});

test('an owner of the same name but another uid is not the owner', async () => {
  const first = owner('top');
  cluster.api.delete(MAPS, 'bar', 'top');
  owner('top');
  dependent('heir', reference(first));
  await settled(cluster);
  expect(exists('heir')).toBe(false);
});

test('an owner in another namespace counts as absent', async () => {
  const foreign = cluster.api.create(MAPS, configMap('top', {namespace: 'other'}));
  dependent('stray', reference(foreign));
  await settled(cluster);
  expect(exists('stray')).toBe(false);
});

test('an owner of a kind that is not served counts as there', async () => {
  dependent('unknown', {apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'no-such-uid'});
  await settled(cluster);
  expect(exists('unknown')).toBe(true);
});

test('one living owner is enough; the reference to the dead one goes', async () => {
  const [a, b] = [owner('a'), owner('b')];
  dependent('shared', reference(a), reference(b));
  cluster.api.delete(MAPS, 'bar', 'a');
  await settled(cluster);
  expect(cluster.api.get(MAPS, 'bar', 'shared')).toMatchObject({metadata: {ownerReferences: [reference(b)]}});
});

test('foreground: the owner waits for its blocking dependents', async () => {
  const top = owner('top');
  cluster.api.create(
    MAPS,
    configMap('blocking', {
      finalizers: ['example.dev/x'],
      ownerReferences: [reference(top, {blockOwnerDeletion: true})],
    }),
  );
  deleteWith('Foreground', 'top');
  await settled(cluster);
  expect(cluster.api.get(MAPS, 'bar', 'blocking')).toMatchObject({
    metadata: {deletionTimestamp: expect.any(String) as string},
  });
  expect(exists('top')).toBe(true);
  release('blocking');
  await settled(cluster);
  expect([exists('blocking'), exists('top')]).toEqual([false, false]);
});

test('foreground: what is deleted for its owner and owns something itself waits, too', async () => {
  const top = owner('top');
  dependent('middle', reference(top, {blockOwnerDeletion: true}));
  const middle = cluster.api.get(MAPS, 'bar', 'middle') as JsonObject;
  cluster.api.create(
    MAPS,
    configMap('bottom', {
      finalizers: ['example.dev/x'],
      ownerReferences: [reference(middle, {blockOwnerDeletion: true})],
    }),
  );
  cluster.api.delete(MAPS, 'bar', 'top', 'Foreground');
  await settled(cluster);
  expect(cluster.api.get(MAPS, 'bar', 'middle')).toMatchObject({metadata: {finalizers: ['foregroundDeletion']}});
  release('bottom');
  await settled(cluster);
  expect([exists('bottom'), exists('middle'), exists('top')]).toEqual([false, false, false]);
});

test('foreground: nobody waits for a dependent that does not block', async () => {
  const top = owner('top');
  cluster.api.create(MAPS, configMap('slow', {finalizers: ['example.dev/x'], ownerReferences: [reference(top)]}));
  cluster.api.delete(MAPS, 'bar', 'top', 'Foreground');
  await settled(cluster);
  expect([exists('slow'), exists('top')]).toEqual([true, false]);
});

test('foreground: a dependent with another owner lets go of this one and stays', async () => {
  const [top, other] = [owner('top'), owner('other')];
  dependent('shared', reference(top, {blockOwnerDeletion: true}), reference(other));
  await settled(cluster);
  cluster.api.delete(MAPS, 'bar', 'top', 'Foreground');
  await settled(cluster);
  expect(exists('top')).toBe(false);
  expect(cluster.api.get(MAPS, 'bar', 'shared')).toMatchObject({metadata: {ownerReferences: [reference(other)]}});
});

test('foreground: owners in a circle do not wait for each other', async () => {
  const first = owner('first');
  dependent('second', reference(first, {blockOwnerDeletion: true}));
  const second = cluster.api.get(MAPS, 'bar', 'second') as JsonObject;
  cluster.api.update(MAPS, {
    ...first,
    metadata: {
      ...(first['metadata'] as JsonObject),
      ownerReferences: [reference(second, {blockOwnerDeletion: true})],
    },
  });
  cluster.api.delete(MAPS, 'bar', 'first', 'Foreground');
  await settled(cluster);
  expect([exists('first'), exists('second')]).toEqual([false, false]);
});

test('an owner of the right uid but another name or kind is not the owner', async () => {
  const top = owner('top');
  dependent('by-name', {...reference(top), name: 'other'});
  dependent('by-kind', {...reference(top), kind: 'Secret'});
  await settled(cluster);
  expect([exists('by-name'), exists('by-kind')]).toEqual([false, false]);
});

test('a cluster-scoped object with an owner in a namespace is left alone', async () => {
  const top = owner('top');
  cluster.api.create(
    {group: '', plural: 'namespaces'},
    {...namespace('owned'), metadata: {name: 'owned', ownerReferences: [reference(top)]}},
  );
  cluster.api.delete(MAPS, 'bar', 'top');
  await settled(cluster);
  expect(cluster.api.get({group: '', plural: 'namespaces'}, undefined, 'owned')).toBeDefined();
});

test('Events are not collected', async () => {
  const events = {group: '', plural: 'events'};
  cluster.api.create(events, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {name: 'e', namespace: 'bar', ownerReferences: [{...reference(owner('top')), uid: 'no-such-uid'}]},
    involvedObject: {namespace: 'bar'},
  });
  await settled(cluster);
  expect(cluster.api.get(events, 'bar', 'e')).toBeDefined();
});

test('foreground without dependents ends at once', async () => {
  owner('top');
  deleteWith('Foreground', 'top');
  await settled(cluster);
  expect(exists('top')).toBe(false);
});

test('orphan: the dependents stay, without their reference', async () => {
  const top = owner('top');
  dependent('free', reference(top));
  deleteWith('Orphan', 'top');
  await settled(cluster);
  expect(exists('top')).toBe(false);
  expect(cluster.api.get(MAPS, 'bar', 'free')?.['metadata']).not.toHaveProperty('ownerReferences');
});

test('what lost its owner before the collector started goes too', async () => {
  stop();
  const top = owner('top');
  dependent('late', reference(top));
  cluster.api.delete(MAPS, 'bar', 'top');
  await settled(cluster);
  expect(exists('late')).toBe(true);
  stop = startGarbageCollector(cluster.api, {logger: silent});
  await settled(cluster);
  expect(exists('late')).toBe(false);
});

test('objects without owners cost no write', async () => {
  owner('alone');
  await settled(cluster);
  const before = cluster.storage.revision;
  stop();
  stop = startGarbageCollector(cluster.api, {logger: silent});
  await settled(cluster);
  expect(cluster.storage.revision).toBe(before);
});
