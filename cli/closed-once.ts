export type ClosedOnce = () => Promise<void>;

/** A close that may be called from several places and does its work once. */
export function closedOnce(close: () => Promise<void>): ClosedOnce {
  let closing: Promise<void> | undefined;
  return () => (closing ??= close());
}
