/** Where a server block listens and what for. */
export interface ServerLabel {
  /** `dns`, `tls`, `https`, `grpc`, `quic`, … */
  readonly scheme: string;
  /** Lower case, without the dot at the end; `.` for the root. */
  readonly zone: string;
  /** As it is written; undefined: the default of the scheme. */
  readonly port: string | undefined;
}

/** A label of a server block, such as `dns://example.org.:1053` or `:53`, which is the root. */
export function parseServerLabel(label: string): ServerLabel {
  const match = /^(?:(?<scheme>[a-z0-9]+):\/\/)?(?<zone>.*?)(?::(?<port>\d+|\{[$%].*))?$/i.exec(label);
  const {scheme = 'dns', zone = '', port} = match?.groups ?? {};
  return {scheme: scheme.toLowerCase(), zone: zoneName(zone), port};
}

/** A domain name to compare with: lower case, no dot at the end, `.` for the root. */
export function zoneName(name: string): string {
  const bare = name.toLowerCase().replace(/\.$/, '');
  return bare === '' ? '.' : bare;
}

/** True for the zone itself and for every name below it. */
export function isInZone(name: string, zone: string): boolean {
  const bare = zoneName(name);
  return bare === zone || bare.endsWith(`.${zone}`);
}
