import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import type {ServiceCIDR} from '../../src/api/kinds.ts';
import {apiServerRanges, countAddresses, serviceRanges} from '../../src/clusterset/service-ranges.ts';

const kubernetes = (...clusterIPs: string[]) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {namespace: 'default', name: 'kubernetes'},
  spec: {clusterIPs},
});

function declared(name: string, cidrs: readonly string[], isGoing = false): ServiceCIDR {
  const metadata = {name, ...(isGoing ? {deletionTimestamp: '2026-01-01T00:00:00Z'} : {})};
  return {apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata, spec: {cidrs}};
}

describe('the ranges of own Services', () => {
  const first = declared('kubernetes', ['10.96.0.0/16', 'fd00::/112']);
  test.each([
    {
      name: 'of ServiceCIDR objects, and the API server in any case',
      objects: [first],
      found: {cidrs: ['10.96.0.0/16', '10.96.0.1/32', 'fd00::/112'], size: 65_536},
    },
    {
      name: 'of all of them',
      objects: [first, declared('more', ['10.8.0.0/17', 'fd01::/112'])],
      found: {cidrs: ['10.8.0.0/17', '10.96.0.0/16', '10.96.0.1/32', 'fd00::/112', 'fd01::/112'], size: 98_304},
    },
    {
      name: 'one on its way out is still in use, but nothing to take from',
      objects: [first, declared('going', ['10.8.0.0/17', 'fd01::/112'], true)],
      found: {cidrs: ['10.8.0.0/17', '10.96.0.0/16', '10.96.0.1/32', 'fd00::/112', 'fd01::/112'], size: 65_536},
    },
    {
      name: 'where the kind is not served: the API server alone, and nobody knows how many',
      objects: [],
      found: {cidrs: ['10.96.0.1/32'], size: undefined},
    },
  ])('$name', ({objects, found}) => {
    expect(serviceRanges(objects, kubernetes('10.96.0.1'))).toEqual(found);
  });

  test('of an API server of both families, and of one that is not there', () => {
    expect(apiServerRanges(kubernetes('10.96.0.1', 'fd00::1'))).toEqual(['10.96.0.1/32', 'fd00::1/128']);
    expect(apiServerRanges(undefined)).toEqual([]);
  });
});

describe('how many Services have room', () => {
  test.each([
    {cidrs: ['10.96.0.0/24'], count: 256},
    {cidrs: ['10.96.0.0/24', 'fd00::/124'], count: 16},
    {cidrs: ['10.96.0.0/24', '10.96.0.0/25', '10.96.0.128/28'], count: 256},
    {cidrs: ['10.96.0.128/28', '10.96.0.0/24', '10.96.1.0/24'], count: 512},
    {cidrs: ['fd00::/64'], count: 2 ** 64},
    {cidrs: ['no range'], count: undefined},
    {cidrs: [], count: undefined},
  ])('$cidrs: $count', ({cidrs, count}) => {
    expect(countAddresses(cidrs)).toBe(count);
  });

  test('addresses count once, in whatever order ranges come', () => {
    const range = fc
      .tuple(fc.integer({min: 0, max: 255}), fc.integer({min: 24, max: 32}))
      .map(([last, prefix]) => ({first: last - (last % 2 ** (32 - prefix)), prefix}));
    fc.assert(
      fc.property(fc.array(range, {minLength: 1, maxLength: 8}), (ranges) => {
        const all = new Set(
          ranges.flatMap(({first, prefix}) => Array.from({length: 2 ** (32 - prefix)}, (_, i) => first + i)),
        );
        expect(countAddresses(ranges.map(({first, prefix}) => `10.96.0.${first}/${prefix}`))).toBe(all.size);
      }),
    );
  });
});
