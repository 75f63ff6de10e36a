import {parseTimestamp} from '../cel/time.ts';
import {isAheadOf} from './mass-deletion.ts';

/** What annotation `isthmus.dev/confirm-deletions` of a Cluster says. */
export type DeletionConfirmation =
  | {readonly state: 'None'}
  /** What was held back until then is meant; milliseconds since the epoch. */
  | {readonly state: 'Confirmed'; readonly untilMs: number}
  /** It confirms nothing, and why: a sentence. */
  | {readonly state: 'Ignored'; readonly why: string};

/** @param text - RFC 3339; people write it by hand and by their own clock, so it may be anything */
export function readConfirmation(text: string | undefined, nowMs: number): DeletionConfirmation {
  if (text === undefined) return {state: 'None'};
  const nanos = parseTimestamp(text.trim());
  if (nanos === undefined)
    return {state: 'Ignored', why: `"${text.slice(0, 64)}" is no time of RFC 3339, such as 2026-01-31T12:00:00Z`};
  // Down to the millisecond, as deletions are dated: what was held in the rest of it was not confirmed.
  const untilMs = Number(nanos / 1_000_000n);
  if (!isAheadOf(nowMs, untilMs)) return {state: 'Confirmed', untilMs};
  return {
    state: 'Ignored',
    why: `${text.trim()} lies ahead of the hub's clock: nobody can know what will be held back until then`,
  };
}
