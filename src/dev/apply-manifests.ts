import {parseAllDocuments} from 'yaml';
import {IsthmusError} from '../errors.ts';
import {ApiError} from './apiserver/api-error.ts';
import {isEstablished} from './apiserver/crd/definition-status.ts';
import {DEFINITIONS} from './apiserver/crd/crd-controller.ts';
import {metaOf, storageKey, withMeta} from './apiserver/object-meta.ts';
import {createNow} from './apiserver/write/create-object.ts';
import {internalCall} from './apiserver/write/internal-call.ts';
import {updateNow} from './apiserver/write/update-object.ts';
import type {WriteContext} from './apiserver/write/write-call.ts';
import {applyDefaults} from './schema/defaults.ts';
import {isObject} from './schema/json.ts';
import type {JsonObject} from './schema/json.ts';
import {prune} from './schema/prune.ts';

const MANAGER = 'isthmus-dev';
/** What others need to exist first. Everything else keeps its order. */
const FIRST = ['CustomResourceDefinition', 'Namespace'];

/**
 * Creates or replaces every document of a YAML text, as the administrator and without webhooks: types first, then namespaces.
 *
 * @throws IsthmusError ISTHMUS_DEV_CLUSTER for text that is no manifest, a type that is not served, or an object that is refused
 */
export function applyManifests(context: WriteContext, text: string): void {
  const objects = parseManifests(text);
  for (const object of objects.toSorted((a, b) => rankOf(a) - rankOf(b))) applyOne(context, object);
  for (const object of objects) if (object['kind'] === FIRST[0]) checkEstablished(context, object);
}

function rankOf(object: JsonObject): number {
  const rank = FIRST.indexOf(String(object['kind']));
  return rank < 0 ? FIRST.length : rank;
}

function parseManifests(text: string): readonly JsonObject[] {
  return parseAllDocuments(text, {version: '1.1'}).flatMap((document) => {
    const error = document.errors[0];
    if (error !== undefined)
      throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `the manifest is not YAML: ${error.message}`);
    const value: unknown = document.toJS();
    if (value === null) return [];
    if (!isObject(value)) throw new IsthmusError('ISTHMUS_DEV_CLUSTER', 'a document of the manifest is not an object');
    return [value];
  });
}

function applyOne(context: WriteContext, object: JsonObject): void {
  const type = context.registry.ofObject(object);
  const meta = metaOf(object);
  if (type === undefined) {
    const named = `${String(object['apiVersion'])} ${String(object['kind'])}`;
    const reason = `${named} is not served; apply its CustomResourceDefinition first`;
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', reason, {name: meta.name});
  }
  const namespace = type.namespaced ? (meta.namespace ?? 'default') : undefined;
  const at = {namespace, name: meta.name};
  const placed = applyDefaults(type.schema, prune(type.schema, withMeta(object, {namespace})).object);
  const live = context.storage.get(type.storageKey, storageKey(namespace, meta.name ?? ''));
  const change = {object: placed, tracked: false};
  try {
    if (live === undefined) createNow(context, internalCall(type, {verb: 'create', manager: MANAGER, at}), change);
    else updateNow(context, internalCall(type, {verb: 'update', manager: MANAGER, at}), () => change);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', error.message, {name: meta.name}, {cause: error});
  }
}

function checkEstablished(context: WriteContext, definition: JsonObject): void {
  const {name = ''} = metaOf(definition);
  const current = context.api.get(DEFINITIONS, undefined, name);
  if (current !== undefined && isEstablished(current)) return;
  throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `the names of ${name} are taken by another type`, {name});
}
