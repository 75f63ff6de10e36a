import {isObject, listAt, objectAt, stringAt} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {Schema} from '../../schema/schema.ts';
import {metaOf} from '../object-meta.ts';
import {storageKeyOf} from '../resource-type.ts';
import type {PrinterColumn, ResourceType} from '../resource-type.ts';

/** The names that a CustomResourceDefinition asks for. */
export interface DefinedNames {
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

export function namesOf(definition: JsonObject): DefinedNames {
  const names = objectAt(objectAt(definition, 'spec'), 'names');
  const kind = stringAt(names, 'kind') ?? '';
  return {
    kind,
    plural: stringAt(names, 'plural') ?? '',
    singular: stringAt(names, 'singular') ?? kind.toLowerCase(),
    listKind: stringAt(names, 'listKind') ?? `${kind}List`,
    shortNames: stringsIn(names, 'shortNames'),
    categories: stringsIn(names, 'categories'),
  };
}

export function groupOfDefinition(definition: JsonObject): string {
  return stringAt(objectAt(definition, 'spec'), 'group') ?? '';
}

export function versionsOfDefinition(definition: JsonObject): readonly JsonObject[] {
  return listAt(objectAt(definition, 'spec'), 'versions').filter(isObject);
}

/** The types that a definition serves, one per served version. The objects of all of them are the same. */
export function typesOfDefinition(definition: JsonObject): readonly ResourceType[] {
  const names = namesOf(definition);
  const group = groupOfDefinition(definition);
  const versions = versionsOfDefinition(definition);
  const storageVersion =
    stringAt(
      versions.find((version) => version['storage'] === true),
      'name',
    ) ?? '';
  const namespaced = stringAt(objectAt(definition, 'spec'), 'scope') === 'Namespaced';
  const terminating = metaOf(definition).deletionTimestamp !== undefined;
  return versions
    .filter((version) => version['served'] === true)
    .map((version) => ({
      ...names,
      group,
      version: stringAt(version, 'name') ?? '',
      namespaced,
      hasStatus: objectAt(objectAt(version, 'subresources'), 'status') !== undefined,
      schema: (objectAt(objectAt(version, 'schema'), 'openAPIV3Schema') ?? {type: 'object'}) as Schema,
      custom: true,
      storageKey: storageKeyOf(group, names.plural),
      strategy: {},
      printerColumns: listAt(version, 'additionalPrinterColumns').filter(
        isObject,
      ) as unknown as readonly PrinterColumn[],
      selectableFields: listAt(version, 'selectableFields')
        .filter(isObject)
        .map((field) => stringAt(field, 'jsonPath') ?? ''),
      storageVersion,
      terminating,
      ...deprecation(definition, version, names),
    }));
}

function deprecation(definition: JsonObject, version: JsonObject, names: DefinedNames): {deprecationWarning?: string} {
  if (version['deprecated'] !== true) return {};
  const said = stringAt(version, 'deprecationWarning');
  const name = `${groupOfDefinition(definition)}/${stringAt(version, 'name') ?? ''} ${names.kind}`;
  return {deprecationWarning: said ?? `${name} is deprecated`};
}

function stringsIn(object: JsonObject | undefined, key: string): readonly string[] {
  return listAt(object, key).filter((item) => typeof item === 'string');
}
