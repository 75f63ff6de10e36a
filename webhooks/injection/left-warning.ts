import type {LeftReason} from './choose-names.ts';

interface Context {
  /** How many names are bound. */
  readonly bound: number;
  readonly busy: readonly number[];
  readonly limit: number;
}

/** The one warning of a review about names (design §8): how many are not bound, and why. Undefined: all are. */
export function leftWarning(left: ReadonlyMap<LeftReason, number>, context: Context): string | undefined {
  if (left.size === 0) return undefined;
  const clause = (reason: LeftReason): string => `${left.get(reason) ?? 0} ${phrase(reason, context)}`;
  const unbound = [...left.keys()].filter((reason) => reason !== 'NotImported').map(clause);
  return [
    `isthmus: imported names: ${context.bound} through the sidecar`,
    ...(unbound.length > 0 ? [`through DNS and the gateway: ${unbound.join(', ')}`] : []),
    ...(left.has('NotImported') ? [clause('NotImported')] : []),
  ].join('; ');
}

function phrase(reason: LeftReason, context: Context): string {
  switch (reason) {
    case 'BusyPort':
      return `on a port that this pod listens on itself (${some(context.busy)})`;
    case 'NotTcp':
      return 'with a port that is not TCP, or with none';
    case 'LowPort':
      return "with a port below the pod's own net.ipv4.ip_unprivileged_port_start";
    case 'OwnAlias':
      return "defined by the pod's own hostAliases";
    case 'NotImported':
      return 'of isthmus.dev/imports not imported here with type ClusterSetIP';
    case 'OverLimit':
      return `over the limit of ${context.limit} (choose with isthmus.dev/imports)`;
    case 'TooBig':
      return 'for which the configuration has no room (choose with isthmus.dev/imports)';
  }
}

function some(ports: readonly number[]): string {
  return ports.length > 5 ? `${ports.slice(0, 5).join(', ')}, ...` : ports.join(', ');
}
