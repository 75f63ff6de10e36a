import {describe, expect, test} from 'vitest';
import {ServiceIpAllocator} from '../../../src/dev/builtin/service-ip-allocator.ts';
import {memoryCluster, namespace, service} from '../controllers/memory-cluster.ts';

const CLAIM = {owner: 'bar/foo', dryRun: false, nowMs: 1_000};

describe('the Service range of an embedded cluster', () => {
  test('each cluster has ranges of its own', () => {
    expect(new ServiceIpAllocator({index: 0}).cidrs).toEqual({IPv4: '10.100.0.0/16', IPv6: 'fd00::/112'});
    expect(new ServiceIpAllocator({index: 10}).cidrs).toEqual({IPv4: '10.110.0.0/16', IPv6: 'fd00:0:0:a::/112'});
  });

  test('addresses count from the beginning of the range', () => {
    const allocator = new ServiceIpAllocator({index: 3});
    expect(allocator.at('IPv4', 1)).toBe('10.103.0.1');
    expect(allocator.at('IPv4', 0x1_02)).toBe('10.103.1.2');
    expect(allocator.at('IPv6', 1)).toBe('fd00:0:0:3::1');
    expect(allocator.at('IPv6', 0xabcd)).toBe('fd00:0:0:3::abcd');
  });

  test('the lowest addresses are left to those who name one', () => {
    const allocator = new ServiceIpAllocator({index: 1, random: () => 0});
    expect(allocator.next('IPv4', CLAIM)).toBe('10.101.1.0');
  });

  test('a reservation lasts a minute, for others', () => {
    const allocator = new ServiceIpAllocator({index: 1});
    expect(allocator.claim('10.101.0.9', CLAIM)).toBe('Ok');
    expect(allocator.claim('10.101.0.9', CLAIM)).toBe('Ok');
    expect(allocator.claim('10.101.0.9', {...CLAIM, owner: 'bar/other'})).toBe('Taken');
    expect(allocator.claim('10.101.0.9', {...CLAIM, owner: 'bar/other', nowMs: 62_000})).toBe('Ok');
  });

  test('what a refused Service reserved is given back', () => {
    const allocator = new ServiceIpAllocator({index: 1});
    allocator.claim('10.101.0.9', CLAIM);
    allocator.giveBack('bar/foo');
    expect(allocator.claim('10.101.0.9', {...CLAIM, owner: 'bar/other'})).toBe('Ok');
  });

  test('a dry run keeps nothing', () => {
    const allocator = new ServiceIpAllocator({index: 1});
    expect(allocator.claim('10.101.0.9', {...CLAIM, dryRun: true})).toBe('Ok');
    expect(allocator.claim('10.101.0.9', {...CLAIM, owner: 'bar/other'})).toBe('Ok');
  });

  test('stored Services hold their addresses, whenever they came', () => {
    const {api, allocator} = memoryCluster(1);
    api.create({group: '', plural: 'namespaces'}, namespace('bar'));
    api.create({group: '', plural: 'services'}, service('foo', {clusterIP: '10.101.0.9', ports: [{port: 80}]}));
    const late = new ServiceIpAllocator({index: 1});
    late.follow(api);
    for (const one of [allocator, late]) expect(one.claim('10.101.0.9', CLAIM)).toBe('Taken');
    expect(late.claim('10.102.0.9', CLAIM)).toBe('OutOfRange');
  });

  test('a full range says so', () => {
    const allocator = new ServiceIpAllocator({index: 1, random: () => 0});
    for (let at = 1; at < 65_535; at++)
      allocator.claim(allocator.at('IPv6', at), {...CLAIM, owner: `bar/${at}`, nowMs: 1});
    expect(allocator.next('IPv6', CLAIM)).toBeUndefined();
  });
});
