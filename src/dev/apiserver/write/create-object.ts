import {randomUUID} from 'node:crypto';
import {toKubeTime} from '../../../api/meta.ts';
import type {JsonObject} from '../../schema/json.ts';
import {alreadyExists, forbidden, serverError} from '../api-error.ts';
import {metaOf, withField, withMeta} from '../object-meta.ts';
import {mutated, validated} from './admit.ts';
import {ownedByWriter} from './field-ownership.ts';
import {nextGeneration} from './generation.ts';
import {checkNamespaceOpen} from './namespace-lifecycle.ts';
import {generatedName} from './random-name.ts';
import {storedForm} from './stored-form.ts';
import {checkValid} from './validation.ts';
import {liveObject, recordWrite, strategyContext} from './write-call.ts';
import type {WriteCall, WriteContext} from './write-call.ts';

export interface NewObject {
  /** Known fields and defaults, placed in its namespace. */
  readonly object: JsonObject;
  /** `managedFields` are settled already (server-side apply). */
  readonly tracked: boolean;
  /** The request is an apply, which was allowed as a patch only. */
  readonly byApply?: boolean;
}

/**
 * A create from a client: identity, defaults, webhooks, checks, then storage.
 *
 * @throws ApiError
 */
export async function createObject(context: WriteContext, call: WriteCall, created: NewObject): Promise<JsonObject> {
  let object = begin(context, call, created);
  const reviewed = await mutated(call, {object, old: undefined});
  if (reviewed !== object) object = prepare(context, call, reviewed);
  call.permissions?.checkGrant(call.type, object, undefined);
  checkValid(context, call, object, undefined);
  if (created.byApply === true) call.permissions?.checkCreate();
  await validated(call, {object, old: undefined});
  return commit(context, call, object);
}

/** The same for the cluster's own controllers: no webhooks, so nothing to wait for. */
export function createNow(context: WriteContext, call: WriteCall, created: NewObject): JsonObject {
  const object = begin(context, call, created);
  checkValid(context, call, object, undefined);
  return commit(context, call, object);
}

function begin(context: WriteContext, call: WriteCall, created: NewObject): JsonObject {
  const given = identify(context, call, created);
  const prepared = prepare(context, call, given);
  return created.tracked ? prepared : ownedByWriter(context, call, {before: undefined, given, prepared});
}

/** The fields that only the server sets (`rest.FillObjectMetaSystemFields`). */
function identify(context: WriteContext, call: WriteCall, created: NewObject): JsonObject {
  const {type} = call;
  const meta = metaOf(created.object);
  const name = nameOf(context, call, meta.name ?? '', meta.generateName ?? '');
  if (type.terminating === true) {
    throw forbidden(type, name, 'create not allowed while custom resource definition is terminating');
  }
  if (meta.resourceVersion !== undefined && meta.resourceVersion !== '') {
    throw serverError('resourceVersion should not be set on objects to be created');
  }
  checkNamespaceOpen(context, call, name);
  const now = toKubeTime(context.nowMs());
  const whole = type.hasStatus ? withField(created.object, 'status', undefined) : created.object;
  const object = withMeta(whole, {
    name: name === '' ? undefined : name,
    uid: randomUUID(),
    creationTimestamp: now,
    generation: nextGeneration(type, undefined, whole),
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    resourceVersion: undefined,
    selfLink: undefined,
  });
  return object;
}

function nameOf(context: WriteContext, call: WriteCall, name: string, prefix: string): string {
  if (name !== '' || prefix === '') return name;
  for (let attempt = 0; attempt < 8; attempt++) {
    const candidate = generatedName(prefix);
    if (liveObject(context, call, candidate) === undefined) return candidate;
  }
  throw alreadyExists(call.type, generatedName(prefix));
}

function prepare(context: WriteContext, call: WriteCall, object: JsonObject): JsonObject {
  return call.type.strategy.prepare?.(object, undefined, strategyContext(context, call)) ?? object;
}

function commit(context: WriteContext, call: WriteCall, object: JsonObject): JsonObject {
  const {type} = call;
  const name = metaOf(object).name ?? '';
  const existing = liveObject(context, call, name);
  if (existing !== undefined) throw alreadyExists(type, name, metaOf(existing).deletionTimestamp !== undefined);
  for (const warning of type.strategy.warnings?.(object, undefined) ?? []) call.warn(warning);
  if (call.options.dryRun) return object;
  const stored = context.storage.put(type.storageKey, storedForm(context.registry, object, type));
  recordWrite(context, call, name);
  return context.conversion.show(stored, type);
}
