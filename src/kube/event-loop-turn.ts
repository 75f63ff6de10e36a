/** So long may one turn of the event loop last, milliseconds, before what is read, renewed or answered meanwhile gets its own. */
const TURN_MS = 10;

let endsMs: number | undefined;
let next: Promise<void> | undefined;

/**
 * For work that goes from promise to promise: without any I/O in between it would keep the event loop to itself, for seconds where
 * there is enough of it, and Leases would expire over it. Of all such work of the process together.
 *
 * @returns what to wait for before going on; undefined: this turn has not lasted too long yet
 */
export function turnOfOthers(): Promise<void> | undefined {
  if (next !== undefined) return next;
  const nowMs = performance.now();
  if (endsMs === undefined) {
    endsMs = nowMs + TURN_MS;
    setImmediate(() => (endsMs = undefined));
  }
  if (nowMs < endsMs) return undefined;
  const {promise, resolve} = Promise.withResolvers<void>();
  next = promise;
  setImmediate(() => {
    next = undefined;
    resolve();
  });
  return promise;
}
