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
/** By a hub in another cluster, as soon as it is released. */
let isTakenUp: boolean;

beforeEach(() => {
  [asked, lease, isTakenUp] = [[], LEASE, false];
});

function replace(_: unknown, next: Lease): Lease {
  const version = Number(next.metadata.resourceVersion) + 1;
  lease = {...next, metadata: {...next.metadata, resourceVersion: String(version)}};
  if (isTakenUp && next.spec?.holderIdentity === '') lease = {...lease, spec: {holderIdentity: 'z'}};
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
    ...{mark: {epoch: 2, uid: 'here'}, leaseRenewMs: 10_000, missingBefore: 0, nowMs: Date.now},
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

test('the Lease goes last, as it was released', async () => {
  expect(await clear({[EPOCH_ANNOTATION]: '1', [HUB_ANNOTATION]: 'there'})).toBe('Cleared');
  expect(asked.slice(-2)).toEqual(['delete', 'l/3, now l/3']);
});

test('a Lease that another hub took up as soon as it was released stays', async () => {
  isTakenUp = true;
  expect(await clear({[EPOCH_ANNOTATION]: '2', [HUB_ANNOTATION]: 'here'})).toBe('Cleared');
  expect(asked).not.toContain('delete');
  expect(lease?.spec?.holderIdentity).toBe('z');
});
