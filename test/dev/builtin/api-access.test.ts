import {describe, expect, test} from 'vitest';
import {ApiError} from '../../../src/dev/apiserver/api-error.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {memoryCluster, namespace, pod} from '../controllers/memory-cluster.ts';
import type {MemoryCluster} from '../controllers/memory-cluster.ts';

const PODS = {group: '', plural: 'pods'};
const ACCOUNTS = {group: '', plural: 'serviceaccounts'};
const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const NAME = expect.stringMatching(/^kube-api-access-[a-z0-9]{5}$/) as string;
const mount = {name: NAME, readOnly: true, mountPath: MOUNT};

function cluster(...accounts: readonly JsonObject[]): MemoryCluster {
  const made = memoryCluster();
  made.api.create({group: '', plural: 'namespaces'}, namespace('bar'));
  for (const account of accounts) made.api.create(ACCOUNTS, account);
  return made;
}

function account(name: string, fields: JsonObject = {}): JsonObject {
  return {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name, namespace: 'bar'}, ...fields};
}

function specOf(spec: JsonObject, {api} = cluster()): JsonObject {
  return api.create(PODS, pod('p', {}, {containers: [{name: 'c', image: 'i'}], ...spec}))['spec'] as JsonObject;
}

describe('a new pod is given the credentials of its account', () => {
  test('as the last volume, in every container that has nothing at the path', () => {
    const own = {name: 'v', mountPath: MOUNT};
    const spec = specOf({
      containers: [
        {name: 'c', image: 'i', volumeMounts: [{name: 'v', mountPath: '/x'}]},
        {name: 'd', image: 'i', volumeMounts: [own]},
      ],
      initContainers: [{name: 'i', image: 'i'}],
      volumes: [{name: 'v', emptyDir: {}}],
    });
    expect(spec).toMatchObject({
      volumes: [{name: 'v'}, {name: NAME, projected: {defaultMode: 0o644}}],
      containers: [{volumeMounts: [{name: 'v', mountPath: '/x'}, mount]}, {volumeMounts: [own]}],
      initContainers: [{volumeMounts: [mount]}],
    });
  });

  test('not where the pod says so', () => {
    expect(specOf({automountServiceAccountToken: false})).not.toHaveProperty('volumes');
  });

  test('not where its account says so, unless the pod says more', () => {
    const shy = cluster(account('shy', {automountServiceAccountToken: false}));
    expect(specOf({serviceAccountName: 'shy'}, shy)).not.toHaveProperty('volumes');
    shy.api.delete(PODS, 'bar', 'p');
    expect(specOf({serviceAccountName: 'shy', automountServiceAccountToken: true}, shy)).toHaveProperty('volumes');
  });

  test('an account that is not there', () => {
    expect(() => specOf({serviceAccountName: 'none'})).toThrow(ApiError);
    expect(() => specOf({serviceAccountName: 'none'})).toThrow(
      'pods "p" is forbidden: error looking up service account bar/none: serviceaccount "none" not found',
    );
  });
});
