import {isIP} from 'node:net';

import type {Endpoint, IPFamily, Protocol} from '../../api/kinds.ts';
import {isDnsLabel} from '../../api/names.ts';
import {refuseAddress} from '../addresses.ts';
import {isDnsSubdomain, isLabelValue} from '../label-syntax.ts';
import type {ExportFault} from '../member-export.ts';
import type {SliceView} from '../view.ts';
import {asList, asText, FaultList, fieldOf, isPortNumber, show} from './untrusted.ts';

/** Imported slices grow with exporters times members; beyond this a cluster's pods are reached by its gateway (design §3). */
export const MAX_ENDPOINTS = 5_000;
/** No API server takes a slice with more, so one that has more is not from one that could be believed. */
export const MAX_SLICE_ENDPOINTS = 1_000;
/** As many ports as a slice may have, and addresses an endpoint may have, in a real API server. */
const MAX_SLICE_PORTS = 100;
const MAX_ADDRESSES = 100;
const PROTOCOLS: readonly string[] = ['TCP', 'UDP', 'SCTP'];

/** One source slice as it may be imported, `sourceCluster` from the connection; one for each slice that was read (MCS §2, 40). */
export interface ReadSlice extends SliceView {
  readonly name: string;
}

export interface ReadSlices {
  readonly slices: readonly ReadSlice[];
  /** At least one endpoint takes traffic; undefined: there is no slice at all, so nothing is known. */
  readonly ready: boolean | undefined;
  readonly faults: readonly ExportFault[];
}

export interface SliceRules {
  /** From the connection, never from a label. */
  readonly cluster: string;
  /** Declared by the cluster that the slices are from. */
  readonly podCIDRs: readonly string[];
  readonly serviceCIDRs: readonly string[];
  readonly development: boolean;
}

/**
 * The slices of one Service of one member, with nothing in them that may not reach DNS or Envoy: addresses of special ranges
 * or outside of the cluster's own pod ranges (CVE-2026-66788, CVE-2021-25737), names and zones that are none. Endpoints keep
 * their conditions, hostname, node and zone (MCS §2, 44). More endpoints than {@link MAX_ENDPOINTS} are not imported at all: an
 * arbitrary part of them would look like the whole.
 */
export function readSlices(raw: readonly unknown[], rules: SliceRules): ReadSlices {
  if (raw.length === 0) return {slices: [], ready: undefined, faults: []};
  const faults = new FaultList();
  // An address that can't be imported counts too: the gateway of its own cluster still reaches it.
  const ready = raw.some((slice) => asList(fieldOf(slice, 'endpoints')).some(mayTakeTraffic));
  const count = raw.reduce<number>((sum, slice) => sum + asList(fieldOf(slice, 'endpoints')).length, 0);
  if (count > MAX_ENDPOINTS) {
    const message = `${count} endpoints are too many and none is imported: at most ${MAX_ENDPOINTS}; the gateway still reaches them`;
    faults.add('EndpointSlice.endpoints', 'TooManyEndpoints', message);
    return {slices: [], ready, faults: faults.all};
  }
  const slices = raw.flatMap((slice) => readSlice(slice, rules, faults) ?? []);
  return {slices, ready, faults: faults.all};
}

function readSlice(raw: unknown, rules: SliceRules, faults: FaultList): ReadSlice | undefined {
  const name = asText(fieldOf(raw, 'metadata', 'name')) ?? '';
  const type = fieldOf(raw, 'addressType');
  const field = `EndpointSlice ${show(name)}`;
  if (!isDnsSubdomain(name)) {
    faults.add(`${field}.metadata.name`, 'InvalidSlice', "it can't be the name of a slice");
    return undefined;
  }
  // FQDN slices have no addresses to go to, and are no fault.
  if (type !== 'IPv4' && type !== 'IPv6') return undefined;
  const listed = asList(fieldOf(raw, 'endpoints'));
  if (listed.length > MAX_SLICE_ENDPOINTS) {
    const message = `slice ${show(name)} has ${listed.length} endpoints and is not imported: at most ${MAX_SLICE_ENDPOINTS} are lawful`;
    faults.add(`${field}.endpoints`, 'InvalidSlice', message);
    return undefined;
  }
  const endpoints = listed.flatMap((endpoint, index) => {
    const addresses = readAddresses(endpoint, type, {rules, faults, field: `${field}.endpoints[${index}]`});
    return addresses.length === 0 ? [] : [toEndpoint(endpoint, addresses)];
  });
  return {name, sourceCluster: rules.cluster, addressType: type, endpoints, ports: readPorts(raw, field, faults)};
}

function readAddresses(
  endpoint: unknown,
  type: IPFamily,
  {rules, faults, field}: {readonly rules: SliceRules; readonly faults: FaultList; readonly field: string},
): readonly string[] {
  const {podCIDRs, serviceCIDRs, development} = rules;
  return asList(fieldOf(endpoint, 'addresses'))
    .slice(0, MAX_ADDRESSES)
    .filter((address): address is string => {
      if (typeof address !== 'string' || isIP(address) !== (type === 'IPv4' ? 4 : 6)) {
        faults.add(`${field}.addresses`, 'AddressRefused', `${show(address)} is not an ${type} address`);
        return false;
      }
      const refused = refuseAddress(address, {podCIDRs, serviceCIDRs, development});
      if (refused !== undefined)
        faults.add(`${field}.addresses`, 'AddressRefused', `${address} can't be used (${refused})`);
      return refused === undefined;
    });
}

function toEndpoint(raw: unknown, addresses: readonly string[]): Endpoint {
  const hostname = asText(fieldOf(raw, 'hostname'));
  const nodeName = asText(fieldOf(raw, 'nodeName'));
  const zone = asText(fieldOf(raw, 'zone'));
  return {
    addresses,
    conditions: conditionsOf(raw),
    // It becomes a label of a DNS name.
    ...(hostname === undefined || !isDnsLabel(hostname) ? {} : {hostname}),
    ...(nodeName === undefined || !isDnsSubdomain(nodeName) ? {} : {nodeName}),
    ...(zone === undefined || !isLabelValue(zone) ? {} : {zone}),
  };
}

/** Copied word for word (MCS §2, 44): what is not said stays unsaid, and counts as ready (EndpointSlice API). */
function conditionsOf(raw: unknown): NonNullable<Endpoint['conditions']> {
  const said = (['ready', 'serving', 'terminating'] as const).flatMap((name) => {
    const value = fieldOf(raw, 'conditions', name);
    return typeof value === 'boolean' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(said);
}

function mayTakeTraffic(endpoint: unknown): boolean {
  return asList(fieldOf(endpoint, 'addresses')).length > 0 && fieldOf(endpoint, 'conditions', 'ready') !== false;
}

function readPorts(raw: unknown, field: string, faults: FaultList): SliceView['ports'] {
  const names = new Set<string>();
  return asList(fieldOf(raw, 'ports'))
    .slice(0, MAX_SLICE_PORTS)
    .flatMap((value, index) => {
      const port = fieldOf(value, 'port');
      const name = fieldOf(value, 'name') ?? '';
      const protocol = fieldOf(value, 'protocol') ?? 'TCP';
      // A slice's port without a number means all ports, which is nothing that could be imported.
      if (port === undefined) return [];
      if (
        isPortNumber(port) &&
        typeof name === 'string' &&
        (name === '' || isDnsLabel(name)) &&
        PROTOCOLS.includes(protocol as string) &&
        // Two of one name are taken by no API server.
        !names.has(name)
      ) {
        names.add(name);
        return [{name, port, protocol: protocol as Protocol}];
      }
      faults.add(`${field}.ports[${index}]`, 'InvalidSlice', `${show(value)} is not a port of a slice`);
      return [];
    });
}
