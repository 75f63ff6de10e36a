import {objectAt, stringAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {humanAge} from './age.ts';
import {compileJsonPath} from './json-path.ts';
import type {KindColumn} from './kind-column.ts';
import {kindColumns} from './kind-columns.ts';

/** One column as a Table's `columnDefinitions` carries it. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** Above 0: only in wide output. */
  readonly priority: number;
}

/** The columns of a kind and how an object fills them (reference: apiserver §1.6). */
export interface TableColumns {
  readonly definitions: readonly ColumnDefinition[];
  /** One value a column; null where a custom object has nothing there. */
  readonly cells: (object: JsonObject, nowMs: number) => unknown[];
}

/** A CRD version's `additionalPrinterColumns` item. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

const nameColumn: ColumnDefinition = {name: 'Name', type: 'string', format: 'name', description: '', priority: 0};
const ageColumn: PrinterColumn = {name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp'};

/** The columns of a built-in kind; name and age for those that have none of their own. */
export function tableColumns(group: string, kind: string): TableColumns {
  const columns = kindColumns(group, kind);
  if (columns === undefined) return crdColumns([]);
  const all: readonly KindColumn[] = columns.some(({name}) => name === nameColumn.name)
    ? columns
    : [{name: nameColumn.name, cell: nameOf}, ...columns];
  return {
    definitions: all.map(({name, type = 'string', wide = false}) => {
      const format = name === nameColumn.name ? nameColumn.format : '';
      return {name, type, format, description: '', priority: wide ? 1 : 0};
    }),
    cells: (object, nowMs) => all.map((column) => column.cell(object, nowMs)),
  };
}

/** The columns of a custom kind: its name, then what the CRD says, or the age where it says nothing. */
export function crdColumns(columns: readonly PrinterColumn[] | undefined): TableColumns {
  const own = columns === undefined || columns.length === 0 ? [ageColumn] : columns;
  const definitions = own.map(({name, type, jsonPath, format = '', description, priority = 0}) => ({
    name,
    type,
    format,
    description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority,
  }));
  const readers = own.map(({jsonPath, type}) => ({find: compileJsonPath(jsonPath), type}));
  return {
    definitions: [nameColumn, ...definitions],
    cells: (object, nowMs) => [
      nameOf(object),
      ...readers.map(({find, type}) => customCell(find?.(object)[0], type, nowMs)),
    ],
  };
}

function nameOf(object: JsonObject): string {
  return stringAt(objectAt(object, 'metadata'), 'name') ?? '';
}

/** A value of another type than the column's is left blank; text columns print anything. */
function customCell(value: unknown, type: string, nowMs: number): unknown {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? humanAge(value, nowMs) : null;
    default:
      return null;
  }
}
