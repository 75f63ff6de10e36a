import {describe, expect, test} from 'vitest';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {memoryCluster} from '../controllers/memory-cluster.ts';

const {strategy} = memoryCluster().typeOf('endpointslices');

function slice(fields: JsonObject): JsonObject {
  const ports = [{name: 'http', port: 80, protocol: 'TCP'}];
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {name: 't', namespace: 'bar'},
    ports,
    ...fields,
  };
}

function errorsOf(fields: JsonObject, old?: JsonObject): string[] {
  const {api} = memoryCluster();
  const context = {dryRun: false, storage: api, nowMs: 0};
  const object = strategy.prepare?.(slice(fields), old, context) ?? {};
  return (strategy.validate?.(object, old, context) ?? []).map((error) => `${error.field}: ${error.message}`);
}

function errorsOfAddress(addressType: string, address: string): string[] {
  return errorsOf({addressType, endpoints: [{addresses: [address]}]});
}

describe('addresses that a kube-apiserver refuses', () => {
  const item = (address: string, text: string): string =>
    `endpoints[0].addresses[0]: Invalid value: ${JSON.stringify(address)}: ${text}`;
  const LOOPBACK = 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
  const LINK_LOCAL = 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';
  const MULTICAST = 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';
  test.each([
    ['IPv4', '127.0.0.1', LOOPBACK],
    ['IPv4', '127.1.2.3', LOOPBACK],
    ['IPv4', '0.0.0.0', 'may not be unspecified (0.0.0.0)'],
    ['IPv4', '169.254.1.1', LINK_LOCAL],
    ['IPv4', '224.0.0.1', MULTICAST],
    ['IPv4', '010.1.1.1', 'must not have leading 0s'],
    ['IPv4', 'abc', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ['IPv4', '::ffff:1.2.3.4', 'must not be an IPv4-mapped IPv6 address'],
    ['IPv6', '::1', LOOPBACK],
    ['IPv6', '::', 'may not be unspecified (::)'],
    ['IPv6', 'fe80::1', LINK_LOCAL],
    ['IPv6', 'ff02::1', MULTICAST],
    ['IPv6', 'FD00:0::1', 'must be in canonical form ("fd00::1")'],
    ['IPv6', '::ffff:127.0.0.1', 'must not be an IPv4-mapped IPv6 address'],
  ])('%s %s', (type, address, text) => {
    expect(errorsOfAddress(type, address)).toEqual([item(address, text)]);
  });

  test('another family is told about the list', () => {
    expect(errorsOfAddress('IPv4', 'fd00::1')).toEqual([
      'endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address',
    ]);
    expect(errorsOfAddress('IPv6', '1.2.3.4')).toEqual([
      'endpoints[0].addresses: Invalid value: "1.2.3.4": must be an IPv6 address',
    ]);
  });
});

test.each([
  ['IPv4', '224.0.1.5'],
  ['IPv4', '239.1.1.1'],
  ['IPv4', '255.255.255.255'],
  ['IPv4', '240.0.0.1'],
  ['IPv4', '10.101.0.1'],
  ['IPv4', '8.8.8.8'],
  ['IPv6', 'ff05::1'],
  ['IPv6', 'fd00::1'],
  ['FQDN', 'example.com'],
])('%s %s is accepted, as it is by a kube-apiserver', (type, address) => {
  expect(errorsOfAddress(type, address)).toEqual([]);
});

describe('limits', () => {
  const many = (count: number): string[] => Array.from({length: count}, (_, at) => `8.8.${at >> 8}.${at & 255}`);
  test('100 addresses an endpoint, 1,000 endpoints', () => {
    expect(errorsOf({addressType: 'IPv4', endpoints: [{addresses: many(101)}]})).toEqual([
      'endpoints[0].addresses: Too many: 101: must have at most 100 items',
    ]);
    const endpoints = many(1001).map((address) => ({addresses: [address]}));
    expect(errorsOf({addressType: 'IPv4', endpoints})).toEqual([
      'endpoints: Too many: 1001: must have at most 1000 items',
    ]);
  });

  test('port names are unique, the empty one too', () => {
    expect(errorsOf({addressType: 'IPv4', ports: [{port: 80}, {port: 81}]})).toEqual([
      'ports[1].name: Duplicate value: ""',
    ]);
  });

  test('the address type never changes', () => {
    expect(errorsOf({addressType: 'IPv6'}, slice({addressType: 'IPv4'}))).toEqual([
      'addressType: Invalid value: "IPv6": field is immutable',
    ]);
  });
});

test('an empty list is answered as null, conditions and port defaults are filled in', () => {
  const {api} = memoryCluster();
  const context = {dryRun: false, storage: api, nowMs: 0};
  const prepare = (fields: JsonObject): JsonObject => strategy.prepare?.(slice(fields), undefined, context) ?? {};
  expect(prepare({endpoints: [], ports: null})).toMatchObject({endpoints: null, ports: null});
  expect(prepare({endpoints: [{addresses: ['8.8.8.8']}], ports: [{port: 80}]})).toMatchObject({
    endpoints: [{addresses: ['8.8.8.8'], conditions: {}}],
    ports: [{name: '', port: 80, protocol: 'TCP'}],
  });
});

test('names as endpoints are deprecated, and that is said', () => {
  expect(strategy.warnings?.(slice({addressType: 'FQDN'}), undefined)).toEqual([
    'spec.addressType: FQDN endpoints are deprecated',
  ]);
});
