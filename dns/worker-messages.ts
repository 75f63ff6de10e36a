import type {ListenAddress} from './transport/bind.ts';
import type {TcpLimits} from './transport/tcp-limits.ts';
import type {WireName} from './wire/name.ts';

/** What a worker is started with. */
export interface WorkerSettings {
  readonly index: number;
  readonly listen: ListenAddress;
  readonly reusePort: boolean;
  readonly zone: WireName;
  readonly ttlSeconds: number;
  readonly tcp: TcpLimits;
  readonly counters: SharedArrayBuffer;
}

export type ToWorker =
  | {
      readonly kind: 'publish';
      readonly revision: number;
      readonly synced: boolean;
      readonly slabs: readonly ArrayBuffer[];
    }
  | {readonly kind: 'close'};

export type FromWorker =
  | {readonly kind: 'listening'; readonly port: number}
  | {readonly kind: 'notListening'; readonly reason: string; readonly code: string}
  | {readonly kind: 'served'; readonly revision: number};
