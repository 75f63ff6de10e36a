/** A place in the pool, as a test's process is told of it. */
export interface SlotInfo {
  /** Where the API server listens on 127.0.0.1. */
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Of an administrator. */
  readonly token: string;
}

/** Names the folder with the pool's socket in the environment of test processes. */
export const POOL_VARIABLE = 'ISTHMUS_POOL';
