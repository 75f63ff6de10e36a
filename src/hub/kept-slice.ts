import type {EndpointSlice} from '../api/kinds.ts';
import type {KubeObject, ObjectMeta, OwnerReference} from '../api/meta.ts';
import {MCS_SERVICE_NAME_LABEL} from '../api/names.ts';
import {MAX_SLICE_ENDPOINTS} from '../clusterset/intake/read-slices.ts';
import {asList, fieldOf} from '../clusterset/intake/untrusted.ts';
import {sharedText} from '../kube/shared-text.ts';
import {shared} from './shared-parts.ts';

/** What the hub remembers of a source slice: enough to import it, still unread and untrusted. */
export interface KeptSlice {
  readonly metadata: {readonly name: string};
  readonly addressType: unknown;
  readonly endpoints: readonly KeptEndpoint[];
  readonly ports: readonly unknown[];
}

type KeptEndpoint = Readonly<Record<'addresses' | 'conditions' | 'hostname' | 'nodeName' | 'zone', unknown>>;

/** Strips a source slice at the edge. One more endpoint than is lawful is kept, so that it is seen to be too many. */
export function keepSlice(raw: KubeObject): KeptSlice {
  return {
    metadata: {name: raw.metadata.name},
    addressType: fieldOf(raw, 'addressType'),
    endpoints: asList(fieldOf(raw, 'endpoints'))
      .slice(0, MAX_SLICE_ENDPOINTS + 1)
      .map(keepEndpoint),
    ports: shared(asList(fieldOf(raw, 'ports'))),
  };
}

/** `targetRef` and hints mean something in their own cluster only. */
function keepEndpoint(raw: unknown): KeptEndpoint {
  const conditions = fieldOf(raw, 'conditions');
  return {
    addresses: fieldOf(raw, 'addresses'),
    conditions: typeof conditions === 'object' && conditions !== null ? shared(conditions) : conditions,
    hostname: fieldOf(raw, 'hostname'),
    nodeName: sharedIfText(fieldOf(raw, 'nodeName')),
    zone: sharedIfText(fieldOf(raw, 'zone')),
  };
}

function sharedIfText(value: unknown): unknown {
  return typeof value === 'string' ? sharedText(value) : value;
}

/**
 * True where the slice has an endpoint that takes traffic. An absent `ready` counts as ready (EndpointSlice API). An address that
 * can't be imported counts too: its own cluster's gateway still reaches it.
 */
export function isReady({endpoints}: Pick<KeptSlice, 'endpoints'>): boolean {
  return endpoints.some(
    (endpoint) => asList(endpoint.addresses).length > 0 && fieldOf(endpoint, 'conditions', 'ready') !== false,
  );
}

/** An imported slice, as the hub finds it in a member. */
export function keepImportedSlice(raw: KubeObject): EndpointSlice {
  const {apiVersion, kind, metadata, addressType, endpoints, ports} = raw as EndpointSlice;
  return {
    apiVersion,
    kind,
    metadata: keepMetadata(metadata),
    addressType,
    endpoints: endpoints ?? [],
    ports: ports ?? [],
  };
}

function keepMetadata({name, namespace, uid, labels = {}, ownerReferences = []}: ObjectMeta): ObjectMeta {
  return {
    name,
    ...(namespace === undefined ? {} : {namespace}),
    ...(uid === undefined ? {} : {uid}),
    // Without the label it belongs to no import, and has to be found all the same.
    labels: {[MCS_SERVICE_NAME_LABEL]: '', ...labels},
    ownerReferences: ownerReferences.map(keepOwner),
  };
}

/** As the hub writes them: false is the default of both flags. */
function keepOwner({apiVersion, kind, name, uid}: OwnerReference): OwnerReference {
  return {apiVersion, kind, name, uid};
}
