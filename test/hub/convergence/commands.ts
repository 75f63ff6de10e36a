import fc from 'fast-check';
import {
  clusterProperties,
  endpointSlices,
  leases,
  namespaces,
  remoteClusters,
  serviceExports,
  serviceImports,
  services,
  type Resource,
} from '../../../src/api/resources.ts';
import {MEMBERS, type MemberName} from './playground.ts';
import type * as user from './user.ts';

export const KEYS = ['a/foo', 'a/bar', 'a/hl', 'b/foo', 'b/bar', 'b/hl'] as const;
/** Twelve exports of the first member: only where there are ten or more is a list that came back empty held to be a fault. */
export const BULK = Array.from({length: 12}, (_, i) => `bulk/s${i}`);

type Key = (typeof KEYS)[number];

const WATCHED: readonly Resource[] = [
  ...[serviceExports, services, endpointSlices, namespaces, serviceImports, remoteClusters, clusterProperties, leases],
];

export type Command =
  | {readonly do: 'service'; readonly m: MemberName; readonly key: Key; readonly variant: user.Variant}
  | {readonly do: 'unservice' | 'ready' | 'unready'; readonly m: MemberName; readonly key: Key}
  | {readonly do: 'retype'; readonly m: MemberName; readonly key: Key; readonly variant: user.Variant}
  | ({readonly do: 'export'; readonly m: MemberName; readonly key: Key} & user.ExportOptions)
  | {readonly do: 'unexport'; readonly m: MemberName; readonly key: Key; readonly group: user.Group}
  | {readonly do: 'namespace' | 'unnamespace'; readonly m: MemberName; readonly ns: 'a' | 'b'}
  | {readonly do: 'policy'; readonly name: 'p1' | 'p2'; readonly service: 'foo' | 'bar' | 'hl'; readonly deny: boolean}
  | {readonly do: 'unpolicy'; readonly name: 'p1' | 'p2'}
  | {readonly do: 'traffic'; readonly key: Key; readonly weight: number}
  | {readonly do: 'untraffic'; readonly key: Key}
  | {readonly do: 'cluster'; readonly m: MemberName; readonly region: string}
  | {readonly do: 'drain'; readonly m: MemberName; readonly how: 'none' | 'half' | 'all' | 'ramp'}
  | {readonly do: 'leave' | 'join' | 'confirm'; readonly m: MemberName}
  | {readonly do: 'unexportBulk' | 'exportBulk'}
  | {readonly do: 'tamper'; readonly m: MemberName; readonly key: Key; readonly how: user.Tampering}
  | {readonly do: 'partition' | 'heal'; readonly m: MemberName | 'hub'}
  | {
      readonly do: 'gone' | 'empty' | 'slow' | 'cut' | 'late' | 'repeat' | 'fail';
      readonly m: MemberName;
      readonly resource: Resource;
    }
  | {readonly do: 'fails'; readonly m: MemberName; readonly times: number}
  | {readonly do: 'emptyClusters'}
  | {readonly do: 'crash' | 'restart' | 'down' | 'up'}
  | {readonly do: 'settle'}
  | {readonly do: 'pass'; readonly ms: number}
  | {readonly do: 'calm'};

/** Of exports of FSM's groups; both forms of a name. */
const TARGETS = [...[[], [], [], ['cluster-1'], ['cluster-2', 'cluster-3']], ['default/default/default/cluster-3']];

type One = <K extends Command['do'], A extends object>(
  what: K,
  of: {[P in keyof A]: fc.Arbitrary<A[P]>},
) => fc.Arbitrary<Command>;

/** Deletions that are held back, and let through. */
function ofBulk(one: One): readonly {weight: number; arbitrary: fc.Arbitrary<Command>}[] {
  return [
    {weight: 2, arbitrary: one('unexportBulk', {})},
    {weight: 1, arbitrary: one('exportBulk', {})},
    {weight: 3, arbitrary: one('confirm', {m: fc.constant('cluster-1' as const)})},
  ];
}

export function commandsOf(o: {bulk: boolean}): fc.Arbitrary<readonly Command[]> {
  const m = fc.constantFrom(...MEMBERS);
  const key = fc.constantFrom(...KEYS);
  const variant = fc.constantFrom<user.Variant>(0, 1, 2, 3);
  const group = fc.constantFrom<user.Group>('mcs', 'mcs', 'mcs', 'flomesh', 'flomesh', 'flomesh-mcs');
  const targets = fc.constantFrom<readonly string[]>(...TARGETS);
  const ns = fc.constantFrom('a' as const, 'b' as const);
  const name = fc.constantFrom('p1' as const, 'p2' as const);
  const resource = fc.constantFrom(...WATCHED);
  const one: One = (what, of) => fc.record({do: fc.constant(what), ...of}) as unknown as fc.Arbitrary<Command>;
  const command = fc.oneof(
    {weight: 4, arbitrary: one('service', {m, key, variant})},
    {weight: 2, arbitrary: one('unservice', {m, key})},
    {weight: 2, arbitrary: one('ready', {m, key})},
    {weight: 1, arbitrary: one('unready', {m, key})},
    {weight: 5, arbitrary: one('export', {m, key, group, variant, targets})},
    {weight: 4, arbitrary: one('unexport', {m, key, group})},
    {weight: 3, arbitrary: one('retype', {m, key, variant})},
    {weight: 1, arbitrary: one('namespace', {m, ns})},
    {weight: 1, arbitrary: one('unnamespace', {m, ns})},
    {
      weight: 1,
      arbitrary: one('policy', {
        name,
        service: fc.constantFrom('foo' as const, 'bar' as const, 'hl' as const),
        deny: fc.boolean(),
      }),
    },
    {weight: 1, arbitrary: one('unpolicy', {name})},
    {weight: 1, arbitrary: one('traffic', {key, weight: fc.nat({max: 5})})},
    {weight: 1, arbitrary: one('untraffic', {key})},
    {weight: 1, arbitrary: one('cluster', {m, region: fc.constantFrom('x', 'y')})},
    {weight: 1, arbitrary: one('drain', {m, how: fc.constantFrom('none', 'half', 'all', 'ramp')})},
    {weight: 1, arbitrary: one('leave', {m})},
    {weight: 3, arbitrary: one('join', {m})},
    {
      weight: 4,
      arbitrary: one('tamper', {
        m,
        key,
        how: fc.constantFrom<user.Tampering>('delete', 'delete', 'edit', 'type', 'slices', 'flomesh', 'told'),
      }),
    },
    ...(o.bulk ? ofBulk(one) : []),
    {weight: 5, arbitrary: one('partition', {m: fc.constantFrom(...MEMBERS, 'hub' as const)})},
    {weight: 2, arbitrary: one('heal', {m: fc.constantFrom(...MEMBERS, 'hub' as const)})},
    {weight: 2, arbitrary: one('gone', {m, resource})},
    // Where there is a guard it is what is to be tried: an empty list of exports most of all, and time to read it.
    {
      weight: o.bulk ? 6 : 2,
      arbitrary: one('empty', {
        m: o.bulk ? fc.constant('cluster-1' as const) : m,
        resource: o.bulk ? fc.oneof(fc.constant(serviceExports), resource) : fc.constantFrom(...WATCHED.slice(1)),
      }),
    },
    {weight: 2, arbitrary: one('slow', {m, resource})},
    {weight: 2, arbitrary: one('cut', {m, resource})},
    {weight: 2, arbitrary: one('late', {m, resource})},
    {weight: 2, arbitrary: one('repeat', {m, resource})},
    {weight: 1, arbitrary: one('fail', {m, resource})},
    {weight: 1, arbitrary: one('fails', {m, times: fc.integer({min: 1, max: 6})})},
    {weight: 1, arbitrary: one('emptyClusters', {})},
    {weight: 3, arbitrary: one('crash', {})},
    {weight: 2, arbitrary: one('restart', {})},
    {weight: 2, arbitrary: one('down', {})},
    {weight: 2, arbitrary: one('up', {})},
    {weight: 4, arbitrary: one('settle', {})},
    {weight: 9, arbitrary: one('pass', {ms: fc.constantFrom(5, 100, 1_000, 6_000, 6_000)})},
    {weight: 1, arbitrary: one('calm', {})},
  );
  return fc.array(command, {minLength: 1, maxLength: 20});
}
