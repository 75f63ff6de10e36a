import type {Condition} from '../api/meta.ts';
import type {ExportVerdict} from './merged-import.ts';

/** The API allows 32768 (metav1.Condition); a status with a message of that size is still a burden for every watcher. */
const MAX_MESSAGE = 16_384;

/**
 * The condition `Conflict` of every export of a name: all conflicts at once, their reasons joined by commas without a space
 * (KEP-1645), each once; `NoConflicts` as soon as the exports agree.
 */
export function conflictCondition(
  conflicts: ExportVerdict['conflicts'],
): Pick<Condition, 'type' | 'status' | 'reason' | 'message'> {
  if (conflicts.length === 0) {
    return {type: 'Conflict', status: 'False', reason: 'NoConflicts', message: 'All exports of this name agree.'};
  }
  const reason = [...new Set(conflicts.map((conflict) => conflict.reason))].join(',');
  const message = conflicts.map((conflict) => conflict.message).join(' ');
  const shown = message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`;
  return {type: 'Conflict', status: 'True', reason, message: shown};
}
