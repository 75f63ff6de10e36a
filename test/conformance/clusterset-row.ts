import type {Endpoint} from '../../src/api/kinds.ts';
import type {MergedImport} from '../../src/clusterset/merged-import.ts';
import type {MergeVector, VectorExport} from './merge-vectors.ts';

/** The clusters of the suite. In this order as texts, which decides ties (MCS §2, 34). */
export const MEMBERS = ['c1', 'c10', 'c2'] as const;
export type MemberId = (typeof MEMBERS)[number];

/** Of every row, in a namespace that it has for itself. */
export const NAME = 'foo';

/** What one member is given: a Service, its endpoints and its export. Larger `age`: exported earlier. */
export interface Given extends VectorExport {
  /** False: there is a Service, and nobody exports it. */
  readonly exported?: false;
  /** Of the Service, where it isn't the export's; that is what a name mapping would need. */
  readonly serviceName?: string;
  /** By slice of the Service, which then has no selector. */
  readonly slices?: Readonly<Record<string, readonly Endpoint[]>>;
  /** Of the Service and of the ServiceExport themselves: no user asked to have these exported. */
  readonly ownLabels?: Readonly<Record<string, string>>;
}

/** What a test does to a row that is there, as a user of that cluster. */
export type Change =
  | {readonly do: 'export' | 'unexport' | 'add-service' | 'delete-service' | 'delete-import'; readonly in: MemberId}
  | {readonly do: 'add-namespace' | 'delete-namespace'; readonly in: MemberId}
  /** A merge patch. */
  | {readonly do: 'patch-service' | 'patch-export' | 'patch-import'; readonly in: MemberId; readonly body: object}
  | {readonly do: 'delete-slice'; readonly in: MemberId; readonly slice: string};

export interface Expectation {
  /** Which members hold an import; in all others there must be none. Default: all where anything is imported at all. */
  readonly importedIn?: readonly MemberId[];
  /** What it says in each of them; `none`: no member may have one. */
  readonly import?: Partial<MergedImport> | 'none';
  /** `True/Reason` by type, on every export of the row; by cluster, where they differ. */
  readonly exports?: Readonly<Record<string, string>>;
  readonly exportIn?: Readonly<Partial<Record<MemberId, Readonly<Record<string, string>>>>>;
  /** `True/Reason` by type, on the import of each of these members. */
  readonly importIn?: Readonly<Partial<Record<MemberId, Readonly<Record<string, string>>>>>;
  /** A part of the message of every `Conflict`. */
  readonly says?: string;
  readonly endpointSliceObjects?: 'Present' | 'Absent';
  /** `source: address, address` of every imported slice, sorted; the same in each member that imports. */
  readonly slices?: readonly string[];
  /** Answers to a question of this type for a name before `<service>.<namespace>.svc.clusterset.local`; `VIP` stands for the import's. */
  readonly dns?: readonly {
    readonly in: MemberId;
    readonly type: string;
    readonly name?: string;
    readonly answer: readonly string[] | 'VIP' | 'NXDOMAIN';
  }[];
  /** Things that must be as they were at the end of the step before. */
  readonly kept?: readonly ('import' | 'addresses' | 'service')[];
}

export interface Step {
  readonly changes: readonly Change[];
  readonly expect: Expectation;
}

/** One row: what is given, what must come of it, and then step by step what must come of changes. */
export interface ClustersetRow {
  readonly title: string;
  /** Members that have the namespace from the start. Default: all. */
  readonly namespaceIn?: readonly MemberId[];
  readonly given: readonly Given[];
  readonly expect: Expectation;
  readonly later?: readonly Step[];
}

/** The same row that the engine is asked, for API servers. */
export function rowOf({name, exports, import: merged, conflict, invalid = {}, says}: MergeVector): ClustersetRow {
  const exportIn = Object.fromEntries(exports.map(({cluster}) => [cluster, conditionsOf(invalid[cluster], conflict)]));
  const conditions = exports.length === 0 ? {} : {exportIn};
  return {
    title: name,
    given: exports,
    expect: {import: merged ?? 'none', ...conditions, ...(says === undefined ? {} : {says})},
  };
}

function conditionsOf(invalid: string | undefined, conflict: string): Readonly<Record<string, string>> {
  const said = {Conflict: `${conflict === 'NoConflicts' ? 'False' : 'True'}/${conflict}`};
  if (invalid === undefined) return {...said, Valid: 'True/Valid', Ready: 'True/Exported'};
  const ready = invalid === 'NoService' ? 'False/Pending' : 'False/Failed';
  return {...said, Valid: `False/${invalid}`, Ready: ready};
}
