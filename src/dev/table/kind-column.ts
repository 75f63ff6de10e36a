import {objectAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {humanAge} from './age.ts';

/** A column of a built-in kind. */
export interface KindColumn {
  readonly name: string;
  readonly type?: 'string' | 'integer' | 'date';
  /** Only in wide output. */
  readonly wide?: boolean;
  cell(object: JsonObject, nowMs: number): string | number;
}

/** Built-in kinds print this where custom ones leave a cell blank. */
export const none = '<none>';

export const age: KindColumn = {
  name: 'Age',
  cell: (object, nowMs) => humanAge(objectAt(object, 'metadata')?.['creationTimestamp'], nowMs),
};
