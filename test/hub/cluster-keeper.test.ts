import {pino} from 'pino';
import {describe, expect, test} from 'vitest';

import type {Cluster} from '../../src/api/kinds.ts';
import type {Resource} from '../../src/api/resources.ts';
import {ClusterKeeper} from '../../src/hub/cluster-keeper.ts';
import {MemberSecrets} from '../../src/hub/member-secrets.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';

const signal = new AbortController().signal;
const cluster: Cluster = {
  ...{apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: 'east', uid: 'u', resourceVersion: '1'}},
  spec: {gatewayHost: 'east.example.org', gatewayPort: 80, kubeconfig: 'apiVersion: v1'},
};

describe('a move of an inline kubeconfig that does not succeed', () => {
  const forbidden = new KubeError('ISTHMUS_KUBE_STATUS', 'may not patch', {status: 403, reason: 'Forbidden'});
  const conflict = new KubeError('ISTHMUS_KUBE_STATUS', 'it was changed', {status: 409, reason: 'Conflict'});

  test.each([
    {name: 'refused', error: forbidden},
    {name: 'of a version that is not the last', error: conflict},
  ])('is no move, however often it is tried: $name', async ({error}) => {
    let now = cluster;
    let secret: object | undefined;
    let failures = 3;
    const client = {
      find: async ({plural}: Resource) => (plural === 'clusters' ? now : secret),
      apply: async (_resource: Resource, object: object) => {
        secret = object;
        return object;
      },
      patch: async () => {
        if (failures-- > 0) throw error;
        const {kubeconfig: _, ...spec} = now.spec ?? {};
        now = {...now, spec: {...spec, kubeconfigSecretRef: {name: 'isthmus-member-east'}}};
        return now;
      },
    } as unknown as KubeClient;
    const keeper = new ClusterKeeper({
      client,
      secrets: new MemberSecrets(client, 'isthmus-system'),
      nowMs: Date.now,
      onOpinion: () => undefined,
      logger: pino({level: 'silent'}),
    });
    for (let time = 0; time < 3; time++) expect(await keeper.moveKubeconfig(cluster, signal)).toBeDefined();
    expect(await keeper.moveKubeconfig(cluster, signal)).toBeUndefined();
    expect(now.spec?.kubeconfig).toBeUndefined();
    expect(keeper.inlineOpinion('east')).toBeUndefined();
    expect(JSON.stringify(secret)).toContain(Buffer.from('apiVersion: v1').toString('base64'));
  });
});
