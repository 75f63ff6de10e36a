import type {LeftReason} from './choose-names.ts';

/** The one warning of a review about names (design §8): how many are not bound, and why. Undefined: all are. */
export function leftWarning(
  left: ReadonlyMap<LeftReason, number>,
  context: {readonly bound: number; readonly busy: readonly number[]; readonly limit: number},
): string | undefined {
  const total = [...left.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const because = [...left].map(([reason, count]) => `${count} ${sentence(reason, context)}`).join('; ');
  return `isthmus: ${context.bound} imported names go through the sidecar, ${total} through DNS and the gateway: ${because}`;
}

function sentence(reason: LeftReason, context: {busy: readonly number[]; limit: number}): string {
  switch (reason) {
    case 'BusyPort':
      return `use a port that this pod listens on itself (${some(context.busy)})`;
    case 'NotTcp':
      return 'have a port that is not TCP, or none';
    case 'LowPort':
      return "have a port below the pod's own net.ipv4.ip_unprivileged_port_start";
    case 'OwnAlias':
      return "are defined by the pod's own hostAliases";
    case 'NotImported':
      return 'of isthmus.dev/imports are not imported here with type ClusterSetIP';
    case 'OverLimit':
      return `are over the limit of ${context.limit}; choose with isthmus.dev/imports`;
    case 'TooBig':
      return 'would make the configuration too big; choose with isthmus.dev/imports';
  }
}

function some(ports: readonly number[]): string {
  return ports.length > 5 ? `${ports.slice(0, 5).join(', ')}, ...` : ports.join(', ');
}
