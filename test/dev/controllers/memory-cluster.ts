import {pino} from 'pino';
import {StorageApi} from '../../../src/dev/apiserver/storage-api.ts';
import {ObjectStorage} from '../../../src/dev/apiserver/storage/object-storage.ts';
import {TypeRegistry} from '../../../src/dev/apiserver/type-registry.ts';
import type {ResourceType} from '../../../src/dev/apiserver/resource-type.ts';
import {builtinKinds} from '../../../src/dev/builtin/kinds.ts';
import {ServiceIpAllocator} from '../../../src/dev/builtin/service-ip-allocator.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {WriteCounter} from '../../../src/dev/writes.ts';

export const silent = pino({level: 'silent'});

/** The storage of an embedded cluster without HTTP, webhooks and controllers. */
export function memoryCluster(index = 1) {
  const allocator = new ServiceIpAllocator({index});
  const types = builtinKinds({index, allocator});
  const registry = new TypeRegistry(types);
  const writes = new WriteCounter();
  const storage = new ObjectStorage(100);
  const api = new StorageApi({storage, registry, writes, logger: silent, nowMs: Date.now});
  const typeOf = (plural: string): ResourceType => {
    const found = registry.all().find((type) => type.plural === plural);
    if (found === undefined) throw new Error(`no type ${plural}`);
    return found;
  };
  return {api, allocator, registry, storage, writes, typeOf};
}

export type MemoryCluster = ReturnType<typeof memoryCluster>;

export function namespace(name: string, labels: Record<string, string> = {}): JsonObject {
  return {apiVersion: 'v1', kind: 'Namespace', metadata: {name, labels}};
}

export function configMap(name: string, metadata: JsonObject = {}): JsonObject {
  return {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name, namespace: 'bar', ...metadata}};
}

export function service(name: string, spec: JsonObject, labels: Record<string, string> = {}): JsonObject {
  return {apiVersion: 'v1', kind: 'Service', metadata: {name, namespace: 'bar', labels}, spec};
}

export function pod(name: string, labels: Record<string, string> = {}, spec: JsonObject = {}): JsonObject {
  const containers = [{name: 'c', image: 'example.org/app:1', ports: [{name: 'http', containerPort: 8080}]}];
  return {apiVersion: 'v1', kind: 'Pod', metadata: {name, namespace: 'bar', labels}, spec: {containers, ...spec}};
}

/** Runs what controllers have scheduled, until they schedule nothing more; fails where they never come to rest. */
export async function settled(cluster: MemoryCluster): Promise<void> {
  for (let quiet = 0, turns = 0; quiet < 3; turns++) {
    if (turns > 500) throw new Error('the controllers do not come to rest');
    const before = cluster.storage.revision;
    await new Promise((resolve) => setImmediate(resolve));
    quiet = cluster.storage.revision === before ? quiet + 1 : 0;
  }
}
