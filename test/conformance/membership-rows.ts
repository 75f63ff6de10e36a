import type {MemberId} from './clusterset-row.ts';

/** What is done to the clusterset itself, one row after the other: each begins where the one before ended. */
export type MembershipChange =
  | {readonly do: 'set-property'; readonly in: MemberId; readonly property: PropertyName; readonly value: string}
  | {readonly do: 'delete-property'; readonly in: MemberId; readonly property: PropertyName}
  /** By a Cluster of this name, which is its id, with the kubeconfig of one of the three. */
  | {readonly do: 'register'; readonly name: string; readonly cluster: MemberId}
  | {readonly do: 'unregister'; readonly name: string};

export type PropertyName = 'cluster.clusterset.k8s.io' | 'clusterset.k8s.io';

export interface MembershipRow {
  readonly title: string;
  readonly changes: readonly MembershipChange[];
  /** Cluster id and clusterset id as the member's ClusterProperties say them; undefined: neither is there. */
  readonly properties: Readonly<Record<MemberId, readonly [string, string] | undefined>>;
  /** `False/Reason` by type, of Clusters by name. */
  readonly clusters?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** A part of a message of each of these Clusters. */
  readonly says?: Readonly<Record<string, string>>;
  /** `status.clusters` of the import of a service that c1 and c10 export, in c2. */
  readonly exporters: readonly string[];
}

const ALL = {c1: ['c1', 'conformance'], c10: ['c10', 'conformance'], c2: ['c2', 'conformance']} as const;

/** KEP-2149, and what KEP-1645 says of clusters (MCS §2.1). */
export const membershipRows: readonly MembershipRow[] = [
  {
    title: '[1, 3, 6] each member has both properties: its own id, which people may read, and that of the clusterset',
    changes: [],
    properties: ALL,
    exporters: ['c1', 'c10'],
  },
  {
    title: '[1, 3, 7] neither property changes as long as it is a member: they are watched and put right',
    changes: [
      {do: 'set-property', in: 'c10', property: 'cluster.clusterset.k8s.io', value: 'other'},
      {do: 'set-property', in: 'c1', property: 'clusterset.k8s.io', value: 'other'},
      {do: 'delete-property', in: 'c2', property: 'clusterset.k8s.io'},
    ],
    properties: ALL,
    exporters: ['c1', 'c10'],
  },
  {
    title: '[1, 5] a cluster that is a member already is refused under another id, with what to do about it',
    changes: [{do: 'register', name: 'twin', cluster: 'c10'}],
    properties: ALL,
    clusters: {twin: {Synced: 'False/DuplicateCluster'}},
    says: {twin: 'c10'},
    exporters: ['c1', 'c10'],
  },
  {
    title: '[3, 12] neither property is there when it is no member any more, and nothing of it is imported',
    changes: [
      {do: 'unregister', name: 'twin'},
      {do: 'unregister', name: 'c10'},
    ],
    properties: {...ALL, c10: undefined},
    exporters: ['c1'],
  },
  {
    title: '[4] another id is to leave and to join again',
    changes: [{do: 'register', name: 'renamed', cluster: 'c10'}],
    properties: {...ALL, c10: ['renamed', 'conformance']},
    clusters: {renamed: {Reachable: 'True/Answered', Synced: 'True/Synced'}},
    exporters: ['c1', 'renamed'],
  },
  {
    title: '[4] the id of one that left may be used again',
    changes: [
      {do: 'unregister', name: 'renamed'},
      {do: 'register', name: 'c10', cluster: 'c10'},
    ],
    properties: ALL,
    clusters: {c10: {Reachable: 'True/Answered', Synced: 'True/Synced'}},
    exporters: ['c1', 'c10'],
  },
];
