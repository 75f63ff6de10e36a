import type {KubeObject} from '../../../src/api/meta.ts';
import {memberRecordName} from '../../../src/api/names.ts';
import {clusters, configMaps, exportPolicies, globalTrafficPolicies, namespaces} from '../../../src/api/resources.ts';
import {fromRecordData, type RecordData} from '../../../src/hub/member-record.ts';
import type {AllowedTypes} from './allowed-types.ts';
import {BULK, type Command, KEYS} from './commands.ts';
import {disturb, forceList, HUB} from './disturb.ts';
import type {Losses} from './losses.ts';
import {MEMBERS, type MemberName, type Place, type Playground} from './playground.ts';
import * as user from './user.ts';

/** What a sequence has done so far that its end has to undo. */
export interface Done {
  /** A list lacked what is there: only another list tells. */
  emptied: boolean;
  /** Deletions that were held back when somebody confirmed them: they must come through, unless something else went since. */
  confirmed?: readonly string[];
}

/** Who has to know what is done; on embedded servers nobody keeps a history. */
export interface Company {
  readonly world: Playground;
  readonly losses?: Losses;
  readonly types?: AllowedTypes;
  readonly done: Done;
}

/** What the hub holds back and has written down: of anything else nobody was told, and a hub that crashes holds it anew, and later. */
function heldAndTold({hub, hubApi}: Playground, name: MemberName): readonly string[] {
  const record = hubApi.find<KubeObject & {data?: RecordData}>(configMaps, `isthmus-system/${memberRecordName(name)}`);
  const told = fromRecordData(record?.data ?? {}).held?.keys;
  const held = hub?.status().members.find(({cluster}) => cluster === name)?.heldBack ?? [];
  return held.filter((key) => told?.has(key) === true);
}

/** Carries out one command; what is impossible at the moment does nothing. */
export async function carryOut(command: Command, company: Company): Promise<void> {
  const {world, losses, types, done} = company;
  switch (command.do) {
    case 'service':
    case 'unservice':
    case 'ready':
    case 'unready':
    case 'export':
    case 'unexport':
    case 'retype':
    case 'namespace':
    case 'unnamespace':
    case 'tamper':
      actInMember(company, command);
      if (REMOVING.has(command.do)) done.confirmed = [];
      return;
    case 'drain':
      user.editCluster(world.hubApi, command.m, DRAINS[command.how]());
      if (command.how === 'all' || command.how === 'ramp') losses?.noteBelief(command.m);
      return;
    case 'leave':
      losses?.noteLeaving(command.m);
      done.confirmed = [];
      user.remove(world.hubApi, clusters, command.m);
      return;
    case 'join':
      // One that still leaves is not registered again: whoever does it waits.
      if (world.hubApi.find(clusters, command.m) === undefined) world.register(command.m);
      return;
    case 'confirm':
      user.confirmDeletions(world.hubApi, command.m);
      losses?.noteBelief(command.m);
      done.confirmed = heldAndTold(world, command.m);
      return;
    case 'unexportBulk':
    case 'exportBulk':
      for (const key of BULK) {
        const one = world.member('cluster-1');
        if (command.do === 'exportBulk') user.putExport(one, key, {group: 'mcs', variant: 0});
        else user.removeExport(one, key, 'mcs');
      }
      done.confirmed = [];
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
      disturb(world.member(command.m), command, {done, losses});
      if (command.do === 'empty') done.confirmed = [];
      return;
    case 'crash':
    case 'restart':
      await world.stopHub(command.do === 'crash' ? 'crash' : 'stop');
      types?.noteStart();
      world.startHub();
      return;
    case 'down':
      await world.stopHub('crash');
      return;
    case 'up':
      if (world.hub !== undefined) return;
      types?.noteStart();
      world.startHub();
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

/** What goes after a confirmation may be held back with what was confirmed. */
const REMOVING: ReadonlySet<string> = new Set(['unservice', 'unexport', 'retype', 'unnamespace']);

/** As `spec` of a Cluster, by merge patch. */
const DRAINS: Readonly<Record<'none' | 'half' | 'all' | 'ramp', () => object>> = {
  none: () => ({drain: null, drainPercent: null, drainRamp: null}),
  half: () => ({drain: false, drainPercent: 50, drainRamp: null}),
  all: () => ({drain: true, drainPercent: null, drainRamp: null}),
  ramp: () => ({drain: true, drainRamp: {startedAt: new Date(Date.now()).toISOString(), overSeconds: 10}}),
};

type InMember =
  Extract<Command, {readonly key: unknown; readonly m: MemberName}> | Extract<Command, {readonly ns: unknown}>;

function actInMember({world, losses, types}: Company, command: InMember): void {
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
    case 'retype':
      losses?.noteGoing([command.key], command.m);
      types?.noteGap([command.key], command.m);
      user.turnService(api, command.key, {...command, number});
      return;
    case 'unexport':
      user.removeExport(api, command.key, command.group);
      return;
    case 'namespace':
      user.makeNamespace(api, command.ns);
      return;
    case 'unnamespace':
      const going = KEYS.filter((key) => key.startsWith(`${command.ns}/`));
      losses?.noteGoing(going, command.m);
      types?.noteGap(going, command.m);
      user.remove(api, namespaces, command.ns);
      return;
    case 'tamper':
      user.tamper(api, command.key, command.how);
      if (command.how === 'type') types?.noteTampering(command.key);
      return;
  }
}

function apiOf(world: Playground, name: MemberName | 'hub'): Place {
  return name === 'hub' ? world.hubApi : world.member(name);
}
