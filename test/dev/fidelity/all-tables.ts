import {readdir} from 'node:fs/promises';
import type {Row} from './row.ts';
import type {WatchRow} from './watch-row.ts';

/** One exported list of `tables/`, named after its file and, where that says more, its export: `reads`, `services/slices`. */
export interface Table<R> {
  readonly name: string;
  readonly rows: readonly R[];
}

export interface Tables {
  readonly requests: readonly Table<Row>[];
  readonly watches: readonly Table<WatchRow>[];
}

/** Every list of rows that a file in `tables/` exports, in the order of their names. A new file needs no registration. */
export async function allTables(): Promise<Tables> {
  const folder = new URL('tables/', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts')).toSorted();
  const exported = await Promise.all(
    files.map(async (file) => {
      const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
      const base = file.slice(0, -'.ts'.length);
      return Object.entries(module).map(([name, value]) => ({
        name: camel(base) === name ? base : `${base}/${name}`,
        value,
      }));
    }),
  );
  const lists = exported.flat();
  return {
    requests: lists.flatMap(({name, value}) => (isListOf<Row>(value, 'call') ? [{name, rows: value}] : [])),
    watches: lists.flatMap(({name, value}) => (isListOf<WatchRow>(value, 'sees') ? [{name, rows: value}] : [])),
  };
}

/** @param mark - the field that only such rows have */
function isListOf<R>(value: unknown, mark: keyof R & string): value is readonly R[] {
  return Array.isArray(value) && value.length > 0 && value.every((row) => isRow(row, mark));
}

function isRow(value: unknown, mark: string): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && mark in value;
}

function camel(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
