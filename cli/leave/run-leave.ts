import type {Cluster} from '../../src/api/kinds.ts';
import {memberRecordName} from '../../src/api/names.ts';
import {clusters, configMaps} from '../../src/api/resources.ts';
import {IsthmusError} from '../../src/errors.ts';
import type {LeftMember} from '../../src/hub/member-record.ts';
import {pause} from '../../src/kube/backoff.ts';
import type {ClusterCredentials} from '../../src/kube/credentials.ts';
import type {OperatorHub} from '../operator-hub.ts';
import type {Terminal} from '../terminal.ts';
import {agree, step} from '../terminal.ts';
import {saidAtTheEnd} from './said-at-the-end.ts';
import {checkAccount, removeAccount} from './remove-account.ts';

export interface LeaveOptions {
  readonly name: string;
  readonly hub: OperatorHub;
  /** Of the member, an operator's: then the hub's account in it is removed too. */
  readonly member: ClusterCredentials | undefined;
  /** A member that can't be cleared is given up. */
  readonly forget: boolean;
  readonly agreed: boolean;
  readonly waitMs: number;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 250;

/**
 * Takes a cluster out of the clusterset and follows what the hub does about it, which is the hub's work alone: nothing in here
 * touches what the hub wrote into the member.
 *
 * @throws IsthmusError ISTHMUS_COMMAND_REFUSED, ISTHMUS_NOT_OBSERVED, ISTHMUS_USAGE; KubeError
 */
export async function runLeave(options: LeaveOptions): Promise<void> {
  const {name, hub, member, terminal, agreed, signal} = options;
  const cluster = await hub.cluster(name, signal);
  const {uid, left} = await hub.record(name, signal);
  if (cluster === undefined && left === undefined && uid === undefined) {
    const reason = `no Cluster ${name} is registered, and none of that name left without being cleared`;
    throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', reason);
  }
  const isInCluster = cluster?.spec?.isInCluster === true || left?.isInCluster === true;
  if (member !== undefined) await checkAccount(member, uid, signal);
  if (cluster?.metadata.deletionTimestamp === undefined && cluster !== undefined) {
    terminal.print(`What ${name} exports goes from all other members, and what the hub wrote into it is taken back.`);
    terminal.print('Namespaces, and what is not the hub’s, stay.');
    await agree(terminal, `Let ${name} leave?`, agreed);
    await hub.client.delete(clusters, {name}, {uid: cluster.metadata.uid, signal});
    step(terminal, 'deleted', `Cluster ${name}`);
  }
  const tombstone = await untilGone(options, left);
  if (tombstone !== undefined) await giveUp(options, tombstone);
  else if (uid === undefined)
    terminal.print(`\n${name} is gone. The hub never reached it, so there was nothing to take back.`);
  else terminal.print(`\n${hasLeft(name, cluster && (await saidAtTheEnd(hub.client, cluster, signal)))}`);
  if (member !== undefined) await removeAccount({credentials: member, isInCluster, terminal, signal});
}

/** Follows it until the Cluster and the memory of it are gone. @returns the tombstone, where the hub could not clear it */
async function untilGone(
  {name, hub, forget, terminal, waitMs, signal}: LeaveOptions,
  before: LeftMember | undefined,
): Promise<LeftMember | undefined> {
  const deadline = performance.now() + waitMs;
  let told = '';
  for (let isFirst = true; ; isFirst = false) {
    const cluster = await hub.cluster(name, signal);
    const {uid, left} = await hub.record(name, signal);
    if (cluster === undefined) {
      if (left === undefined && uid === undefined) return undefined;
      // One that was let go just now may be cleared yet; one that was found so won't be by waiting. Of one that was cleared only the
      // record is to go.
      const isLeft = left !== undefined && (left.over === undefined || forget);
      if (isLeft && (before !== undefined || !isFirst)) return left;
    }
    const text = progress(cluster);
    if (text !== undefined && text !== told) step(terminal, 'observed', (told = text));
    if (performance.now() > deadline) throw notGone({name, isDeleted: cluster === undefined, said: text}, waitMs);
    await pause(LOOK_EVERY_MS, signal);
  }
}

/**
 * What to say when the hub keeps nothing of it any more. Why that is, only the hub knows: what it had written there may have been taken
 * back, left to another hub or given up.
 *
 * @param said - in its words, as an Event says them; undefined: there is none
 */
export function hasLeft(name: string, said: string | undefined): string {
  const told = said ?? `Whether what it had written there was taken back is not told: no Event says it.`;
  return `${name} has left, and the hub keeps nothing of it. ${told}`;
}

/** In the hub's words. */
function progress(cluster: Cluster | undefined): string | undefined {
  return cluster?.status?.conditions?.find(({reason, type}) => type === 'Synced' && reason === 'Leaving')?.message;
}

/** What to say where it is not done in time: sentences, whatever the hub said ends with. */
export function notGone(
  {name, isDeleted, said}: {readonly name: string; readonly isDeleted: boolean; readonly said: string | undefined},
  waitMs: number,
): IsthmusError {
  const within = `within ${waitMs / 1_000} s`;
  const state = isDeleted ? 'is gone, and the hub still remembers it' : 'is being deleted';
  const reason =
    said === undefined
      ? `no hub said anything about it ${within}; is one running?`
      : `not done ${within}: ${said.replace(/\.$/, '')}.`;
  return new IsthmusError(
    'ISTHMUS_NOT_OBSERVED',
    `Cluster ${name} ${state}; ${reason} The same command goes on looking`,
  );
}

/** It is no member any more, but what was written into it is still there. */
async function giveUp({name, hub, forget, terminal, signal}: LeaveOptions, {sinceMs, over}: LeftMember): Promise<void> {
  const {namespace, client, secrets} = hub;
  const at = {namespace, name: memberRecordName(name)};
  const since = new Date(sinceMs).toISOString();
  if (!forget) {
    const reason =
      `${name} is no member any more, but could not be cleared: it left at ${since}, and what the hub wrote into it is still ` +
      `there. The hub tries until it works. To give it up: isthmus leave ${name} --forget`;
    throw new IsthmusError('ISTHMUS_NOT_OBSERVED', reason);
  }
  // A hub that runs does it as well; without one nobody would. First, as only the tombstone says that there may be one.
  await secrets.delete(name, signal);
  // That is how the hub is told.
  await client.delete(configMaps, at, {signal});
  step(terminal, 'deleted', `ConfigMap ${namespace}/${at.name}, the memory of a member that left at ${since}`);
  terminal.print(
    over === undefined
      ? `\n${name} is given up: whatever the hub wrote into it stays there.`
      : `\n${name} is forgotten: there was nothing left to take back.`,
  );
}
