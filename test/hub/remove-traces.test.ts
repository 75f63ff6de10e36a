import {beforeEach, describe, expect, test} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {clusterProperties, type Resource, serviceExports, serviceImports} from '../../src/api/resources.ts';
import {removeTraces} from '../../src/hub/remove-traces.ts';
import type {KubeClient} from '../../src/kube/client.ts';

/** That a member was cleared is said only when a last look found nothing. */

interface Kept {
  readonly resource: Resource;
  readonly object: KubeObject;
  /** Requests to delete it that it outlives, as with a finalizer of somebody else. */
  stays: number;
}

let kept: Kept[];
let deleted: string[];

beforeEach(() => {
  [kept, deleted] = [[], []];
});

function put(resource: Resource, name: string, {stays = 0, status = {}}: {stays?: number; status?: object} = {}): void {
  const labels = {'app.kubernetes.io/managed-by': 'isthmus-hub'};
  const metadata = {name, namespace: 'a', uid: name, resourceVersion: '1', labels};
  kept.push({resource, object: {apiVersion: 'v1', kind: resource.kind, metadata, status} as KubeObject, stays});
}

const client = {
  list: async (of: Resource) => ({
    items: kept.filter(({resource}) => resource === of).map(({object}) => structuredClone(object)),
  }),
  delete: async (of: Resource, {name}: {name: string}) => {
    deleted.push(`${of.plural}/${name}`);
    kept = kept.filter((each) => each.resource !== of || each.object.metadata.name !== name || each.stays-- > 0);
    return true;
  },
  apply: async (of: Resource, {metadata}: KubeObject) =>
    kept.find(({resource, object}) => resource === of && object.metadata.name === metadata.name)?.object,
} as unknown as KubeClient;

const remove = (): Promise<readonly string[]> => removeTraces(client, new AbortController().signal);

describe('what was written into a member that leaves', () => {
  test('goes, the properties last: what still has them may not join elsewhere', async () => {
    put(clusterProperties, 'clusterset.k8s.io');
    put(serviceImports, 'foo', {stays: 2});
    expect(await remove()).toEqual([]);
    expect(kept).toEqual([]);
    expect(deleted.at(-1)).toBe('clusterproperties/clusterset.k8s.io');
    expect(deleted.filter((each) => each.startsWith('clusterproperties'))).toHaveLength(1);
  });

  test('and is held by somebody’s finalizer is not said to be gone, and the properties stay', async () => {
    put(clusterProperties, 'clusterset.k8s.io');
    put(serviceImports, 'foo', {stays: Infinity});
    await expect(remove()).rejects.toMatchObject({
      code: 'ISTHMUS_HUB_NOT_CLEARED',
      message: expect.stringContaining('still there: 1 serviceimports'),
    });
    expect(kept.map(({resource}) => resource)).toContain(clusterProperties);
  });

  test('does not include conditions that another controller says: they hold up nothing', async () => {
    put(serviceExports, 'foo', {status: {conditions: [{type: 'Ready', status: 'True', reason: 'Theirs'}]}});
    expect(await remove()).toEqual([]);
  });
});
