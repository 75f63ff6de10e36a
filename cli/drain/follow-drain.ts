import type {Cluster, RemoteCluster} from '../../src/api/kinds.ts';
import {remoteClusters} from '../../src/api/resources.ts';
import {IsthmusError} from '../../src/errors.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {pause} from '../../src/kube/backoff.ts';
import {askMember} from '../ask-member.ts';
import type {OperatorHub} from '../operator-hub.ts';
import {drainedPercent} from '../status/collect-status.ts';
import type {Terminal} from '../terminal.ts';
import {step} from '../terminal.ts';

export interface FollowOptions {
  readonly name: string;
  readonly hub: OperatorHub;
  readonly all: readonly Cluster[];
  /** Where it leads: 100 or 0. */
  readonly percent: number;
  readonly withinMs: number;
  readonly terminal: Terminal;
  /** Ends the following, not the drain. */
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 500;

/** What the members were told, of those that could be asked. */
interface Told {
  readonly percents: readonly (number | undefined)[];
  /** Who could not be asked, and why. */
  readonly silent: readonly string[];
}

/**
 * Shows how far a drain is, by what every member was told of it.
 *
 * @returns true once all that could be asked know the end of it; false where it was interrupted before
 * @throws IsthmusError ISTHMUS_NOT_OBSERVED after `withinMs`
 */
export async function followDrain(options: FollowOptions): Promise<boolean> {
  const {percent, withinMs, terminal, signal} = options;
  const deadline = performance.now() + withinMs;
  let told = '';
  while (!signal.aborted) {
    const seen = await lookAround(options);
    if (signal.aborted) break;
    const text = toldText(seen);
    if (text !== told) step(terminal, 'observed', (told = text));
    if (seen.percents.length > 0 && seen.percents.every((each) => each === percent)) return true;
    if (performance.now() > deadline) {
      throw new IsthmusError(
        'ISTHMUS_NOT_OBSERVED',
        `within ${Math.round(withinMs / 1_000)} s not all members knew of it: ${text}`,
      );
    }
    await pause(LOOK_EVERY_MS, signal);
  }
  return false;
}

async function lookAround({name, hub, all, signal}: FollowOptions): Promise<Told> {
  // The hub's account may list them, and not more.
  const ask = async (client: KubeClient): Promise<RemoteCluster | undefined> =>
    (await client.list<RemoteCluster>(remoteClusters, {signal})).items.find(({metadata}) => metadata.name === name);
  const asked = await Promise.all(all.map((cluster) => askMember(hub, cluster, {ask, signal})));
  return {
    percents: asked.flatMap((one) => (one.ok ? [one.answer && drainedPercent(one.answer)] : [])),
    silent: asked.flatMap((one) => (one.ok ? [] : [`${one.cluster} could not be asked (${one.because})`])),
  };
}

/** `35% drained in 2 of 3 members, 30% in 1; cluster-4 could not be asked` */
function toldText({percents, silent}: Told): string {
  const total = percents.length;
  const different = [...new Set(percents)].sort((a, b) => (b ?? -1) - (a ?? -1));
  const parts = different.map((percent) => {
    const count = percents.filter((each) => each === percent).length;
    return `${percent === undefined ? 'not known' : `${percent}% drained`} in ${count} of ${total} members`;
  });
  return [...parts, ...silent].join('; ') || 'nobody could be asked';
}
