import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {badRequest} from '../api-error.ts';
import type {ResourceType} from '../resource-type.ts';

export type FieldMatcher = (object: JsonObject) => boolean;

const ALWAYS = ['metadata.name', 'metadata.namespace'];

/** Fields of built-in kinds that may be selected by, beyond name and namespace. */
const BUILTIN_FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
  ],
  secrets: ['type'],
  namespaces: ['status.phase'],
  services: ['spec.clusterIP', 'spec.type'],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
};

/**
 * Parses the `fieldSelector` of a request: `metadata.name=x,status.phase!=Running`.
 *
 * @throws ApiError 400 for a field that this kind cannot be selected by
 */
export function parseFieldSelector(text: string, type: ResourceType): FieldMatcher {
  // A comma or an equals sign in a value is written with a backslash before it.
  const terms = (text.match(/(?:\\.|[^,\\])+/gs) ?? []).map((term) => parseTerm(term, type));
  return (object) => terms.every((matches) => matches(object));
}

function parseTerm(term: string, type: ResourceType): FieldMatcher {
  const match = /^([^=!]*)(==|!=|=)(.*)$/s.exec(term);
  if (match === null) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  const [, field = '', operator, escaped = ''] = match;
  const value = unescaped(escaped);
  if (!allowedFields(type).includes(field)) throw unknownField(field, type);
  const path = field.split('.');
  return operator === '!=' ? (object) => valueAt(object, path) !== value : (object) => valueAt(object, path) === value;
}

function unescaped(value: string): string {
  return value.replaceAll(/\\(.)|=/gs, (all, character?: string) => {
    if (character === undefined) throw badRequest('invalid field selector: unescaped character in value: 61');
    if (!'\\,='.includes(character)) throw badRequest(`invalid field selector: invalid escape sequence: ${all}`);
    return character;
  });
}

function allowedFields(type: ResourceType): readonly string[] {
  const own = type.custom
    ? (type.selectableFields ?? []).map((path) => path.replace(/^\./, ''))
    : (BUILTIN_FIELDS[type.storageKey] ?? []);
  return [...ALWAYS, ...own];
}

function unknownField(field: string, type: ResourceType): Error {
  if (type.custom) return badRequest(`field label not supported: ${field}`);
  const known = allowedFields(type).map((name) => `"${name}"`);
  return badRequest(`"${field}" is not a known field selector: only ${known.join(', ')}`);
}

function valueAt(object: JsonObject, path: readonly string[]): string {
  let value: unknown = object;
  for (const step of path) value = isObject(value) ? value[step] : undefined;
  if (path[0] === 'source' && isObject(value)) value = value['component'];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
