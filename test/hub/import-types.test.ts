import {expect, test} from 'vitest';
import type {ServiceImport} from '../../src/api/kinds.ts';
import {HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../../src/api/names.ts';
import {ImportTypes} from '../../src/hub/import-types.ts';
import type {Member} from '../../src/hub/member.ts';

/** The type of the imports that exist keeps a clusterset from flipping; one that somebody edited must not make it flip. */

const H = 'Headless';
const C = 'ClusterSetIP';

function membersWith(types: readonly (typeof H | typeof C | 'none')[]): ReadonlyMap<string, Member> {
  return new Map(
    types.map((type, i) => {
      const object = {metadata: {name: 'foo', labels: {[MANAGED_BY_LABEL]: HUB_MANAGED_BY}}, spec: {type, ports: []}};
      const store = new Map(type === 'none' ? [] : [['a/foo', object as unknown as ServiceImport]]);
      return [`cluster-${i}`, {session: {watches: {imports: {store}}}} as unknown as Member];
    }),
  );
}

test.each([
  {name: 'nobody has one: the exports decide', types: ['none'], expected: undefined},
  {name: 'all agree', types: [H, H], expected: H},
  {name: 'one of three was edited', types: [C, H, H], expected: H},
  {
    name: 'one of two was edited, and nobody can tell which: the exports decide',
    types: [C, H, 'none'],
    expected: undefined,
  },
] as const)('$name', ({types, expected}) => {
  expect(new ImportTypes(membersWith(types)).ofMost('a/foo')).toBe(expected);
});
