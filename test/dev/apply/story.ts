import {describeConflicts} from '../../../src/dev/apply/conflicts.ts';
import {serverSideApply, trackUpdate} from '../../../src/dev/apply/managed-fields.ts';
import {applyDefaults} from '../../../src/dev/schema/defaults.ts';
import {listAt, objectAt} from '../../../src/dev/schema/json.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import type {Schema} from '../../../src/dev/schema/schema.ts';
import {validate} from '../../../src/dev/schema/validate.ts';
import {applyMergePatch} from '../../../src/dev/patch/merge-patch.ts';

export const noon = '2026-01-01T12:00:00Z';
export const later = '2026-01-01T12:30:00Z';

export interface Writer {
  readonly manager: string;
  readonly force?: boolean;
  readonly subresource?: 'status';
  readonly now?: string;
  readonly apiVersion?: string;
}

/** What a write came to: `written`, `unchanged`, or the error's message. */
export type Outcome = string;

/** One stored object and the writes it sees, as the API server would put them together. */
export interface Story {
  apply(writer: Writer, body: JsonObject): Outcome;
  patch(writer: Writer, patch: JsonObject): Outcome;
  object(): JsonObject;
  /** `manager operation[/subresource]` → its fieldsV1. */
  owners(): Readonly<Record<string, unknown>>;
}

export function startStory(schema: Schema, kind = 'Widget'): Story {
  let live: JsonObject | undefined;
  const apiVersion = 'example.dev/v1';
  const common = (writer: Writer) => ({
    manager: writer.manager,
    apiVersion: writer.apiVersion ?? apiVersion,
    schema,
    now: writer.now ?? noon,
    hasStatus: true,
    ...(writer.subresource === undefined ? {} : {subresource: writer.subresource}),
  });
  const store = (object: JsonObject): Outcome => {
    const errors = validate(schema, object);
    if (errors.length > 0) return errors.map(({field, message}) => `${field}: ${message}`).join(', ');
    live = object;
    return 'written';
  };
  return {
    apply: (writer, body) => {
      const applied = {
        apiVersion: writer.apiVersion ?? apiVersion,
        kind,
        ...body,
        metadata: {name: 'x', ...objectAt(body, 'metadata')},
      };
      const result = serverSideApply({...common(writer), live, applied, force: writer.force === true});
      if (!result.ok) return 'error' in result ? result.error.message : describeConflicts(result.conflicts);
      return result.changed ? store(applyDefaults(schema, result.object)) : 'unchanged';
    },
    patch: (writer, patch) => {
      const target = live ?? {apiVersion, kind, metadata: {name: 'x'}};
      const after = applyDefaults(schema, applyMergePatch(target, patch) as JsonObject);
      return store(trackUpdate({...common(writer), before: live, after}));
    },
    object: () => {
      const {apiVersion: _version, kind: _kind, metadata, ...rest} = live ?? {};
      const {managedFields: _fields, name: _name, ...meta} = (metadata ?? {}) as JsonObject;
      return Object.keys(meta).length === 0 ? rest : {metadata: meta, ...rest};
    },
    owners: () => {
      const entries = listAt(objectAt(live, 'metadata'), 'managedFields') as readonly JsonObject[];
      return Object.fromEntries(
        entries.map((entry) => {
          const subresource = entry['subresource'] === undefined ? '' : `/${entry['subresource'] as string}`;
          return [`${entry['manager'] as string} ${entry['operation'] as string}${subresource}`, entry['fieldsV1']];
        }),
      );
    },
  };
}
