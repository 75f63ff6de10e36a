/** What one client may take of the TCP side. Times in milliseconds. */
export interface TcpLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  /** With no query begun. RFC 7766 §6.2.3 asks for a few seconds. */
  readonly idleMs: number;
  /** From the first octet of a query to its last: one octet now and then holds nothing open. */
  readonly messageMs: number;
}

export const DEFAULT_TCP_LIMITS: TcpLimits = {
  maxConnections: 1000,
  maxConnectionsPerClient: 100,
  idleMs: 10_000,
  messageMs: 5_000,
};
