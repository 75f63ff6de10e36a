import {keyOf} from '../../../src/api/meta.ts';
import {
  HUB_MANAGED_BY,
  MCS_SERVICE_NAME_LABEL,
  MCS_SOURCE_CLUSTER_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../../../src/api/names.ts';
import type {EndpointSlice} from '../../../src/api/kinds.ts';
import {endpointSlices} from '../../../src/api/resources.ts';
import type {Compared} from './import-difference.ts';
import type {MemberName} from './playground.ts';
import {sourceSlices} from './truth.ts';

/** Imported slices: one for each source slice of each export that counts here. */
export function differencesOfSlices({world, truth, api, name, held}: Compared): readonly string[] {
  const wanted = [...truth.merged.keys()].flatMap((key) =>
    (truth.mergedFor(key, name).result?.import?.clusters ?? []).flatMap((id) =>
      sourceSlices(world.member(id as MemberName), key).map((slice) => sliceText(key, id, slice)),
    ),
  );
  const actual = importedSlices(api).map((slice) => {
    const {labels = {}, namespace = ''} = slice.metadata;
    const key = keyOf({namespace, name: labels[MCS_SERVICE_NAME_LABEL] ?? ''});
    return sliceText(key, labels[MCS_SOURCE_CLUSTER_LABEL] ?? '', slice);
  });
  const isHeld = (text: string): boolean => held.has(text.split(' ', 1)[0] ?? '');
  return [
    ...wanted.filter((text) => !actual.includes(text) && !isHeld(text)).map((text) => `slice missing: ${text}`),
    ...actual.filter((text) => !wanted.includes(text) && !isHeld(text)).map((text) => `slice too much: ${text}`),
  ];
}

export function importedSlices(api: Compared['api']): readonly EndpointSlice[] {
  return api
    .list<EndpointSlice>(endpointSlices)
    .filter(({metadata}) => metadata.labels?.[SLICE_MANAGED_BY_LABEL] === HUB_MANAGED_BY);
}

function sliceText(key: string, cluster: string, {addressType, endpoints, ports}: EndpointSlice): string {
  const facts = (endpoints ?? []).map(({addresses, conditions}) => `${addresses.join()}=${conditions?.ready}`);
  const served = (ports ?? []).map(({name, port, protocol}) => `${name}:${port}/${protocol}`);
  return `${key} ${cluster} ${addressType} ${facts.join()} ${served.join()}`;
}
