import type {JsonObject} from '../schema/json.ts';
/** One column as a Table's `columnDefinitions` carries it. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}
/** The columns of a kind and how an object fills them. */
export interface TableColumns {
  readonly definitions: readonly ColumnDefinition[];
  cells(object: JsonObject, nowMs: number): unknown[];
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
export function tableColumns(group: string, kind: string): TableColumns {
  void group; void kind;
  return crdColumns([]);
}
export function crdColumns(columns: readonly PrinterColumn[] | undefined): TableColumns {
  void columns;
  return {definitions: [], cells: () => []};
}
