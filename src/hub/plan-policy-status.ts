import {COPIES_CONDITION} from '../api/names.ts';
import {buildPolicyStatus} from '../clusterset/policy-status.ts';
import type {Opinion} from './plan-cluster-status.ts';
import type {Policy} from './policy-kinds.ts';

/** What is known of the copy of one policy in one member. */
export type CopyState =
  /** It says what the original says; or the member is the hub's own cluster, which has the original itself. */
  | {readonly state: 'Held'}
  /** What it is about is not there: a GlobalTrafficPolicy waits for its namespace. */
  | {readonly state: 'NotNeeded'; readonly why: string}
  /** On its way, as a rule for a moment. */
  | {readonly state: 'Waiting'; readonly why: string}
  /** The member refuses it. */
  | {readonly state: 'Failed'; readonly why: string}
  /** The member can't be asked. */
  | {readonly state: 'Unknown'; readonly why: string};

export interface PolicyStatusSituation {
  /** With its newest conditions. */
  readonly policy: Policy;
  /** By cluster id. */
  readonly copies: ReadonlyMap<string, CopyState>;
  /** Its namespace is one of those that the hub never writes into. */
  readonly isProtected: boolean;
}

/** Names of so many clusters are told, and of the rest how many they are: two hundred of them would be no sentence. */
const MAX_NAMED = 5;
const MAX_WHY = 300;
const MAX_MESSAGE = 4_096;

/** Which members hold their copy of a policy of the hub, which don't, and why: the condition of the original, without its dates. */
export function judgeCopies({copies, isProtected}: Omit<PolicyStatusSituation, 'policy'>): Opinion {
  if (isProtected) {
    const message = 'Nothing is written into a namespace of this name in any member. Use a namespace of your own.';
    return {status: 'False', reason: 'ProtectedNamespace', message};
  }
  if (copies.size === 0) return {status: 'Unknown', reason: 'NoMembers', message: 'No cluster is registered.'};
  const all = [...copies].sort(([a], [b]) => (a < b ? -1 : 1));
  const held = all.filter(([, {state}]) => state === 'Held').length;
  const wanted = all.filter(([, {state}]) => state !== 'NotNeeded').length;
  const sentences = [
    wanted === 0 ? 'No member needs a copy.' : `${held} of ${wanted} members hold it.`,
    ...told('Refused by', all, 'Failed'),
    ...told('On its way to', all, 'Waiting'),
    ...told('Not known of', all, 'Unknown'),
    ...told('Not needed in', all, 'NotNeeded'),
  ];
  const message = sentences.join(' ').slice(0, MAX_MESSAGE);
  const has = (wantedState: CopyState['state']): boolean => all.some(([, {state}]) => state === wantedState);
  if (has('Failed')) return {status: 'False', reason: 'Refused', message};
  if (has('Unknown')) return {status: 'Unknown', reason: 'MembersUnknown', message, ...passing(has('Waiting'))};
  if (has('Waiting')) return {status: 'Unknown', reason: 'Pending', message, passing: true};
  return {status: 'True', reason: 'Synced', message};
}

function passing(isPassing: boolean): Pick<Opinion, 'passing'> {
  return isPassing ? {passing: true} : {};
}

/** `Refused by a (why), b (why) and 7 more.` */
function told(
  what: string,
  all: readonly (readonly [string, CopyState])[],
  wanted: CopyState['state'],
): readonly string[] {
  const some = all.filter(([, {state}]) => state === wanted);
  if (some.length === 0) return [];
  const named = some.slice(0, MAX_NAMED).map(([id, copy]) => `${id}${'why' in copy ? ` (${short(copy.why)})` : ''}`);
  const more = some.length > MAX_NAMED ? ` and ${some.length - MAX_NAMED} more` : '';
  return [`${what} ${named.join(', ')}${more}.`];
}

function short(why: string): string {
  return why.length > MAX_WHY ? `${why.slice(0, MAX_WHY)}…` : why;
}

/** The apply to the status of an original. Its other conditions are its own cluster's agent's. */
export function planPolicyStatus(situation: PolicyStatusSituation, nowMs: number): Policy {
  return buildPolicyStatus(situation.policy, {type: COPIES_CONDITION, ...judgeCopies(situation)}, nowMs);
}
