import type {Cluster} from '../../src/api/kinds.ts';
import {clusters} from '../../src/api/resources.ts';
import {describeError, IsthmusError} from '../../src/errors.ts';
import {readHubEpoch, readHubUid, writeHubEpoch} from '../../src/hub/hub-epoch.ts';
import {epochOf, type HubMark} from '../../src/hub/hub-mark.ts';
import {judgeTakeover, planEpoch, refuseEpoch, type TakeoverVerdict} from '../../src/hub/plan-takeover.ts';
import type {OperatorHub} from '../operator-hub.ts';
import {CLI_MANAGER} from '../operator-hub.ts';
import type {Terminal} from '../terminal.ts';
import {agree, step} from '../terminal.ts';
import {ownReplicas} from './own-replicas.ts';
import {WatchedMember} from './watched-member.ts';

export interface TakeoverOptions {
  readonly hub: OperatorHub;
  readonly clustersetId: string;
  /** Members whose hub is alive are taken too. */
  readonly force: boolean;
  readonly agreed: boolean;
  readonly dryRun: boolean;
  /** A Lease that nobody renews for so long has no hub. At least as long as members wait before they give their hub up. */
  readonly watchMs: number;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** A hub that is alive renews while it is being taken from. */
const TRIES = 5;

interface Judged {
  readonly member: WatchedMember;
  readonly verdict: TakeoverVerdict;
}

/**
 * Puts the hub of this cluster in the place of one that is lost (design §3). It raises the epoch in every member that no hub renews
 * the Lease of; an old hub that comes back sees that and stops. It may be run again: what is done is left as it is.
 *
 * @throws IsthmusError ISTHMUS_COMMAND_REFUSED, ISTHMUS_NOT_OBSERVED, ISTHMUS_USAGE; KubeError of the hub's own API
 */
export async function runTakeover(options: TakeoverOptions): Promise<void> {
  const {hub, signal, terminal} = options;
  const registered = (await hub.client.list<Cluster>(clusters, {signal})).items;
  const all = registered.filter(({metadata}) => metadata.deletionTimestamp === undefined);
  if (all.length === 0) {
    const reason = 'no Cluster is registered here. Apply the Cluster objects of the lost hub, then run this again';
    throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', reason);
  }
  const members = all.map((cluster) => new WatchedMember(cluster, hub));
  try {
    const uid = await findHubUid(options);
    const [replicas] = await Promise.all([ownReplicas(hub, options), watch(members, options)]);
    const stored = await readHubEpoch({...hub, signal});
    for (const member of members) member.refuse(refuseEpoch(member.lease, stored));
    const reached = members.filter(({problem}) => problem === undefined);
    const epoch = planEpoch(
      stored,
      reached.map(({lease}) => lease),
      uid,
    );
    const judged = reached.map((member) => ({
      member,
      verdict: judgeTakeover(member.lease, {epoch, uid, replicas, ...renewal(member)}),
    }));
    tell(judged, members, {epoch, options});
    const failed = await carryOut(judged, {stored, mark: {epoch, uid}, options});
    conclude({judged, failed, problems: members.filter(({problem}) => problem !== undefined), options});
  } finally {
    await Promise.all(members.map(async (member) => member.close()));
  }
  if (options.dryRun) terminal.print('\nNothing was changed: --dry-run.');
}

/** @returns undefined where the hub's API has no `kube-system` (kcp): it goes unfenced, like its hub */
async function findHubUid({hub, terminal, signal}: TakeoverOptions): Promise<string | undefined> {
  try {
    return await readHubUid({...hub, signal});
  } catch (error) {
    if (!(error instanceof IsthmusError) || error.code !== 'ISTHMUS_NOT_OBSERVED') throw error;
    step(terminal, 'warning', `${error.message}, so the Leases of members will not say whose they are`);
    return undefined;
  }
}

function renewal({wasRenewed}: WatchedMember): {readonly wasRenewed: boolean} {
  return {wasRenewed};
}

async function watch(members: readonly WatchedMember[], options: TakeoverOptions): Promise<void> {
  const {clustersetId, watchMs, terminal, signal} = options;
  const seconds = Math.ceil(watchMs / 1_000);
  terminal.print(`Watching the Lease isthmus-hub of ${members.length} members for ${seconds} s: is a hub renewing it?`);
  await Promise.all(members.map(async (member) => member.watch({clustersetId, watchMs, signal})));
}

function tell(
  judged: readonly Judged[],
  members: readonly WatchedMember[],
  {epoch, options}: {readonly epoch: number; readonly options: TakeoverOptions},
): void {
  const {terminal, force} = options;
  for (const {member, verdict} of judged) {
    const had = epochOf(member.lease);
    const holder = member.lease?.spec?.holderIdentity ?? '';
    const texts: Readonly<Record<TakeoverVerdict, readonly [string, string]>> = {
      raise: ['lost', `${member.name}: no hub renews its Lease; epoch ${had} becomes ${epoch}`],
      alive: [
        'alive',
        `${member.name}: hub ${holder} renews its Lease${force ? `; epoch ${had} becomes ${epoch}: --force` : '; left as it is'}`,
      ],
      own: ['done', `${member.name}: this hub renews its Lease`],
      done: ['done', `${member.name}: is in epoch ${had} already`],
      never: ['new', `${member.name}: no hub was there; it joins like any other`],
    };
    step(terminal, ...texts[verdict]);
  }
  for (const {name, problem} of members) if (problem !== undefined) step(terminal, 'failed', `${name}: ${problem}`);
}

/** @returns why some could not be taken, by name */
async function carryOut(
  judged: readonly Judged[],
  {
    stored,
    mark,
    options,
  }: {readonly stored: number | undefined; readonly mark: HubMark; readonly options: TakeoverOptions},
): Promise<ReadonlyMap<string, string>> {
  const {hub, force, dryRun, agreed, terminal, signal} = options;
  const {epoch} = mark;
  const wanted = judged.filter(({verdict}) => verdict === 'raise' || (force && verdict === 'alive'));
  const failed = new Map<string, string>();
  if (dryRun || wanted.length === 0) return failed;
  const alive = wanted.filter(({verdict}) => verdict === 'alive');
  if (alive.length > 0) {
    terminal.print(`\nA hub that is alive stops writing to ${alive.map(({member}) => member.name).join(', ')}.`);
    terminal.print('If that hub is not lost, its Cluster objects and policies are not obeyed there any more.');
  }
  await agree(terminal, `Take over ${wanted.length} members with epoch ${epoch}?`, agreed);
  if (stored !== epoch) {
    // First, so that the hub of this cluster never meets a member with a higher one than its own.
    await writeHubEpoch(epoch, {...hub, signal}, CLI_MANAGER);
    step(terminal, 'epoch', `this hub is in epoch ${epoch}`);
  }
  for (const {member, verdict} of wanted) {
    const why = await take(member, {mark, tries: verdict === 'alive' ? TRIES : 1, signal});
    if (why === undefined) step(terminal, 'taken', member.name);
    else {
      failed.set(member.name, why);
      step(terminal, 'failed', `${member.name}: ${why}`);
    }
  }
  return failed;
}

async function take(
  member: WatchedMember,
  {mark, tries, signal}: {readonly mark: HubMark; readonly tries: number; readonly signal: AbortSignal},
): Promise<string | undefined> {
  try {
    for (let attempt = 0; attempt < tries; attempt++) if (await member.raise(mark, signal)) return undefined;
    return 'a hub wrote its Lease a moment ago, so it is not lost';
  } catch (error) {
    return describeError(error).slice(0, 300);
  }
}

/** @throws IsthmusError ISTHMUS_NOT_OBSERVED where not every member was taken */
function conclude({
  judged,
  failed,
  problems,
  options: {force, dryRun, terminal},
}: {
  readonly judged: readonly Judged[];
  readonly failed: ReadonlyMap<string, string>;
  readonly problems: readonly WatchedMember[];
  readonly options: TakeoverOptions;
}): void {
  const alive = force ? [] : judged.filter(({verdict}) => verdict === 'alive').map(({member}) => member.name);
  const left = [...failed.keys(), ...problems.map(({name}) => name), ...alive].sort();
  const total = judged.length + problems.length;
  if (dryRun) return;
  const fresh = judged.filter(({verdict}) => verdict === 'never').length;
  const taken = total - left.length - fresh;
  const rest = fresh === 0 ? '' : ` ${fresh} had no hub yet: joining is like any other’s.`;
  if (left.length === 0) {
    const all = `All ${taken} members${fresh === 0 ? '' : ' that had a hub'} are this hub's. An old hub that comes back says EpochPassed and writes nothing.`;
    terminal.print(`\n${taken === 0 ? 'No member had a hub: there was nothing to take over.' : all}${rest}`);
    return;
  }
  const reason =
    `${taken} of ${total} members are this hub's, and ${left.join(', ')} not: see above.${rest} What was taken stays ` +
    `taken. Run it again when the others can be reached${alive.length > 0 ? ', with --force where a hub is alive that must not be' : ''}`;
  throw new IsthmusError('ISTHMUS_NOT_OBSERVED', reason);
}
