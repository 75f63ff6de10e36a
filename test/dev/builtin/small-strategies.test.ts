import {describe, expect, test} from 'vitest';
import {ApiError} from '../../../src/dev/apiserver/api-error.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {configMap, memoryCluster, namespace} from '../controllers/memory-cluster.ts';
import type {MemoryCluster} from '../controllers/memory-cluster.ts';

function cluster(): MemoryCluster {
  const made = memoryCluster();
  made.api.create({group: '', plural: 'namespaces'}, namespace('bar'));
  return made;
}

function refusalOf(act: () => unknown): ApiError {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('Namespace', () => {
  const NAMESPACES = {group: '', plural: 'namespaces'};
  test('a new one carries its name as a label, a finalizer and a phase', () => {
    expect(memoryCluster().api.create(NAMESPACES, namespace('bar'))).toMatchObject({
      metadata: {labels: {'kubernetes.io/metadata.name': 'bar'}},
      spec: {finalizers: ['kubernetes']},
      status: {phase: 'Active'},
    });
  });

  test('an update does not free it, whatever it says of spec.finalizers; finalize does', () => {
    const {api} = cluster();
    api.delete(NAMESPACES, undefined, 'bar');
    const live = api.get(NAMESPACES, undefined, 'bar') as JsonObject;
    expect(live).toMatchObject({status: {phase: 'Terminating'}});
    const {spec: _spec, ...bare} = live;
    api.update(NAMESPACES, bare);
    api.update(NAMESPACES, {...bare, spec: {finalizers: []}});
    const held = api.get(NAMESPACES, undefined, 'bar') as JsonObject;
    expect(held).toMatchObject({spec: {finalizers: ['kubernetes']}});
    api.update(NAMESPACES, {...held, spec: {finalizers: []}}, 'finalize');
    expect(api.get(NAMESPACES, undefined, 'bar')).toBeUndefined();
  });

  test('default may not be deleted', () => {
    const {api} = memoryCluster();
    api.create(NAMESPACES, namespace('default'));
    const refusal = refusalOf(() => api.delete(NAMESPACES, undefined, 'default'));
    expect(refusal.code).toBe(403);
    expect(refusal.message).toBe('namespaces "default" is forbidden: this namespace may not be deleted');
  });
});

describe('ConfigMap and Secret', () => {
  const MAPS = {group: '', plural: 'configmaps'};
  const SECRETS = {group: '', plural: 'secrets'};
  const secret = (fields: JsonObject): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {name: 's', namespace: 'bar'},
    ...fields,
  });

  test('a key that is no file name', () => {
    const made = cluster();
    expect(refusalOf(() => made.api.create(MAPS, {...configMap('m'), data: {'a b': ''}})).message).toContain(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    );
  });

  test('more than 1 MiB', () => {
    const made = cluster();
    expect(refusalOf(() => made.api.create(MAPS, {...configMap('m'), data: {a: 'x'.repeat(1_048_577)}})).message).toBe(
      'ConfigMap "m" is invalid: []: Too long: may not be more than 1048576 bytes',
    );
  });

  test('an immutable one stays as it is, and immutable', () => {
    const {api} = cluster();
    const made = api.create(MAPS, {...configMap('m'), immutable: true, data: {a: '1'}});
    const text = 'Forbidden: field is immutable when `immutable` is set';
    expect(refusalOf(() => api.update(MAPS, {...made, immutable: false, data: {a: '2'}})).message).toBe(
      `ConfigMap "m" is invalid: [immutable: ${text}, data: ${text}]`,
    );
  });

  test('stringData is encoded into data', () => {
    const made = cluster().api.create(SECRETS, secret({stringData: {a: 'hello'}}));
    expect(made).toMatchObject({type: 'Opaque', data: {a: 'aGVsbG8='}});
    expect(Object.keys(made)).not.toContain('stringData');
  });

  test('a TLS Secret needs both files, and a type does not change', () => {
    const {api} = cluster();
    expect(
      refusalOf(() => api.create(SECRETS, secret({type: 'kubernetes.io/tls', data: {'tls.crt': ''}}))).message,
    ).toBe('Secret "s" is invalid: data[tls.key]: Required value');
    const made = api.create(SECRETS, secret({}));
    expect(refusalOf(() => api.update(SECRETS, {...made, type: 'example.org/x'})).message).toBe(
      'Secret "s" is invalid: type: Invalid value: "example.org/x": field is immutable',
    );
  });
});

describe('RBAC', () => {
  test('a roleRef can not change', () => {
    const {api} = cluster();
    const BINDINGS = {group: 'rbac.authorization.k8s.io', plural: 'clusterrolebindings'};
    const made = api.create(BINDINGS, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: {name: 'system:b'},
      subjects: [{kind: 'User', name: 'u'}],
      roleRef: {kind: 'ClusterRole', name: 'a'},
    });
    expect(made).toMatchObject({
      subjects: [{apiGroup: 'rbac.authorization.k8s.io'}],
      roleRef: {apiGroup: 'rbac.authorization.k8s.io'},
    });
    const roleRef = {...(made['roleRef'] as JsonObject), name: 'b'};
    expect(refusalOf(() => api.update(BINDINGS, {...made, roleRef})).message).toContain('cannot change roleRef');
  });
});
