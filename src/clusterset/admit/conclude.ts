import type {Admission, Finding} from '../decision.ts';

/** What was found about one object, by weight. */
export interface Findings {
  /** The object itself is wrong. */
  readonly invalid?: readonly Finding[];
  /** A policy, or a rule of Isthmus about who may do what where, forbids it. */
  readonly forbidden?: readonly Finding[];
  readonly warnings?: readonly Finding[];
  readonly audits?: readonly Finding[];
}

/**
 * All findings at once. Where some are of each kind the answer is 403: an object that may not be here at all need not be
 * repaired first.
 */
export function conclude({invalid = [], forbidden = [], warnings = [], audits = []}: Findings): Admission {
  const denials = [...forbidden, ...invalid];
  return {allowed: denials.length === 0, denials, code: codeOf(forbidden, invalid), warnings, audits};
}

function codeOf(forbidden: readonly Finding[], invalid: readonly Finding[]): Admission['code'] {
  if (forbidden.length > 0) return 403;
  return invalid.length > 0 ? 422 : undefined;
}

/** Findings about fields of one kind: `source` is the kind, so that they read like the API server's own. */
export function inField(source: string): (field: string, message: string) => Finding {
  return (field, message) => ({source, field, message});
}
