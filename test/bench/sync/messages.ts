/** What the processes of `sync` ask one another. */

export type ServersQuestion =
  {readonly ask: 'writes' | 'imports' | 'stop'} | {readonly ask: 'propagate'; readonly index: number};

export type ServersAnswer =
  | {readonly say: 'ready'; readonly hubUrl: string; readonly ca: string}
  /** Since they were asked for the last time; `others` by server and request. */
  | {readonly say: 'writes'; readonly heartbeats: number; readonly others: Readonly<Record<string, number>>}
  | {readonly say: 'imports'; readonly counts: readonly number[]}
  | {readonly say: 'propagated'; readonly tookMs: readonly number[]};

/** `live`: as `usage`, after a collection of garbage. */
export type HubQuestion = {readonly ask: 'usage' | 'live' | 'stop'};

export type HubAnswer =
  | {readonly say: 'ready'}
  | {
      readonly say: 'usage';
      /** So far, of all its threads. */
      readonly cpuMs: number;
      readonly rssBytes: number;
      readonly peakRssBytes: number;
      /** Of it: JavaScript objects, garbage among them. */
      readonly heapBytes: number;
      /** Members that hold everything that they should. */
      readonly synced: number;
      readonly queued: number;
      readonly exports: number;
    };
