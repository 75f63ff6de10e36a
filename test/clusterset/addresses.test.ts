import {describe, expect, test} from 'vitest';

import {isCidr, refuseAddress} from '../../src/clusterset/addresses.ts';

describe('addresses that came from another cluster (design §10, CVE-2026-66788)', () => {
  const cases = [
    ['10.1.2.3', undefined],
    ['192.0.2.1', undefined],
    ['fd00::1', undefined],
    ['2001:db8::1', undefined],
    ['0.0.0.0', 'Unspecified'],
    ['0.1.2.3', 'Unspecified'],
    ['::', 'Unspecified'],
    ['127.0.0.1', 'Loopback'],
    ['127.255.255.254', 'Loopback'],
    ['::1', 'Loopback'],
    ['169.254.169.254', 'LinkLocal'],
    ['fe80::1', 'LinkLocal'],
    ['febf::1', 'LinkLocal'],
    ['224.0.0.1', 'Multicast'],
    ['239.255.255.255', 'Multicast'],
    ['ff02::1', 'Multicast'],
    ['255.255.255.255', 'Broadcast'],
    ['240.0.0.1', 'Reserved'],
    ['255.255.255.254', 'Reserved'],
    ['::ffff:127.0.0.1', 'Reserved'],
    ['::ffff:a9fe:a9fe', 'Reserved'],
    ['::127.0.0.1', 'Reserved'],
    ['64:ff9b::a9fe:a9fe', 'Reserved'],
    ['64:ff9b:1::a9fe:a9fe', 'Reserved'],
    ['2002:a9fe:a9fe::1', 'Reserved'],
    ['2001:0:7f00:1::', 'Reserved'],
    ['192.0.0.8', 'Reserved'],
    ['192.0.0.192', 'MetadataService'],
    ['168.63.129.16', 'MetadataService'],
    ['100.100.100.200', 'MetadataService'],
    ['100.100.100.201', undefined],
    ['fd00:ec2::254', 'MetadataService'],
    ['fd20:ce::254', 'MetadataService'],
    ['', 'NotAnAddress'],
    ['example.org', 'NotAnAddress'],
    ['10.0.0', 'NotAnAddress'],
    ['010.0.0.1', 'NotAnAddress'],
    ['10.0.0.1 ', 'NotAnAddress'],
    ['10.0.0.1/24', 'NotAnAddress'],
    ['fe80::1%eth0', 'NotAnAddress'],
  ] as const;
  test.each(cases)('%s: %s', (address, refusal) => {
    expect(refuseAddress(address, {development: false})).toBe(refusal);
  });

  test('development allows loopback, and nothing else that is refused', () => {
    const allowed = cases.filter(([address]) => refuseAddress(address, {development: true}) === undefined);
    const loopback = cases.filter(([, refusal]) => refusal === undefined || refusal === 'Loopback');
    expect(allowed).toEqual(loopback);
  });

  test('the service range of the receiving cluster is closed: its first address is the API server', () => {
    const serviceCIDRs = ['10.96.0.0/16', 'fd00:96::/112'];
    expect(refuseAddress('10.96.0.1', {development: false, serviceCIDRs})).toBe('ServiceRange');
    expect(refuseAddress('fd00:96::1', {development: false, serviceCIDRs})).toBe('ServiceRange');
    expect(refuseAddress('10.97.0.1', {development: false, serviceCIDRs})).toBeUndefined();
  });

  test('only declared pod ranges, where any are declared', () => {
    const podCIDRs = ['10.244.0.0/16'];
    expect(refuseAddress('10.244.3.4', {development: false, podCIDRs})).toBeUndefined();
    expect(refuseAddress('10.245.3.4', {development: false, podCIDRs})).toBe('OutsidePodCIDRs');
    expect(refuseAddress('fd00::1', {development: false, podCIDRs})).toBe('OutsidePodCIDRs');
    expect(refuseAddress('10.245.3.4', {development: false, podCIDRs: []})).toBeUndefined();
  });

  test('a declared range that is none opens nothing', () => {
    expect(refuseAddress('10.244.3.4', {development: false, podCIDRs: ['everything']})).toBe('OutsidePodCIDRs');
  });
});

test.each([
  ['10.0.0.0/8', true],
  ['fd00::/64', true],
  ['10.0.0.0/33', false],
  ['fd00::/129', false],
  ['10.0.0.0', false],
  ['10.0.0/8', false],
  ['10.0.0.0/8 ', false],
])('%s is a range: %s', (text, yes) => {
  expect(isCidr(text)).toBe(yes);
});
