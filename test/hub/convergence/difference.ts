import {MEMBERS, type Playground} from './playground.ts';
import {differencesOfClusterset, leftovers} from './clusterset-difference.ts';
import {differencesOfExports} from './export-difference.ts';
import {differencesOfImports, type TypesOf} from './import-difference.ts';
import {differencesOfSlices} from './slice-difference.ts';
import {BOTH} from './allowed-types.ts';
import {truthOf} from './truth.ts';

/**
 * What members hold against what the pure engine says that they should; empty: they have converged.
 *
 * @param types - which type each import may have; default: either, but everywhere the same
 */
export function differences(world: Playground, types: TypesOf = () => BOTH): readonly string[] {
  const truth = truthOf(world);
  const held = new Set(world.hub?.status().members.flatMap(({heldBack}) => heldBack) ?? []);
  const found = MEMBERS.flatMap((name) => {
    const api = world.member(name);
    if (!truth.registered.has(name)) return leftovers(world, name).map((each) => `${name}: ${each}`);
    const compared = {world, truth, api, name, held, types};
    const all = [
      ...differencesOfImports(compared),
      ...differencesOfSlices(compared),
      ...differencesOfExports(compared),
      ...differencesOfClusterset(compared),
    ];
    return all.map((each) => `${name}: ${each}`);
  });
  return found;
}
