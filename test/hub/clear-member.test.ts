import {pino} from 'pino';
import {beforeEach, expect, test} from 'vitest';
import type {Lease} from '../../src/api/kinds.ts';
import {EPOCH_ANNOTATION, HUB_ANNOTATION} from '../../src/api/names.ts';
import {clearMember} from '../../src/hub/clear-member.ts';
import type {KubeClient} from '../../src/kube/client.ts';

/** A member that left is cleared by the hub that it was a member of, and by no other (design §3). */

const LEASE: Lease = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: {namespace: 'isthmus-system', name: 'isthmus-hub', uid: 'l', resourceVersion: '1'},
};

let asked: string[];
let lease: Lease | undefined;
/** As soon as it is released, by a hub that marks it so. */
let takenUp: Record<string, string> | undefined;
let hubUid: string | undefined;

beforeEach(() => {
  [asked, lease, takenUp, hubUid] = [[], LEASE, undefined, 'here'];
});

function replace(_: unknown, next: Lease): Lease {
  const version = Number(next.metadata.resourceVersion) + 1;
  lease = {...next, metadata: {...next.metadata, resourceVersion: String(version)}};
  if (takenUp !== undefined && next.spec?.holderIdentity === '')
    lease = {...lease, metadata: {...lease.metadata, annotations: takenUp}, spec: {holderIdentity: 'z'}};
  return lease;
}

async function clear(annotations: Record<string, string>): ReturnType<typeof clearMember> {
  lease = {...LEASE, metadata: {...LEASE.metadata, annotations}};
  const verbs: Record<string, (...of: never[]) => unknown> = {
    get: () => ({metadata: {name: 'kube-system', uid: 'member'}}),
    list: () => ({items: []}),
    find: (resource: {plural: string}) => (resource.plural === 'leases' ? lease : {metadata: {name: 'isthmus-system'}}),
    replace,
    delete: (_: unknown, __: unknown, {uid, resourceVersion}: {uid?: string; resourceVersion?: string}) => {
      asked.push(`${uid}/${resourceVersion}, now ${lease?.metadata.uid}/${lease?.metadata.resourceVersion}`);
    },
  };
  const client = new Proxy({} as KubeClient, {
    get:
      (_, verb: string) =>
      async (...of: never[]) => {
        asked.push(verb);
        return verbs[verb]?.(...of);
      },
  });
  return clearMember({
    ...{client, namespace: 'isthmus-system', clustersetId: 's', uid: 'member', hubIdentity: 'a'},
    ...{mark: {epoch: 2, uid: hubUid}, leaseRenewMs: 10_000, missingBefore: 0, nowMs: Date.now},
    ...{logger: pino({level: 'silent'}), signal: new AbortController().signal},
  });
}

test('what a hub that took over has is left to that one', async () => {
  expect(await clear({[EPOCH_ANNOTATION]: '3', [HUB_ANNOTATION]: 'there'})).toBe('Elsewhere');
  expect(asked).toEqual(['get', 'list', 'find']);
});

test('what a hub in another cluster has in the same epoch is not cleared, and not forgotten either', async () => {
  await expect(clear({[EPOCH_ANNOTATION]: '2', [HUB_ANNOTATION]: 'there'})).rejects.toMatchObject({
    code: 'ISTHMUS_HUB_NOT_CLEARED',
    message: expect.stringContaining('run isthmus hub takeover'),
  });
  expect(asked).toEqual(['get', 'list', 'find']);
});

test('what is of nobody knows which hub is neither cleared nor given away', async () => {
  await expect(clear({[EPOCH_ANNOTATION]: 'Infinity'})).rejects.toMatchObject({
    code: 'ISTHMUS_HUB_NOT_CLEARED',
    message: expect.stringContaining('"Infinity", which can\'t be read'),
  });
  expect(asked).toEqual(['get', 'list', 'find']);
});

test('the Lease goes last, as it was released', async () => {
  expect(await clear({[EPOCH_ANNOTATION]: '1', [HUB_ANNOTATION]: 'there'})).toBe('Cleared');
  expect(asked.slice(-2)).toEqual(['delete', 'l/3, now l/3']);
});

test.each([
  ['a hub in another cluster that took over', {[EPOCH_ANNOTATION]: '3', [HUB_ANNOTATION]: 'there'}, 'here'],
  ['a hub in another cluster', {[EPOCH_ANNOTATION]: '2', [HUB_ANNOTATION]: 'there'}, 'here'],
  ['this one in another epoch', {[EPOCH_ANNOTATION]: '3', [HUB_ANNOTATION]: 'here'}, 'here'],
  ['a hub of an older version', {[EPOCH_ANNOTATION]: '2'}, 'here'],
  ['a hub that can not be told from this one', {[EPOCH_ANNOTATION]: '2'}, undefined],
])('a Lease that was taken up as soon as it was released stays: by %s', async (_, by, uid) => {
  [takenUp, hubUid] = [by, uid];
  expect(await clear({[EPOCH_ANNOTATION]: '2'})).toBe('Cleared');
  expect(asked).not.toContain('delete');
  expect(lease?.spec?.holderIdentity).toBe('z');
});

test('where a replica of this hub took it up, which does not know yet that the member left, it is cleared again', async () => {
  takenUp = {[EPOCH_ANNOTATION]: '2', [HUB_ANNOTATION]: 'here'};
  await expect(clear({[EPOCH_ANNOTATION]: '2', [HUB_ANNOTATION]: 'here'})).rejects.toMatchObject({
    code: 'ISTHMUS_HUB_NOT_CLEARED',
    message: expect.stringContaining('replica z of this hub'),
  });
  expect(asked).not.toContain('delete');
});
