import type {Condition} from '../src/api/meta.ts';

/** `Reachable=True (Answered)` */
export function conditionText({type, status, reason}: Pick<Condition, 'type' | 'status' | 'reason'>): string {
  return `${type}=${status} (${reason})`;
}
