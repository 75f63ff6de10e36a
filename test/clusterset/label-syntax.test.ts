import {describe, expect, test} from 'vitest';

import {exportable, exportedMapFaults} from '../../src/clusterset/label-syntax.ts';

describe('exported labels and annotations (reference: MCS §1.6)', () => {
  const cases = [
    {name: 'a plain label', map: {team: 'pay'}, of: 'label', fault: undefined},
    {name: 'a qualified key', map: {'example.org/team': 'pay'}, of: 'label', fault: undefined},
    {name: 'an empty value', map: {team: ''}, of: 'label', fault: undefined},
    {name: 'an empty key', map: {'': 'x'}, of: 'label', fault: 'not a valid label key'},
    {name: 'a space in the key', map: {'a b': 'x'}, of: 'annotation', fault: 'not a valid annotation key'},
    {name: 'a prefix that is no domain', map: {'Example.org/a': 'x'}, of: 'label', fault: 'not a valid label key'},
    {name: 'two slashes', map: {'a/b/c': 'x'}, of: 'label', fault: 'not a valid label key'},
    {name: 'a name of 64 characters', map: {['a'.repeat(64)]: 'x'}, of: 'label', fault: 'not a valid label key'},
    {name: 'the longest name and value', map: {['a'.repeat(63)]: 'b'.repeat(63)}, of: 'label', fault: undefined},
    {name: 'a prefix of 253 characters', map: {[`${'a.'.repeat(126)}a/b`]: 'x'}, of: 'label', fault: undefined},
    {name: 'a prefix of 254 characters', map: {[`${'a.'.repeat(126)}aa/b`]: 'x'}, of: 'label', fault: 'not a valid'},
    {name: 'a label value with a space', map: {team: 'a b'}, of: 'label', fault: 'the value of label team'},
    {name: 'a label value of 64 characters', map: {team: 'a'.repeat(64)}, of: 'label', fault: 'at most 63'},
    {name: 'an annotation may hold anything', map: {team: 'a b\n{}'}, of: 'annotation', fault: undefined},
    {name: 'what says who is ready', map: {'isthmus.dev/ready': 'a'}, of: 'annotation', fault: 'reserved'},
    {name: 'the TTL of the answer may be said', map: {'isthmus.dev/dns-ttl': '5'}, of: 'annotation', fault: undefined},
    {name: 'source cluster', map: {'multicluster.kubernetes.io/source-cluster': 'a'}, of: 'label', fault: 'reserved'},
    {name: 'managed-by', map: {'app.kubernetes.io/managed-by': 'helm'}, of: 'label', fault: 'reserved'},
    {name: 'other recommended labels', map: {'app.kubernetes.io/name': 'foo'}, of: 'label', fault: undefined},
  ] as const;
  test.each(cases)('$name', ({map, of, fault}) => {
    const faults = exportedMapFaults(map, of);
    if (fault === undefined) expect(faults).toEqual([]);
    else expect(faults).toEqual([{key: Object.keys(map)[0], message: expect.stringContaining(fault)}]);
    expect(exportable(map, of)).toEqual(fault === undefined ? map : {});
  });

  test('annotations of more than 256 KiB together are left out as a whole', () => {
    const map = {a: 'ü'.repeat(70_000), b: 'x'.repeat(130_000)};
    expect(exportedMapFaults(map, 'annotation').map(({key}) => key)).toEqual(['a', 'b']);
    const most = {a: 'x'.repeat(256 * 1024 - 1)};
    expect(exportable(most, 'annotation')).toEqual(most);
    expect(exportable({ab: most.a}, 'annotation')).toEqual({});
  });
});
