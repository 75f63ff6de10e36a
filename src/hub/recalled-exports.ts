import type {ServiceImport} from '../api/kinds.ts';
import {isManagedByHub} from '../api/names.ts';
import {exportersOf} from './remembered-export.ts';

export interface RecalledFrom {
  /** The imports of every member that was read, by member and name. */
  readonly imports: ReadonlyMap<string, {entries(): Iterable<readonly [string, ServiceImport]>}>;
  /** Whose exports are asked for; each of them was read. */
  readonly exporters: ReadonlySet<string>;
  /** What the exporter shows itself needs no memory. */
  readonly shows: (exporter: string, key: string) => boolean;
}

/**
 * What these members exported before this hub started, names by exporter, as far as imports tell. Nobody speaks for another cluster
 * (design §10): a member's own import, read over its own connection, says what it exported; it always holds one. One that lost all
 * it had, as a restored backup does, lost that too: then more than half of the others have to say so. One of them alone may have been
 * away for long, or write what it likes.
 */
export function recallExports({imports, exporters, shows}: RecalledFrom): ReadonlyMap<string, ReadonlySet<string>> {
  const votes = new Map([...exporters].map((exporter) => [exporter, new Map<string, number>()]));
  const others = imports.size - 1;
  for (const [member, held] of imports) {
    for (const [key, object] of held.entries()) {
      if (!isManagedByHub(object)) continue;
      for (const exporter of new Set(exportersOf(object))) {
        const ofExporter = votes.get(exporter);
        if (ofExporter === undefined || shows(exporter, key)) continue;
        ofExporter.set(key, (ofExporter.get(key) ?? 0) + (member === exporter ? Infinity : 1));
      }
    }
  }
  return new Map(
    [...votes].map(([exporter, each]) => [
      exporter,
      new Set([...each].flatMap(([key, count]) => (count * 2 > others ? [key] : []))),
    ]),
  );
}
