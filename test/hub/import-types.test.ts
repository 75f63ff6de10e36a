import {describe, expect, test} from 'vitest';
import type {ServiceImport} from '../../src/api/kinds.ts';
import {HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../../src/api/names.ts';
import {ImportTypes} from '../../src/hub/import-types.ts';
import type {Member} from '../../src/hub/member.ts';

/** The type of the imports that exist keeps a clusterset from flipping; one that somebody edited must not make it flip. */

const H = 'Headless';
const C = 'ClusterSetIP';

type Held = typeof H | typeof C | 'none';

interface Holding {
  readonly type: Held;
  readonly isCutOff?: boolean;
  readonly isGoing?: boolean;
  /** The exporter that the import names. */
  readonly of?: string;
}

function membersWith(holdings: readonly Holding[]): ReadonlyMap<string, Member> {
  return new Map(
    holdings.map(({type, isCutOff = false, isGoing = false, of = 'known'}, i) => {
      const object = {
        metadata: {
          name: 'foo',
          labels: {[MANAGED_BY_LABEL]: HUB_MANAGED_BY},
          ...(isGoing ? {deletionTimestamp: '2026-01-01T00:00:00Z'} : {}),
        },
        spec: {type, ports: []},
        status: {clusters: [{cluster: of}]},
      };
      const store = new Map(type === 'none' ? [] : [['a/foo', object as unknown as ServiceImport]]);
      const api = {state: isCutOff ? 'Unreachable' : 'Reachable'};
      return [`cluster-${i}`, {api, session: {watches: {imports: {store}}}} as unknown as Member];
    }),
  );
}

const typesOf = (holdings: readonly Holding[]): ImportTypes =>
  new ImportTypes(membersWith(holdings), (cluster) => cluster === 'unknown');

describe('of most members', () => {
  test.each([
    {name: 'nobody has one: the exports decide', holdings: [{type: 'none'}], expected: undefined},
    {name: 'all agree', holdings: [{type: H}, {type: H}], expected: H},
    {name: 'one of three was edited', holdings: [{type: C}, {type: H}, {type: H}], expected: H},
    {
      name: 'one of two was edited, and nobody can tell which: the exports decide',
      holdings: [{type: C}, {type: H}, {type: 'none'}],
      expected: undefined,
    },
    {
      name: 'those that are cut off don’t count',
      holdings: [{type: C}, {type: H, isCutOff: true}, {type: H, isCutOff: true}],
      expected: C,
    },
    {name: 'one that is being deleted doesn’t count', holdings: [{type: C, isGoing: true}], expected: undefined},
  ] satisfies readonly {name: string; holdings: readonly Holding[]; expected: string | undefined}[])(
    '$name',
    ({holdings, expected}) => {
      expect(typesOf(holdings).ofMost('a/foo', false)).toBe(expected);
    },
  );
});

test('after the export ended an import counts only where it remembers an exporter that can’t be asked', () => {
  const types = typesOf([{type: H}, {type: H}, {type: C, of: 'unknown'}]);
  expect(types.ofMost('a/foo', false)).toBe(H);
  expect(types.ofMost('a/foo', true)).toBe(C);
  expect(types.in('cluster-0', 'a/foo', true)).toBeUndefined();
  expect(types.in('cluster-2', 'a/foo', true)).toBe(C);
});
