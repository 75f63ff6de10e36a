import type {Expected} from './row.ts';

/** `details` of an error about one object: the resource, or the Kind, and its name. */
export function about(kind: string, name?: string, group?: string): object {
  return {...(name === undefined ? {} : {name}), ...(group === undefined ? {} : {group}), kind};
}

/** A refusal in full. Where `reason` or `details` are left out, the Status has none. */
export function refused(code: number, reason: string | undefined, message: string, details?: object): Expected {
  return {
    code,
    status: {
      status: 'Failure',
      message,
      ...(reason === undefined ? {} : {reason}),
      ...(details === undefined ? {} : {details}),
    },
  };
}

/** Reason without its `FieldValue`, field, text. */
type Cause = readonly [reason: string, field: string, message: string];

/**
 * A 422 with its causes. The message is made of them as upstream does: each error once, in brackets where there are several.
 *
 * @param subject - `Kind.group "name"`
 */
export function invalid(subject: string, ...causes: readonly Cause[]): Expected {
  const [, kind = '', group, name = ''] = /^([A-Za-z]*)(?:\.([a-z0-9.-]+))? "(.*)"$/.exec(subject) ?? [];
  const lines = [...new Set(causes.map(([, field, message]) => `${field}: ${message}`))];
  return refused(422, 'Invalid', `${subject} is invalid: ${lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`}`, {
    ...(name === '' ? {} : {name}),
    ...(group === undefined ? {} : {group}),
    ...(kind === '' ? {} : {kind}),
    causes: causes.map(([reason, field, message]) => ({reason: `FieldValue${reason}`, message, field})),
  });
}

/** A failure of the server's own, with its message as the only cause. */
export function internalError(message: string): Expected {
  return refused(500, 'InternalError', `Internal error occurred: ${message}`, {causes: [{message}]});
}

export function conflicts(...of: readonly (readonly [manager: string, field: string])[]): Expected {
  const causes = of.map(([manager, field]) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${manager}`,
    field,
  }));
  const told =
    causes.length === 1
      ? `1 conflict: ${causes[0]?.message}: ${causes[0]?.field}`
      : `${causes.length} conflicts: ${[...Map.groupBy(of, ([manager]) => manager)]
          .map(([manager, those]) => `conflicts with ${manager}:${those.map(([, field]) => `\n- ${field}`).join('')}`)
          .join('\n')}`;
  return refused(409, 'Conflict', `Apply failed with ${told}`, {causes});
}

/** One entry of managedFields: `manager Apply [status] {"f:spec":…}`. */
export function owner(manager: string, operation: 'Apply' | 'Update', fields: object, subresource = ''): string {
  return [manager, operation, subresource, JSON.stringify(fields)].filter((part) => part !== '').join(' ');
}

export const STALE = 'the object has been modified; please apply your changes to the latest version and try again';
