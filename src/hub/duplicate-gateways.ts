import type {Cluster} from '../api/kinds.ts';

/** The schema's default. */
const DEFAULT_PORT = 80;

/** Orders Clusters by age, as precedence is decided everywhere (design §5): ties by id. */
export function olderFirst({metadata: a}: Cluster, {metadata: b}: Cluster): number {
  const [ageOfA, ageOfB] = [a.creationTimestamp ?? '', b.creationTimestamp ?? ''];
  if (ageOfA !== ageOfB) return ageOfA < ageOfB ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}

/**
 * Clusters whose gateway another, older one has: what is meant for one would reach the other (design §10). Compared are
 * names as they are written, and each of the addresses that they resolve to, with the port.
 *
 * @returns by id of the younger, the id of the older
 */
export function duplicateGateways(
  all: readonly {readonly cluster: Cluster; readonly addresses: readonly string[]}[],
): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  const duplicates = new Map<string, string>();
  for (const {cluster, addresses} of [...all].sort((a, b) => olderFirst(a.cluster, b.cluster))) {
    const {gatewayHost, gatewayPort = DEFAULT_PORT} = cluster.spec ?? {};
    if (gatewayHost === undefined || gatewayHost === '') continue;
    const places = [gatewayHost.toLowerCase(), ...addresses].map((host) => `${host} ${gatewayPort}`);
    const owner = places.map((place) => owners.get(place)).find((each) => each !== undefined);
    if (owner !== undefined) duplicates.set(cluster.metadata.name, owner);
    else for (const place of places) owners.set(place, cluster.metadata.name);
  }
  return duplicates;
}
