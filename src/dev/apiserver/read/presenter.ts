import {emptyObjects} from '../../builtin/tables/empty-objects.ts';
import type {JsonObject} from '../../schema/json.ts';
import {crdColumns, tableColumns} from '../../table/columns.ts';
import type {Presentation} from '../http/accept.ts';
import {metaOf} from '../object-meta.ts';
import {apiVersionOfType} from '../resource-type.ts';
import type {ResourceType} from '../resource-type.ts';
import type {ListPage} from './list.ts';

/** How one request wants objects, lists and watch events to look. */
export interface Presenter {
  object(object: JsonObject): JsonObject;
  list(page: ListPage): JsonObject;
  /** The `object` of a watch event. */
  event(object: JsonObject): JsonObject;
  bookmark(revision: number, annotations?: Readonly<Record<string, string>>): JsonObject;
}

export interface PresenterOptions {
  readonly presentation: Presentation;
  /** `includeObject` of a Table request; Metadata where it is not set (apiserver.md §1.6). */
  readonly includeObject: string | null;
  readonly nowMs: () => number;
}

export function presenterOf(type: ResourceType, options: PresenterOptions): Presenter {
  switch (options.presentation) {
    case 'Object':
      return plainPresenter(type);
    case 'PartialObjectMetadata':
      return metadataPresenter();
    case 'Table':
      return tablePresenter(type, options);
  }
}

function plainPresenter(type: ResourceType): Presenter {
  const apiVersion = apiVersionOfType(type);
  return {
    object: (object) => object,
    event: (object) => object,
    list: (page) => {
      const metadata = listMeta(page);
      // Items of custom kinds carry their type, those of built-in kinds don't; custom lists always have `continue` (§3.1).
      if (type.custom) {
        return {apiVersion, items: page.items, kind: type.listKind, metadata: {continue: '', ...metadata}};
      }
      return {kind: type.listKind, apiVersion, metadata, items: page.items.map(withoutType)};
    },
    bookmark: (revision, annotations) => ({
      kind: type.kind,
      apiVersion,
      metadata: {resourceVersion: String(revision), ...(annotations === undefined ? {} : {annotations})},
      ...emptyObjects[type.storageKey],
    }),
  };
}

function metadataPresenter(): Presenter {
  return {
    object: partialMetadata,
    event: partialMetadata,
    list: (page) => ({
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata: listMeta(page),
      items: page.items.map(partialMetadata),
    }),
    bookmark: (revision, annotations) => bookmarkMetadata(revision, annotations),
  };
}

function tablePresenter(type: ResourceType, options: PresenterOptions): Presenter {
  const columns = type.custom ? crdColumns(type.printerColumns) : tableColumns(type.group, type.kind);
  const table = (
    metadata: JsonObject,
    rows: readonly JsonObject[],
    definitions: readonly object[] | null,
  ): JsonObject => ({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: definitions,
    rows,
  });
  const row = (object: JsonObject): JsonObject => ({
    cells: columns.cells(object, options.nowMs()),
    ...rowObject(object, options.includeObject),
  });
  const tableOf = (object: JsonObject, definitions: readonly object[] | null): JsonObject =>
    table({resourceVersion: metaOf(object).resourceVersion}, [row(object)], definitions);
  let first = true;
  const definitionsOnce = (): readonly object[] | null => {
    const definitions = first ? columns.definitions : null;
    first = false;
    return definitions;
  };
  return {
    object: (object) => tableOf(object, columns.definitions),
    list: (page) => table(listMeta(page), page.items.map(row), columns.definitions),
    event: (object) => tableOf(object, definitionsOnce()),
    bookmark: (revision, annotations) => {
      const object = bookmarkMetadata(revision, annotations);
      // A row of its own kind of which nothing is set: built-in kinds have a text for that.
      const cells = columns.cells({...emptyObjects[type.storageKey], metadata: object['metadata']}, options.nowMs());
      return table({resourceVersion: String(revision)}, [{cells, object}], definitionsOnce());
    },
  };
}

function rowObject(object: JsonObject, include: string | null): JsonObject {
  if (include === 'None') return {object: null};
  return {object: include === 'Object' ? object : partialMetadata(object)};
}

function partialMetadata(object: JsonObject): JsonObject {
  return {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: metaOf(object)};
}

function bookmarkMetadata(revision: number, annotations?: Readonly<Record<string, string>>): JsonObject {
  const metadata = {resourceVersion: String(revision), ...(annotations === undefined ? {} : {annotations})};
  return {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata};
}

function listMeta(page: ListPage): JsonObject {
  return {
    resourceVersion: String(page.revision),
    ...(page.continueToken === undefined ? {} : {continue: page.continueToken}),
    ...(page.remaining === undefined ? {} : {remainingItemCount: page.remaining}),
  };
}

function withoutType(object: JsonObject): JsonObject {
  const {apiVersion, kind, ...rest} = object;
  void apiVersion;
  void kind;
  return rest;
}
