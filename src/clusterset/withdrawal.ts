/**
 * Whose endpoints of one import the hub withdraws: of exporters that are stale and whose gateway is dead by its own probe (last
 * row of design §6). Where that is all of them, the least stale keeps its endpoints: if everything is stale, the least stale
 * is served.
 *
 * @param exporters - of the import
 * @param lostMs - those that would be withdrawn, and since when nobody reaches their API server, milliseconds
 */
export function withdrawnOf(exporters: readonly string[], lostMs: ReadonlyMap<string, number>): ReadonlySet<string> {
  const lost = exporters.filter((cluster) => lostMs.has(cluster));
  if (lost.length === 0 || lost.length < exporters.length) return new Set(lost);
  const [, ...rest] = lost.toSorted((a, b) => (lostMs.get(b) ?? 0) - (lostMs.get(a) ?? 0) || (a < b ? -1 : 1));
  return new Set(rest);
}
