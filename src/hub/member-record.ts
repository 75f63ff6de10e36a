import type {HeldBack} from '../clusterset/mass-deletion.ts';
import type {KnownAge, KnownLists} from './export-ages.ts';

/** All that the hub must remember of one member over a restart (design §3, "State"). */
export interface MemberRecord {
  /** uid of its `kube-system` namespace, pinned at join. */
  readonly uid: string | undefined;
  /** Export ages that differ from the objects' own timestamps, by source, namespace and name. */
  readonly cappedAges: Readonly<Record<string, KnownAge>>;
  readonly held: HeldBack | undefined;
  readonly lists: KnownLists | undefined;
  /** The tombstone: it is no member any more, and what was written into it may still be there. */
  readonly left: LeftMember | undefined;
}

export interface LeftMember {
  readonly sinceMs: number;
  /** It was the hub's own cluster: no Secret says how to get in. */
  readonly isInCluster: boolean;
  /** There is nothing left to take back, and why: from now on only its Secret, this record and its Cluster are to go. */
  readonly over?: Departed | undefined;
}

/** How a departure ended: what was written there was taken back, another hub has it, or it joined again under another name. */
export type Departed = 'Cleared' | 'Elsewhere' | 'JoinedAgain';

export type RecordData = Readonly<Record<string, string>>;

export const emptyRecord: MemberRecord = {
  uid: undefined,
  cappedAges: {},
  held: undefined,
  lists: undefined,
  left: undefined,
};

/** As the data of a ConfigMap; the same record gives the same text. */
export function toRecordData({uid, cappedAges, held, lists, left}: MemberRecord): RecordData {
  return {
    ...(uid === undefined ? {} : {'kube-system-uid': uid}),
    ...(Object.keys(cappedAges).length === 0 ? {} : {'capped-ages': JSON.stringify(cappedAges)}),
    ...(held === undefined ? {} : {held: JSON.stringify(toHeldData(held))}),
    ...(lists === undefined ? {} : {'last-lists': JSON.stringify(lists)}),
    ...(left === undefined ? {} : {left: JSON.stringify(left)}),
  };
}

/** The hub wrote it; what somebody broke by hand counts as not written. */
export function fromRecordData(data: RecordData): MemberRecord {
  return {
    uid: data['kube-system-uid'],
    cappedAges: parse<MemberRecord['cappedAges']>(data['capped-ages']) ?? {},
    held: readHeld(parse<Partial<HeldData>>(data['held'])),
    lists: readLists(parse<Partial<KnownLists>>(data['last-lists'])),
    left: parse<LeftMember>(data['left']),
  };
}

/**
 * What a replica that is not responsible for a member takes over from the record that another one wrote. What it has seen itself of
 * deletions and lists stays its own: it may have to go on from there.
 */
export function adoptRecord(own: MemberRecord, written: MemberRecord): MemberRecord {
  const lists = newestOf(written.lists) > newestOf(own.lists) ? written.lists : own.lists;
  return {...own, uid: written.uid ?? own.uid, left: written.left, lists};
}

/**
 * What a replica that is not responsible adds to the record: ages alone. That a list lacked an export is evidence, whoever read that
 * list (design §5), so of two caps the later counts.
 */
export function addAges(written: MemberRecord, ages: MemberRecord['cappedAges']): MemberRecord {
  const cappedAges = {...written.cappedAges};
  for (const [id, age] of Object.entries(ages)) {
    const known = cappedAges[id];
    if (known === undefined || known.uid !== age.uid || known.ageMs < age.ageMs) cappedAges[id] = age;
  }
  return {...written, cappedAges};
}

function newestOf(lists: KnownLists | undefined): number {
  return Math.max(0, ...Object.values(lists?.atMs ?? {}));
}

/** Without `earlier`, as older versions wrote it: all of them since then. */
interface HeldData {
  readonly sinceMs: number;
  readonly keys: readonly string[];
  readonly earlier?: Readonly<Record<string, number>>;
}

function toHeldData({sinceMs, keys, earlier}: HeldBack): HeldData {
  const sorted = [...(earlier ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  return {sinceMs, keys: [...keys].sort(), ...(sorted.length === 0 ? {} : {earlier: Object.fromEntries(sorted)})};
}

function readHeld({sinceMs, keys, earlier}: Partial<HeldData> = {}): HeldBack | undefined {
  if (typeof sinceMs !== 'number' || !Array.isArray(keys) || keys.length === 0) return undefined;
  const dates = Object.entries(earlier ?? {});
  return {sinceMs, keys: new Set(keys), ...(dates.length === 0 ? {} : {earlier: new Map(dates)})};
}

function readLists(lists: Partial<KnownLists> | undefined): KnownLists | undefined {
  return lists?.atMs === undefined || lists.seen === undefined ? undefined : {atMs: lists.atMs, seen: lists.seen};
}

function parse<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
