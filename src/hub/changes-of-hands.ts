/** Who writes to a member, as this replica of the hub sees it. */
export type WrittenBy = 'this' | 'another' | 'nobody';

/** Between a release and the first comparison of the next one, with room for a slow watch. */
const SETTLES_WITHIN_MS = 5_000;

interface Seen {
  readonly by: WrittenBy;
  /** Of the monotonic clock; -Infinity: nobody is known to have had it before. */
  readonly sinceMs: number;
}

/**
 * A member that goes from one replica of the hub to another is written to by nobody for a moment, and its next writer has not tried
 * anything yet. What is said of it then would be wrong a moment later, and each word is a write.
 */
export class ChangesOfHands<Member extends object> {
  readonly #seen = new WeakMap<Member, Seen>();

  /** To be asked whenever it may have changed. @param nowMs - of a monotonic clock */
  isUnderWay(member: Member, by: WrittenBy, nowMs: number): boolean {
    const before = this.#seen.get(member);
    const wasWritten = before !== undefined && (before.by !== 'nobody' || before.sinceMs > -Infinity);
    const seen = before?.by === by ? before : {by, sinceMs: wasWritten ? nowMs : -Infinity};
    this.#seen.set(member, seen);
    return nowMs - seen.sinceMs < SETTLES_WITHIN_MS;
  }
}
