import type {CacheLimits} from './forward/answer-cache.ts';
import type {ForwardLimits} from './forward/forwarder.ts';
import type {UpstreamAddress} from './forward/upstream.ts';
import type {Listener} from './transport/bind.ts';
import type {Certificate} from './transport/certificate.ts';
import type {RateLimit} from './transport/rate-limiter.ts';
import type {TcpLimits} from './transport/tcp-limits.ts';
import type {WireName} from './wire/name.ts';
import type {ClustersetUpdate} from './zone/clusterset-update.ts';

/** What every worker of a server is told about transport. */
export interface TransportSettings {
  readonly tcp: TcpLimits;
  readonly cookies: {readonly secrets: readonly Uint8Array[]; readonly required: boolean};
  readonly rateLimit?: RateLimit;
  readonly forward?: {
    readonly upstreams: readonly UpstreamAddress[];
    /** See `LoopProbe`. */
    readonly loopToken: string;
    readonly loops: SharedArrayBuffer;
    readonly limits?: Partial<ForwardLimits>;
    readonly cache?: Partial<CacheLimits>;
  };
}

/** What a worker is started with. */
export interface WorkerSettings extends TransportSettings {
  readonly index: number;
  readonly listeners: readonly Listener[];
  readonly reusePort: boolean;
  readonly zone: WireName;
  readonly ttlSeconds: number;
  readonly counters: SharedArrayBuffer;
}

export type ToWorker =
  | {
      readonly kind: 'publish';
      readonly revision: number;
      readonly synced: boolean;
      readonly slabs: readonly ArrayBuffer[];
      readonly clusterset?: ClustersetUpdate;
      /** The slabs come from a file that was written then, ms since the epoch: they are served as stale until the first synced view. */
      readonly restoredAtMs?: number;
    }
  /** Nothing was heard of the API server since then, ms since the epoch: what is served is old. 0: it is heard. */
  | {readonly kind: 'silence'; readonly sinceMs: number}
  | {readonly kind: 'certificate'; readonly certificate: Certificate}
  | {readonly kind: 'cookieSecrets'; readonly secrets: readonly Uint8Array[]}
  | {readonly kind: 'close'};

export type FromWorker =
  /** In the order of the listeners. */
  | {readonly kind: 'listening'; readonly ports: readonly number[]}
  /** This upstream asks us in its turn. */
  | {readonly kind: 'loop'; readonly upstream: UpstreamAddress}
  | {readonly kind: 'notListening'; readonly reason: string; readonly code: string; readonly port?: number}
  | {readonly kind: 'served'; readonly revision: number};
