import type {ImportPort} from '../api/kinds.ts';
import type {ExportedPort} from './member-export.ts';

/** One cluster's ports; the list that they come in is ordered by precedence, the oldest export first. */
export interface ClusterPorts {
  readonly cluster: string;
  readonly ports: readonly ExportedPort[];
}

/** A port that could not stand beside one of an older export. */
export interface DroppedPort {
  readonly cluster: string;
  readonly port: ExportedPort;
  readonly because: string;
}

export interface MergedPorts {
  readonly ports: readonly ImportPort[];
  readonly dropped: readonly DroppedPort[];
  /** Clusters whose set of ports is not that of the oldest export. */
  readonly disagreeing: readonly string[];
  /** `PROTOCOL/port` → clusters that serve it, sorted; only ports that some cluster lacks. */
  readonly portClusters: Readonly<Record<string, readonly string[]>>;
}

/** How traffic finds a port: its name is only a name, protocol and number are what a client connects to. */
export function portKey(port: {readonly protocol?: string; readonly port: number}): string {
  return `${port.protocol ?? 'TCP'}/${port.port}`;
}

/**
 * The union of all ports: first by name, then by protocol and port, and the loser of a duplicate is dropped (KEP-1645,
 * constraints and conflict resolution), so that the result is one that a Service could have. No name counts as a name.
 */
export function mergePorts(byPrecedence: readonly ClusterPorts[]): MergedPorts {
  const kept = new Map<string, ExportedPort>();
  const keptByName = new Map<string, ExportedPort>();
  const dropped: DroppedPort[] = [];
  for (const {cluster, ports} of byPrecedence) {
    for (const port of ports) {
      const because = whyNotBeside(port, kept.get(portKey(port)), keptByName.get(port.name ?? ''));
      if (because !== undefined) dropped.push({cluster, port, because});
      else if (!kept.has(portKey(port))) {
        kept.set(portKey(port), port);
        keptByName.set(port.name ?? '', port);
      }
    }
  }
  return {
    ports: [...kept.values()].map(toImportPort),
    dropped,
    disagreeing: disagreeingClusters(byPrecedence),
    portClusters: servingClusters([...kept.keys()], byPrecedence),
  };
}

/** Undefined: the port is new, or the very same as one that is there. */
function whyNotBeside(
  port: ExportedPort,
  sameNumber: ExportedPort | undefined,
  sameName: ExportedPort | undefined,
): string | undefined {
  if (sameName !== undefined && portKey(sameName) !== portKey(port)) return `its name is that of ${portKey(sameName)}`;
  if (sameNumber !== undefined && (sameNumber.name ?? '') !== (port.name ?? '')) {
    return `${portKey(port)} is named "${sameNumber.name ?? ''}"`;
  }
  return undefined;
}

function toImportPort({name, protocol, port, appProtocol}: ExportedPort): ImportPort {
  return {
    ...(name === undefined || name === '' ? {} : {name}),
    protocol,
    port,
    ...(appProtocol === undefined ? {} : {appProtocol}),
  };
}

/** Any difference counts, a clean union and another appProtocol too. */
function disagreeingClusters([oldest, ...others]: readonly ClusterPorts[]): readonly string[] {
  const agreed = fingerprint(oldest?.ports ?? []);
  return others.filter(({ports}) => fingerprint(ports) !== agreed).map(({cluster}) => cluster);
}

function fingerprint(ports: readonly ExportedPort[]): string {
  return JSON.stringify(
    ports.map((port) => JSON.stringify([port.name ?? '', portKey(port), port.appProtocol ?? ''])).sort(),
  );
}

/** "Traffic to a conflicting port SHOULD go only to endpoints of clusters that expose it" (KEP-1645). */
function servingClusters(
  keys: readonly string[],
  byPrecedence: readonly ClusterPorts[],
): Readonly<Record<string, readonly string[]>> {
  const served = keys.map((key) => {
    const serving = byPrecedence.filter(({ports}) => ports.some((port) => portKey(port) === key));
    return [key, serving.map(({cluster}) => cluster).sort()] as const;
  });
  return Object.fromEntries(served.filter(([, clusters]) => clusters.length < byPrecedence.length));
}
