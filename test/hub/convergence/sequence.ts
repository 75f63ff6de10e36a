import type {Command, Done} from './commands.ts';
import {BULK, carryOut, KEYS} from './commands.ts';
import {differences} from './difference.ts';
import {Losses} from './losses.ts';
import * as user from './user.ts';
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
  const losses = new Losses(world);
  const done: Done = {emptied: false};
  const keys = sequence.bulk ? [...KEYS, ...BULK] : KEYS;
  try {
    begin(world, sequence);
    world.startHub();
    await converge(world, done);
    losses.rest(keys);
    for (const command of sequence.commands) {
      if (command.do === 'calm') {
        await converge(world, done);
        losses.rest(keys);
      }
      await carryOut(command, {world, losses, done});
      losses.note(keys);
      if (losses.found.length > 0) break;
    }
    if (losses.found.length === 0) await converge(world, done);
    if (losses.found.length > 0) throw new Error(losses.found.join('\n'));
    return losses.judged;
  } finally {
    await world.stopHub('crash').finally(endSequence);
  }
}

export function begin(world: Playground, {start, bulk}: Pick<Sequence, 'start' | 'bulk'>): void {
  MEMBERS.forEach((name, i) => {
    const api = world.member(name);
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
export async function converge(world: World, done: Done): Promise<void> {
  for (const api of [world.hubApi, ...world.members.values()]) {
    api.faults.clear();
    api.partition(false);
    if (!done.emptied) continue;
    // Whoever saw the newest state saw too old a one now, too.
    api.storage.revision++;
    api.faults.compact();
    api.faults.dropWatches();
  }
  done.emptied = false;
  if (world.hub === undefined) world.startHub();
  let found: readonly string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = writesOf(world);
    await world.pass(ROUND_MS);
    found = differences(world);
    const after = writesOf(world);
    if (found.length === 0 && before === after) return;
    if (found.length === 0) found = [`still writing: ${after - before} requests in the last ${ROUND_MS} ms`];
  }
  const members = world.hub
    ?.status()
    .members.map(({cluster, conditions}) => [cluster, conditions.reachable.reason, conditions.synced]);
  throw new Error(`not converged:\n${found.join('\n')}\n${JSON.stringify(members)}`);
}

function writesOf(world: World): number {
  let sum = 0;
  for (const {writes} of [world.hubApi, ...world.members.values()]) {
    for (const [row, count] of writes) if (!row.includes(' leases.')) sum += count;
  }
  return sum;
}
