import type {Condition} from '../../src/api/meta.ts';
import {GATEWAY_CONDITION_PREFIX} from '../../src/api/names.ts';
import {conditionText} from '../condition-text.ts';
import type {ClusterStatus, ClustersetStatus} from './collect-status.ts';

const COLUMNS = [
  'CLUSTER',
  'REACHABLE',
  'SYNCED',
  'GATEWAY',
  'MANAGED',
  'SINCE',
  'EXPORTS',
  'IMPORTS',
  'CONFLICTS',
  'HELD',
  'DRAINED',
];
const CONDITIONS = ['Reachable', 'Synced', 'GatewayHealthy', 'Managed'] as const;
/** Good where they are True; all others are there only while something is wrong. */
const GOOD: readonly string[] = [...CONDITIONS, 'TokenRenewed'];
/** What nobody observed. */
const UNKNOWN = '?';

/**
 * A table of the clusters, and under it a sentence for whatever is not as it should be.
 *
 * @param full - names in full, where one cluster was asked for
 */
export function statusText(
  status: ClustersetStatus,
  {nowMs, full}: {readonly nowMs: number; readonly full: boolean},
): string {
  const rows = status.clusters.map((one) => row(one, status, nowMs));
  const table = rows.length === 0 ? ['no Cluster is registered'] : layOut([COLUMNS, ...rows]);
  const notes = [
    ...status.clusters.flatMap((one) => notesOf(one)),
    ...status.left.map(
      ({cluster, since}) =>
        `${cluster}: left at ${since} and was not cleared yet; isthmus leave ${cluster} --forget gives it up`,
    ),
    ...(full ? status.clusters.flatMap((one) => [...namesOf(one), ...tokenOf(one), ...gatewaysOf(one)]) : []),
  ];
  return `${[...table, ...(notes.length === 0 ? [] : ['', ...notes])].join('\n')}\n`;
}

function row(one: ClusterStatus, status: ClustersetStatus, nowMs: number): readonly string[] {
  const {cluster, conditions, member, heldBack} = one;
  const count = (list: readonly string[] | undefined): string => (list === undefined ? UNKNOWN : String(list.length));
  return [
    cluster,
    ...CONDITIONS.map((wanted) => shown(conditions.find(({type}) => type === wanted))),
    since(conditions, nowMs),
    count(member?.exports),
    count(member?.imports),
    count(member?.conflicts),
    String(heldBack.length),
    drained(cluster, status),
  ];
}

/** How long the first of them has not been True; where all are, how long Managed has been, which is all of them. */
function since(conditions: readonly Condition[], nowMs: number): string {
  const columns = CONDITIONS.flatMap((wanted) => conditions.find(({type}) => type === wanted) ?? []);
  const condition = columns.find(({status}) => status !== 'True') ?? columns.at(-1);
  return condition === undefined ? UNKNOWN : ago(nowMs - Date.parse(condition.lastTransitionTime));
}

/** `True`, or `False(Unreachable)`. */
function shown(condition: Condition | undefined): string {
  if (condition === undefined) return UNKNOWN;
  return condition.status === 'True' ? 'True' : `${condition.status}(${condition.reason})`;
}

/** As the members that could be asked were told; where they differ, from least to most. */
function drained(cluster: string, {clusters}: ClustersetStatus): string {
  const told = clusters.flatMap(({member}) => member?.drained[cluster] ?? []);
  if (told.length === 0) return UNKNOWN;
  const [least, most] = [Math.min(...told), Math.max(...told)];
  return least === most ? `${most}%` : `${least}-${most}%`;
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

function notesOf({cluster, conditions, leaving, memberUnknown, heldBack, member}: ClusterStatus): readonly string[] {
  const bad = conditions.filter(({type, status}) => (GOOD.includes(type) ? status !== 'True' : status === 'True'));
  const none = conditions.length === 0 ? ['no hub has said anything about it yet; is one running?'] : [];
  return [
    ...none,
    ...(leaving ? ['it is leaving'] : []),
    // Managed repeats what the others say.
    ...bad
      .filter(({type}) => type !== 'Managed')
      .map((condition) => `${conditionText(condition)} ${condition.message}`),
    ...agentNotes(member),
    ...(memberUnknown === undefined ? [] : [`it could not be asked what it exports and imports: ${memberUnknown}`]),
    ...(heldBack.length === 0
      ? []
      : [`${heldBack.length} deletions are held back; isthmus confirm ${cluster} shows them`]),
    ...(member === undefined || member.conflicts.length === 0
      ? []
      : [`exports in conflict: ${member.conflicts.slice(0, 5).join(', ')}${member.conflicts.length > 5 ? ' …' : ''}`]),
  ].map((text) => `${cluster}: ${text}`);
}

/** What is no news: that nobody probes, or that there is nobody to probe. */
const QUIET: ReadonlySet<string> = new Set(['NotProbed', 'NoClusters']);

/** As the member itself sees the hub and other clusters' gateways, which is what its routes go by. */
function agentNotes(member: ClusterStatus['member']): readonly string[] {
  return (member?.health ?? [])
    .filter(({type, status, reason}) => !isOfOneGateway(type) && status !== 'True' && !QUIET.has(reason))
    .map((condition) => `its agent says ${shortText(condition)} ${condition.message}`);
}

/** Until when the hub's token is good; where something is wrong with it, the notes say so in any case. */
function tokenOf({cluster, conditions}: ClusterStatus): readonly string[] {
  return conditions
    .filter(({type, status}) => type === 'TokenRenewed' && status === 'True')
    .map(({message}) => `${cluster}: the hub's token there: ${message}`);
}

function gatewaysOf({cluster, member}: ClusterStatus): readonly string[] {
  return (member?.health ?? [])
    .filter(({type}) => isOfOneGateway(type))
    .map((condition) => `${cluster} sees the gateway of ${shortText(condition)} since ${condition.lastTransitionTime}`);
}

function isOfOneGateway(type: string): boolean {
  return type.startsWith(GATEWAY_CONDITION_PREFIX);
}

/** Without the prefix of its type. */
function shortText(condition: Condition): string {
  return conditionText({...condition, type: condition.type.slice(condition.type.indexOf('/') + 1)});
}

function namesOf({cluster, member, heldBack}: ClusterStatus): readonly string[] {
  const lists = [
    ['exports', member?.exports],
    ['imports', member?.imports],
    ['held back', heldBack],
  ] as const;
  return lists.flatMap(([what, names]) =>
    names === undefined || names.length === 0 ? [] : [`${cluster} ${what}: ${names.join(', ')}`],
  );
}

function layOut(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
