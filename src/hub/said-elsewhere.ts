import type {Cluster} from '../api/kinds.ts';

/** What the replica of the hub that writes to a member says of it, where something is wrong. */
export type SaidElsewhere =
  /** This very object is refused there. */
  | {readonly state: 'Failed'; readonly why: string}
  /** Something else is in the way, or another object is what was named. */
  | {readonly state: 'Waiting'; readonly why: string};

/** The one reason whose message names an item. */
const APPLY_FAILED = 'ApplyFailed';

/**
 * The word of another replica about one item of a member's queue, by the condition `Synced` of the Cluster: failures are seen by
 * who writes, and that is where they are told (the first by name). Never evidence for a success, which is seen in the member.
 * Who reads the status of one object need not be let see another one, and each change of a condition is a write: what is said of
 * anything else is neither its name nor its words.
 *
 * @param item - as `syncItemText` has it
 * @returns undefined: it says of no failure
 */
export function saidElsewhere(cluster: Cluster, item: string): SaidElsewhere | undefined {
  const said = cluster.status?.conditions?.find(({type}) => type === 'Synced');
  if (said?.status !== 'False') return undefined;
  const own = `${item}: `;
  if (said.reason !== APPLY_FAILED) return {state: 'Waiting', why: `its Cluster says ${said.reason}`};
  if (said.message.startsWith(own)) return {state: 'Failed', why: said.message.slice(own.length)};
  return {state: 'Waiting', why: `another object is refused there; see Cluster ${cluster.metadata.name}`};
}

/** What there is of that, to see whether it may say something else of some item than before; empty: nothing is wrong. */
export function wordOf({status}: Cluster): string {
  const said = status?.conditions?.find(({type}) => type === 'Synced');
  if (said?.status !== 'False') return '';
  return said.reason === APPLY_FAILED ? `${said.reason} ${said.message}` : said.reason;
}
