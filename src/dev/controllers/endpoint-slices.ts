import type {Logger} from 'pino';
import {toKubeTime} from '../../api/meta.ts';
import {matchesSelector} from '../../clusterset/selectors.ts';
import type {InternalApi, ObjectChange} from '../apiserver/internal-api.ts';
import {
  isTerminating,
  labelsOf,
  metadataOf,
  nameOf,
  namespaceOf,
  objectIn,
  textMapIn,
  uidOf,
} from '../builtin/read-json.ts';
import {hasSelector, isHeadless} from '../builtin/service-fields.ts';
import {jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {desiredSlices} from './slice-content.ts';
import type {SliceContent} from './slice-content.ts';
import {ENDPOINT_SLICES, isType, PODS, SERVICES, splitKey} from './known-types.ts';
import {startReconciler} from './reconciler.ts';

const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const MANAGER = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';
const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

export interface EndpointSlicesOptions {
  readonly logger: Logger;
  readonly nowMs?: () => number;
}

/**
 * EndpointSlices from Services with a selector and their pods (apiserver.md §6): one set for each family, by the ports that pods
 * resolve. Where a selector is taken away the slices stay as they were; with the Service they go by their owner reference.
 *
 * @returns stops it
 */
export function startEndpointSlices(api: InternalApi, options: EndpointSlicesOptions): () => void {
  const nowMs = options.nowMs ?? Date.now;
  return startReconciler(api, {
    name: 'endpoint-slices',
    logger: options.logger,
    seed: () => api.list(SERVICES).map(keyOf),
    keysOf: (change) => concerned(api, change),
    reconcile: (key) => syncService(api, key, nowMs()),
  });
}

function keyOf(object: JsonObject): string {
  return `${namespaceOf(object)}/${nameOf(object)}`;
}

function concerned(api: InternalApi, {type, object, old}: ObjectChange): readonly string[] {
  if (isType(type, SERVICES)) return [keyOf(object)];
  if (isType(type, ENDPOINT_SLICES)) {
    const service = labelsOf(object)[SERVICE_NAME];
    return service === undefined ? [] : [`${namespaceOf(object)}/${service}`];
  }
  if (!isType(type, PODS)) return [];
  const states = old === undefined ? [object] : [object, old];
  return api
    .list(SERVICES, namespaceOf(object))
    .filter((service) => states.some((pod) => isSelected(service, pod)))
    .map(keyOf);
}

function isSelected(service: JsonObject, pod: JsonObject): boolean {
  const spec = objectIn(service, 'spec');
  return hasSelector(spec) && matchesSelector({matchLabels: textMapIn(spec, 'selector')}, labelsOf(pod));
}

function syncService(api: InternalApi, key: string, nowMs: number): void {
  const [namespace, name] = splitKey(key);
  const service = api.get(SERVICES, namespace, name);
  if (service === undefined || isTerminating(service)) return;
  const spec = objectIn(service, 'spec');
  if (!hasSelector(spec) || spec['type'] === 'ExternalName') return;
  const pods = api.list(PODS, namespace).filter((pod) => isSelected(service, pod));
  const desired = desiredSlices(service, pods);
  const spare = new Set(ownSlices(api, service));
  const matched = desired.map((content) => ({content, slice: take(spare, content)}));
  for (const {content, slice} of matched) {
    if (slice === undefined) createSlice(api, {service, content, nowMs});
    else updateSlice(api, slice, {service, content, nowMs});
  }
  for (const slice of spare) api.delete(ENDPOINT_SLICES, namespace, nameOf(slice));
}

function ownSlices(api: InternalApi, service: JsonObject): readonly JsonObject[] {
  return api.list(ENDPOINT_SLICES, namespaceOf(service)).filter((slice) => {
    const labels = labelsOf(slice);
    return labels[SERVICE_NAME] === nameOf(service) && labels[MANAGED_BY] === MANAGER && isOwnedBy(slice, service);
  });
}

/** Slices of an earlier Service of the same name are left to the garbage collector. */
function isOwnedBy(slice: JsonObject, service: JsonObject): boolean {
  const owners = metadataOf(slice)['ownerReferences'];
  return Array.isArray(owners) && owners.some((owner: JsonObject) => owner['uid'] === uidOf(service));
}

/** An existing slice that can carry the content: the same ports first, since readers notice a change of ports most. */
function take(spare: Set<JsonObject>, content: SliceContent): JsonObject | undefined {
  const candidates = [...spare].filter((slice) => slice['addressType'] === content.addressType);
  const found = candidates.find((slice) => jsonEquals(slice['ports'], content.ports)) ?? candidates[0];
  if (found !== undefined) spare.delete(found);
  return found;
}

interface Sync {
  readonly service: JsonObject;
  readonly content: SliceContent;
  readonly nowMs: number;
}

function createSlice(api: InternalApi, {service, content, nowMs}: Sync): void {
  api.create(ENDPOINT_SLICES, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${nameOf(service)}-`,
      namespace: namespaceOf(service),
      labels: sliceLabels(service),
      annotations: {[TRIGGER_TIME]: toKubeTime(nowMs)},
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          name: nameOf(service),
          uid: uidOf(service),
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    ...content,
  });
}

function updateSlice(api: InternalApi, slice: JsonObject, {service, content, nowMs}: Sync): void {
  const hasContent = jsonEquals(slice['endpoints'], content.endpoints) && jsonEquals(slice['ports'], content.ports);
  const labels = sliceLabels(service);
  if (hasContent && jsonEquals(labelsOf(slice), labels)) return;
  const metadata = metadataOf(slice);
  const annotations = hasContent
    ? metadata['annotations']
    : {...textMapIn(metadata, 'annotations'), [TRIGGER_TIME]: toKubeTime(nowMs)};
  api.update(ENDPOINT_SLICES, {...slice, metadata: {...metadata, labels, annotations}, ...content});
}

function sliceLabels(service: JsonObject): Readonly<Record<string, string>> {
  return {
    ...labelsOf(service),
    [SERVICE_NAME]: nameOf(service),
    [MANAGED_BY]: MANAGER,
    ...(isHeadless(objectIn(service, 'spec')) ? {[HEADLESS]: ''} : {}),
  };
}
