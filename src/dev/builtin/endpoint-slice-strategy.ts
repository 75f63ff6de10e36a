import {listAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {duplicate, immutable, invalidValue, notSupported, required, tooMany} from './field-errors.ts';
import {familyOfIp, specialIp, wrongIpAddress} from './ip-rules.ts';
import {wrongLabel, wrongQualifiedName, wrongSubdomain} from './name-rules.ts';
import {objectIn, objectsIn, textIn, textsIn} from './read-json.ts';
import type {Strategy} from './strategy.ts';

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MAX_ADDRESSES = 100;
const MAX_ENDPOINTS = 1000;
const MAX_PORTS = 20_000;

/** EndpointSlices (apiserver.md §6). A real API server accepts addresses here that nobody should route to; so does this one. */
export const endpointSliceStrategy: Strategy = {
  prepare: prepareSlice,
  validate: validateSlice,
  warnings: (slice) => (slice['addressType'] === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
};

function prepareSlice(slice: JsonObject): JsonObject {
  const endpoints = objectsIn(slice, 'endpoints').map((endpoint) => ({
    ...endpoint,
    conditions: objectIn(endpoint, 'conditions'),
  }));
  const ports = objectsIn(slice, 'ports').map((port) => ({
    ...port,
    name: textIn(port, 'name'),
    protocol: textIn(port, 'protocol') || 'TCP',
  }));
  // Both fields lack `omitempty`: an empty list is answered as null.
  return {
    ...slice,
    endpoints: endpoints.length === 0 ? null : endpoints,
    ports: ports.length === 0 ? null : ports,
  };
}

function validateSlice(slice: JsonObject, old: JsonObject | undefined): FieldError[] {
  const type = textIn(slice, 'addressType');
  // After a change of type every address would be wrong as well; one error says it.
  if (old !== undefined && type !== old['addressType']) return [immutable('addressType', type)];
  const errors = [...validateEndpoints(slice, type), ...validatePorts(slice)];
  if (type === '') return [required('addressType'), ...errors];
  return ADDRESS_TYPES.includes(type) ? errors : [notSupported('addressType', type, ADDRESS_TYPES), ...errors];
}

function validateEndpoints(slice: JsonObject, type: string): FieldError[] {
  const endpoints = objectsIn(slice, 'endpoints');
  if (endpoints.length > MAX_ENDPOINTS) return [tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)];
  return endpoints.flatMap((endpoint, at) => validateEndpoint(endpoint, type, `endpoints[${at}]`));
}

function validateEndpoint(endpoint: JsonObject, type: string, field: string): FieldError[] {
  const addresses = textsIn(endpoint, 'addresses');
  const errors: FieldError[] = [];
  if (addresses.length === 0) errors.push(required(`${field}.addresses`, 'must contain at least 1 address'));
  if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(`${field}.addresses`, addresses.length, MAX_ADDRESSES));
  addresses.forEach((address, at) => {
    errors.push(...validateAddress(address, type, {list: `${field}.addresses`, item: `${field}.addresses[${at}]`}));
  });
  const hostname = textIn(endpoint, 'hostname');
  if (hostname !== '')
    errors.push(...wrongLabel(hostname).map((text) => invalidValue(`${field}.hostname`, hostname, text)));
  return errors;
}

function validateAddress(address: string, type: string, at: {list: string; item: string}): FieldError[] {
  if (type === 'FQDN') return wrongSubdomain(address).map((text) => invalidValue(at.item, address, text));
  const malformed = wrongIpAddress(address);
  if (malformed.length > 0) return malformed.map((text) => invalidValue(at.item, address, text));
  const special = specialIp(address).map((text) => invalidValue(at.item, address, text));
  if (type !== 'IPv4' && type !== 'IPv6') return special;
  // The family is told about the list, not about the item: so does upstream.
  return familyOfIp(address) === type
    ? special
    : [...special, invalidValue(at.list, address, `must be an ${type} address`)];
}

function validatePorts(slice: JsonObject): FieldError[] {
  const count = listAt(slice, 'ports').length;
  if (count > MAX_PORTS) return [tooMany('ports', count, MAX_PORTS)];
  const seen = new Set<string>();
  return objectsIn(slice, 'ports').flatMap((port, at) => {
    const errors: FieldError[] = [];
    const name = textIn(port, 'name');
    if (seen.has(name)) errors.push(duplicate(`ports[${at}].name`, name));
    seen.add(name);
    if (name !== '') errors.push(...wrongLabel(name).map((text) => invalidValue(`ports[${at}].name`, name, text)));
    const protocol = textIn(port, 'protocol');
    if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`ports[${at}].protocol`, protocol, PROTOCOLS));
    const application = textIn(port, 'appProtocol');
    if (application === '') return errors;
    return [
      ...errors,
      ...wrongQualifiedName(application).map((text) => invalidValue(`ports[${at}].appProtocol`, application, text)),
    ];
  });
}
