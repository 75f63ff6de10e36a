import {lookup, Resolver} from 'node:dns/promises';

export interface ResolvedHost {
  readonly addresses: readonly string[];
  /** How long the answer may be believed; undefined: nobody said. */
  readonly ttlMs: number | undefined;
}

/** Its times are short: a name server that doesn't answer must not keep other names waiting. */
const RESOLVER = {timeout: 1_000, tries: 2};

/**
 * The addresses of a gateway as the operating system sees them (hosts file and search domains included), and the TTL (RFC
 * 1035) where DNS itself says the same: the system's resolver tells none.
 *
 * @throws Error of node:dns where the name has no address, or nobody could say
 */
export async function resolveGateway(host: string): Promise<ResolvedHost> {
  const [found, records] = await Promise.all([lookup(host, {all: true}), askDns(host)]);
  const addresses = [...new Set(found.map(({address}) => address))].sort();
  const said = [...new Set(records.map(({address}) => address))].sort();
  if (addresses.join() !== said.join()) return {addresses, ttlMs: undefined};
  return {addresses, ttlMs: Math.min(...records.map(({ttl}) => ttl)) * 1_000};
}

/** A family that has no records, or that nobody could tell of, is left out; then it says less than the system does. */
async function askDns(host: string): Promise<readonly {readonly address: string; readonly ttl: number}[]> {
  const resolver = new Resolver(RESOLVER);
  const families = [resolver.resolve4(host, {ttl: true}), resolver.resolve6(host, {ttl: true})];
  return (await Promise.all(families.map(async (family) => family.catch(() => [])))).flat();
}
