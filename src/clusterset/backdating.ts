/** How much later than an export's timestamp a list without it must be, so that clock differences don't count. */
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * The age that counts in conflicts. A member writes its own timestamps, and the oldest export wins (KEP-1645), so an export
 * counts as no older than the last complete list of its member that lacked it (design §5). "No older than first seen" would
 * be simpler, but flips winners after every outage of the hub.
 *
 * @param creationMs - `metadata.creationTimestamp`, milliseconds since the epoch
 * @param lastCompleteListWithoutItMs - undefined: there is no earlier list (join, new hub), and the timestamp is believed
 */
export function cappedCreatedAt(creationMs: number, lastCompleteListWithoutItMs: number | undefined): number {
  if (lastCompleteListWithoutItMs === undefined) return creationMs;
  return lastCompleteListWithoutItMs - creationMs > CLOCK_TOLERANCE_MS ? lastCompleteListWithoutItMs : creationMs;
}
