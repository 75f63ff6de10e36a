/**
 * All that a client needs to reach one API server. Plain literals: nothing in here is a path, a command or a plugin that
 * somebody else could choose. `token` may be a getter: it is read for every request, so that a rotated one is picked up.
 */
export interface ClusterCredentials {
  /** `https://host[:port][/prefix]`, without a slash at the end. */
  readonly server: string;
  /** PEM; the only roots that are trusted for this server. */
  readonly ca: string;
  /** The name to send and to verify instead of the server's host. */
  readonly tlsServerName?: string;
  readonly token?: string;
  /** PEM, with its chain. */
  readonly clientCert?: string;
  /** PEM, unencrypted. */
  readonly clientKey?: string;
  /**
   * Set for credentials that somebody else wrote: a host name that resolves to a loopback, link-local or unspecified
   * address is refused at connect time (a name can be pointed at 169.254.169.254 after it was checked).
   */
  readonly refuseLocalAddresses?: boolean;
}
