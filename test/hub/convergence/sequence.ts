import {clusters} from '../../../src/api/resources.ts';
import {carryOut, type Done} from './carry-out.ts';
import {BULK, type Command, KEYS} from './commands.ts';
import {differences} from './difference.ts';
import {AllowedTypes} from './allowed-types.ts';
import {Losses} from './losses.ts';
import * as user from './user.ts';
import {truthOf} from './truth.ts';
import {MEMBERS, type Playground} from './playground.ts';
import {beginSequence, endSequence, World} from './world.ts';

export interface Sequence {
  /** For the jitter of backoffs. */
  readonly chance: number;
  /** For each member and name whether it is exported from the start. */
  readonly start: readonly boolean[];
  readonly bulk: boolean;
  readonly commands: readonly Command[];
}

/** A round is so long that everything that is planned for later but leases, and the ten minutes of the guard, is due in it. */
const ROUND_MS = 4_000;
const ROUNDS = 40;

/**
 * @returns how many writes of imports were looked at
 * @throws Error that says what is wrong: members have not converged, an import was lost, or there is no rest
 */
export async function runSequence(sequence: Sequence): Promise<number> {
  beginSequence(sequence.chance);
  const world = new World();
  const keys = sequence.bulk ? [...KEYS, ...BULK] : KEYS;
  const losses = new Losses(world, keys);
  const types = new AllowedTypes(world, keys);
  const done: Done = {emptied: false};
  try {
    begin(world, sequence);
    world.startHub();
    types.note(truthOf(world));
    await converge(world, done, types);
    const rest = (): void => {
      const truth = truthOf(world);
      losses.rest(truth);
      types.rest(truth);
    };
    rest();
    for (const command of sequence.commands) {
      if (command.do === 'calm') {
        await converge(world, done, types);
        rest();
      }
      await carryOut(command, {world, losses, types, done});
      const truth = truthOf(world);
      losses.note(truth);
      types.note(truth);
      if (losses.found.length > 0) break;
    }
    if (losses.found.length === 0) await converge(world, done, types);
    if (losses.found.length > 0) throw new Error(losses.found.join('\n'));
    return losses.judged;
  } finally {
    await world.stopHub('crash').finally(endSequence);
  }
}

export function begin(world: Playground, {start, bulk}: Pick<Sequence, 'start' | 'bulk'>): void {
  MEMBERS.forEach((name, i) => {
    const api = world.member(name);
    if (world.hubApi.find(clusters, name) === undefined) world.register(name);
    for (const ns of ['a', 'b']) user.makeNamespace(api, ns);
    KEYS.forEach((key, j) => {
      if (start[i * KEYS.length + j] !== true) return;
      user.putService(api, key, {variant: 0, number: i + 1});
      user.putExport(api, key, {group: 'mcs', variant: 0});
    });
  });
  if (!bulk) return;
  const one = world.member('cluster-1');
  user.makeNamespace(one, 'bulk');
  for (const key of BULK) {
    user.putService(one, key, {variant: 0, number: 1});
    user.putExport(one, key, {group: 'mcs', variant: 0});
  }
}

/** Everything that is disturbed is mended; then it must become right within two minutes, and quiet. */
export async function converge(world: World, done: Done, types?: AllowedTypes): Promise<void> {
  const all = [world.hubApi, ...world.members.values()];
  for (const api of all) {
    api.faults.clear();
    api.partition(false);
  }
  // An answer that is late may be one that lacks something, and comes after all of this.
  if (done.emptied) await world.pass(ROUND_MS);
  for (const api of done.emptied ? all : []) {
    // Whoever saw the newest state saw too old a one now, too.
    api.storage.revision++;
    api.faults.compact();
    api.faults.dropWatches();
  }
  done.emptied = false;
  const confirmed = done.confirmed ?? [];
  done.confirmed = [];
  if (world.hub === undefined) {
    types?.noteStart();
    world.startHub();
  }
  let found: readonly string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = writesOf(world);
    await world.pass(ROUND_MS);
    found = [...differences(world, types && ((...of) => types.of(...of))), ...stillHeld(world, confirmed)];
    const after = writesOf(world);
    if (found.length === 0 && before === after) return;
    if (found.length === 0) found = [`still writing: ${after - before} requests in the last ${ROUND_MS} ms`];
  }
  const members = world.hub
    ?.status()
    .members.map(({cluster, conditions}) => [cluster, conditions.reachable.reason, conditions.synced]);
  throw new Error(`not converged:\n${found.join('\n')}\n${JSON.stringify(members)}`);
}

function stillHeld(world: World, confirmed: readonly string[]): readonly string[] {
  const held = world.hub?.status().members.flatMap(({heldBack}) => heldBack) ?? [];
  return confirmed.filter((key) => held.includes(key)).map((key) => `${key} is held back, and was confirmed`);
}

function writesOf(world: World): number {
  let sum = 0;
  for (const {writes} of [world.hubApi, ...world.members.values()]) {
    for (const [row, count] of writes) if (!row.includes(' leases.')) sum += count;
  }
  return sum;
}
