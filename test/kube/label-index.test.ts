import fc from 'fast-check';
import {expect, test} from 'vitest';

import {LabelIndex} from '../../src/kube/label-index.ts';
import type {EndpointSlice} from '../../src/api/kinds.ts';

const LABEL = 'kubernetes.io/service-name';

function slice(name: string, owner: string | undefined): EndpointSlice {
  const labels: Record<string, string> = owner === undefined ? {} : {[LABEL]: owner};
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {name, namespace: 'n', labels},
    addressType: 'IPv4',
  };
}

test('a slice whose label moves changes both owners', () => {
  const index = new LabelIndex<EndpointSlice>(LABEL);
  index.set('n/s', slice('s', 'a'));
  expect(index.set('n/s', slice('s', 'b'))).toEqual(['n/a', 'n/b']);
  expect(index.of('n/a')).toEqual([]);
  expect(index.of('n/b')).toHaveLength(1);
});

test('a slice without the label belongs to nobody', () => {
  const index = new LabelIndex<EndpointSlice>(LABEL);
  expect(index.set('n/s', slice('s', undefined))).toEqual([]);
});

test('whatever happens, the index holds what the last state of each slice says', () => {
  const change = fc.record({
    key: fc.constantFrom('x', 'y', 'z'),
    owner: fc.option(fc.constantFrom('a', 'b'), {nil: undefined}),
    gone: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, {maxLength: 30}), (changes) => {
      const index = new LabelIndex<EndpointSlice>(LABEL);
      const last = new Map<string, string | undefined>();
      for (const {key, owner, gone} of changes) {
        index.set(`n/${key}`, gone ? undefined : slice(key, owner));
        last.set(key, gone ? undefined : owner);
      }
      for (const owner of ['a', 'b']) {
        const expected = [...last].filter(([, of]) => of === owner).map(([key]) => key);
        expect(
          index
            .of(`n/${owner}`)
            .map(({metadata}) => metadata.name)
            .sort(),
        ).toEqual(expected.sort());
      }
    }),
  );
});
