import {pino} from 'pino';
import {describe, expect, test} from 'vitest';
import {ApiError} from '../../../src/dev/apiserver/api-error.ts';
import {StorageApi} from '../../../src/dev/apiserver/storage-api.ts';
import {ObjectStorage} from '../../../src/dev/apiserver/storage/object-storage.ts';
import {TypeRegistry} from '../../../src/dev/apiserver/type-registry.ts';
import {internalCall} from '../../../src/dev/apiserver/write/internal-call.ts';
import {patchObject} from '../../../src/dev/apiserver/write/patch-object.ts';
import {postObject} from '../../../src/dev/apiserver/write/post-object.ts';
import {putObject} from '../../../src/dev/apiserver/write/put-object.ts';
import type {Admission, WriteCall} from '../../../src/dev/apiserver/write/write-call.ts';
import {WriteCounter} from '../../../src/dev/writes.ts';
import {widgetType} from './support/widget-type.ts';

const type = widgetType({
  namespaced: false,
  schema: {
    type: 'object',
    properties: {
      spec: {type: 'object', properties: {a: {type: 'integer'}, b: {type: 'integer'}}},
    },
  },
});
const REF = {group: type.group, plural: type.plural};

function cluster(admission: Partial<Admission>) {
  const storage = new ObjectStorage(100);
  const registry = new TypeRegistry([type]);
  const api = new StorageApi({
    storage,
    registry,
    writes: new WriteCounter(),
    logger: pino({level: 'silent'}),
    nowMs: () => 0,
  });
  const seen: string[] = [];
  const full: Admission = {
    mutate: async (input, warn) => {
      seen.push(`mutate ${input.operation}`);
      return admission.mutate === undefined ? input.object : admission.mutate(input, warn);
    },
    validate: async (input, warn) => {
      seen.push(`validate ${input.operation}`);
      await admission.validate?.(input, warn);
    },
  };
  const call = (verb: WriteCall['verb'], name?: string): WriteCall => ({
    ...internalCall(type, {verb, manager: 'client', at: {name}}),
    admission: full,
  });
  return {api, seen, call, context: api.context};
}

const object = (spec: object, metadata: object = {}): object => ({
  apiVersion: 'example.dev/v1',
  kind: 'Widget',
  metadata: {name: 'w', ...metadata},
  spec,
});

function json(value: object, contentType = 'application/json') {
  return {bytes: Buffer.from(JSON.stringify(value)), contentType};
}

const MERGE = 'application/merge-patch+json';

describe('a write while webhooks are asked', () => {
  test('asks the mutating ones, checks, asks the validating ones, stores', async () => {
    const {api, seen, call, context} = cluster({});
    await postObject(context, call('create'), json(object({a: 1})));
    await patchObject(context, call('patch', 'w'), json({spec: {a: 2}}, MERGE));
    expect(seen).toEqual(['mutate CREATE', 'validate CREATE', 'mutate UPDATE', 'validate UPDATE']);
    expect(api.get(REF, undefined, 'w')?.['spec']).toEqual({a: 2});
  });

  test('an invalid object never gets to the validating ones, and is not stored', async () => {
    const {api, seen, call, context} = cluster({});
    await expect(postObject(context, call('create'), json(object({a: 'x'})))).rejects.toMatchObject({code: 422});
    expect(seen).toEqual(['mutate CREATE']);
    expect(api.list(REF)).toEqual([]);
  });

  test('what a webhook adds is stored, owned by nobody, and dropped where the schema does not know it', async () => {
    const {api, call, context} = cluster({
      mutate: async ({object: given}) => ({...given, spec: {...(given?.['spec'] as object), b: 7, unknown: 1}}),
    });
    await postObject(context, call('create'), json(object({a: 1})));
    const stored = api.get(REF, undefined, 'w') as any;
    expect(stored.spec).toEqual({a: 1, b: 7});
    expect(JSON.stringify(stored.metadata.managedFields)).not.toContain('f:b');
  });

  test('a refusal stores nothing', async () => {
    const denied = new ApiError({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      code: 403,
      message: 'no',
    });
    const {api, call, context} = cluster({validate: () => Promise.reject(denied)});
    await expect(postObject(context, call('create'), json(object({a: 1})))).rejects.toBe(denied);
    expect(api.list(REF)).toEqual([]);
  });

  /** Another writer that comes in while the webhooks of the first attempt are asked. */
  function raced() {
    let interfere = (): void => undefined;
    const made = cluster({
      validate: async ({operation}) => {
        if (operation === 'UPDATE') interfere();
      },
    });
    interfere = () => {
      interfere = () => undefined;
      const live = made.api.get(REF, undefined, 'w') as any;
      made.api.update(REF, {...live, spec: {...live.spec, b: 5}});
    };
    return made;
  }

  test('a patch that lost the race is done again on the new state', async () => {
    const {api, seen, call, context} = raced();
    await postObject(context, call('create'), json(object({a: 1})));
    await patchObject(context, call('patch', 'w'), json({spec: {a: 2}}, MERGE));
    expect(api.get(REF, undefined, 'w')?.['spec']).toEqual({a: 2, b: 5});
    expect(seen.filter((step) => step === 'mutate UPDATE')).toHaveLength(2);
  });

  test('a write that named a version conflicts instead', async () => {
    const {api, call, context} = raced();
    const {metadata} = (await postObject(context, call('create'), json(object({a: 1})))) as any;
    const body = json(object({a: 2}, {resourceVersion: metadata.resourceVersion}));
    await expect(putObject(context, call('update', 'w'), body)).rejects.toMatchObject({code: 409});
    expect(api.get(REF, undefined, 'w')?.['spec']).toEqual({a: 1, b: 5});
  });

  test('a patch that loses every race gives up with a conflict', async () => {
    let turn = 0;
    const made = cluster({
      validate: async ({operation}) => {
        if (operation !== 'UPDATE') return;
        const live = made.api.get(REF, undefined, 'w') as any;
        made.api.update(REF, {...live, spec: {...live.spec, b: ++turn}});
      },
    });
    await postObject(made.context, made.call('create'), json(object({a: 1})));
    await expect(patchObject(made.context, made.call('patch', 'w'), json({spec: {a: 2}}, MERGE))).rejects.toMatchObject(
      {code: 409},
    );
    expect(turn).toBe(5);
  });
});
