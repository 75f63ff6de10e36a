import fc from 'fast-check';
import {
  clusterProperties,
  endpointSlices,
  exportPolicies,
  globalTrafficPolicies,
  leases,
  namespaces,
  remoteClusters,
  serviceExports,
  serviceImports,
  services,
  type Resource,
} from '../../../src/api/resources.ts';
import {MEMBERS, type MemberName, type Place, type Playground} from './playground.ts';
import type {Losses} from './losses.ts';
import * as user from './user.ts';

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
  | {
      readonly do: 'export';
      readonly m: MemberName;
      readonly key: Key;
      readonly group: 'mcs' | 'flomesh';
      readonly variant: user.Variant;
    }
  | {readonly do: 'unexport'; readonly m: MemberName; readonly key: Key; readonly group: 'mcs' | 'flomesh'}
  | {readonly do: 'namespace' | 'unnamespace'; readonly m: MemberName; readonly ns: 'a' | 'b'}
  | {readonly do: 'policy'; readonly name: 'p1' | 'p2'; readonly service: 'foo' | 'bar' | 'hl'; readonly deny: boolean}
  | {readonly do: 'unpolicy'; readonly name: 'p1' | 'p2'}
  | {readonly do: 'traffic'; readonly key: Key; readonly weight: number}
  | {readonly do: 'untraffic'; readonly key: Key}
  | {readonly do: 'cluster'; readonly m: MemberName; readonly region: string}
  | {readonly do: 'tamper'; readonly m: MemberName; readonly key: Key; readonly how: 'delete' | 'edit' | 'slices'}
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

export function commandsOf(o: {bulk: boolean}): fc.Arbitrary<readonly Command[]> {
  const m = fc.constantFrom(...MEMBERS);
  const key = fc.constantFrom(...KEYS);
  const variant = fc.constantFrom<user.Variant>(0, 1, 2, 3);
  const group = fc.constantFrom('mcs' as const, 'mcs' as const, 'flomesh' as const);
  const ns = fc.constantFrom('a' as const, 'b' as const);
  const name = fc.constantFrom('p1' as const, 'p2' as const);
  const resource = fc.constantFrom(...WATCHED);
  const one = <K extends Command['do'], A extends object>(what: K, of: {[P in keyof A]: fc.Arbitrary<A[P]>}) =>
    fc.record({do: fc.constant(what), ...of}) as unknown as fc.Arbitrary<Command>;
  const command = fc.oneof(
    {weight: 4, arbitrary: one('service', {m, key, variant})},
    {weight: 2, arbitrary: one('unservice', {m, key})},
    {weight: 2, arbitrary: one('ready', {m, key})},
    {weight: 1, arbitrary: one('unready', {m, key})},
    {weight: 5, arbitrary: one('export', {m, key, group, variant})},
    {weight: 4, arbitrary: one('unexport', {m, key, group})},
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
    {
      weight: 4,
      arbitrary: one('tamper', {m, key, how: fc.constantFrom('delete' as const, 'edit' as const, 'slices' as const)}),
    },
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

const HUB = {userAgent: 'isthmus-hub'};

/** What a sequence has done so far that its end has to undo. */
export interface Done {
  /** A list lacked what is there: only another list tells. */
  emptied: boolean;
}

/** Carries out one command; what is impossible at the moment does nothing. */
export async function carryOut(
  command: Command,
  {world, losses, done}: {world: Playground; losses: Pick<Losses, 'noteGoing'>; done: Done},
): Promise<void> {
  switch (command.do) {
    case 'service':
    case 'unservice':
    case 'ready':
    case 'unready':
    case 'export':
    case 'unexport':
    case 'namespace':
    case 'unnamespace':
    case 'tamper':
      actInMember(world, losses, command);
      return;
    case 'policy':
      user.putExportPolicy(world.hubApi, command.name, {services: [command.service], deny: command.deny});
      return;
    case 'unpolicy':
      user.remove(world.hubApi, exportPolicies, command.name);
      return;
    case 'traffic':
      user.putTrafficPolicy(world.hubApi, command.key, command.weight);
      return;
    case 'untraffic':
      user.remove(world.hubApi, globalTrafficPolicies, command.key);
      return;
    case 'cluster':
      user.editCluster(world.hubApi, command.m, {region: command.region});
      return;
    case 'partition':
    case 'heal':
      apiOf(world, command.m).faults.partition(command.do === 'partition');
      return;
    case 'emptyClusters':
      world.hubApi.faults.add({...HUB, verb: 'list', resource: 'clusters'}, {kind: 'emptyList'}, {times: 1});
      forceList(world.hubApi, 'clusters');
      done.emptied = true;
      return;
    case 'gone':
    case 'empty':
    case 'slow':
    case 'cut':
    case 'late':
    case 'repeat':
    case 'fail':
    case 'fails':
      disturb(world.member(command.m), command, done);
      return;
    case 'crash':
    case 'restart':
      await world.stopHub(command.do === 'crash' ? 'crash' : 'stop');
      world.startHub();
      return;
    case 'down':
      await world.stopHub('crash');
      return;
    case 'up':
      if (world.hub === undefined) world.startHub();
      return;
    case 'settle':
      await world.settle();
      return;
    case 'pass':
      await world.pass(command.ms);
      return;
    case 'calm':
      return;
  }
}

type InMember = Extract<
  Command,
  {do: 'service' | 'unservice' | 'ready' | 'unready' | 'export' | 'unexport' | 'namespace' | 'unnamespace' | 'tamper'}
>;

function actInMember(world: Playground, losses: Pick<Losses, 'noteGoing'>, command: InMember): void {
  const api = world.member(command.m);
  const number = MEMBERS.indexOf(command.m) + 1;
  switch (command.do) {
    case 'service':
      user.putService(api, command.key, {variant: command.variant, number});
      return;
    case 'unservice':
      user.removeService(api, command.key);
      return;
    case 'ready':
    case 'unready':
      user.putSlice(api, command.key, {ready: command.do === 'ready', number});
      return;
    case 'export':
      user.putExport(api, command.key, command);
      return;
    case 'unexport':
      user.removeExport(api, command.key, command.group);
      return;
    case 'namespace':
      user.makeNamespace(api, command.ns);
      return;
    case 'unnamespace':
      losses.noteGoing(
        KEYS.filter((key) => key.startsWith(`${command.ns}/`)),
        command.m,
      );
      user.remove(api, namespaces, command.ns);
      return;
    case 'tamper':
      user.tamper(api, command.key, command.how);
      return;
  }
}

type Disturbance = Extract<Command, {readonly resource: Resource}> | Extract<Command, {readonly do: 'fails'}>;

function disturb(api: Place, command: Disturbance, done: Done): void {
  if (command.do === 'fails') {
    api.faults.add(HUB, {kind: 'status', code: 500}, {times: command.times});
    return;
  }
  const {plural: resource, group} = command.resource;
  const match = {...HUB, resource, group};
  switch (command.do) {
    case 'gone':
      forceList(api, resource, group);
      return;
    case 'empty':
      api.faults.add({...match, verb: 'list'}, {kind: 'emptyList'}, {times: 1});
      forceList(api, resource, group);
      done.emptied = true;
      return;
    case 'slow':
      api.faults.add({...match, verb: 'list'}, {kind: 'latency', ms: 3_000}, {times: 1});
      forceList(api, resource, group);
      return;
    case 'fail':
      api.faults.add({...match, verb: 'list'}, {kind: 'status', code: 503}, {times: 2});
      forceList(api, resource, group);
      return;
    case 'cut':
      api.faults.dropWatches(match);
      return;
    case 'late':
      api.faults.add({...match, verb: 'watch'}, {kind: 'latency', ms: 700}, {times: 1});
      api.faults.dropWatches(match);
      return;
    case 'repeat':
      api.repeatEvents(command.resource, 5);
      return;
  }
}

/** The next watch is told that its place is too old, so that everything is listed anew. */
export function forceList(api: Place, resource: string, group = resource === 'clusters' ? 'flomesh.io' : ''): void {
  const match = {...HUB, resource, group};
  api.faults.add({...match, verb: 'watch'}, {kind: 'gone'}, {times: 1});
  api.faults.dropWatches(match);
}

function apiOf(world: Playground, name: MemberName | 'hub'): Place {
  return name === 'hub' ? world.hubApi : world.member(name);
}
