import type {RefusedAddresses} from '../clusterset/view.ts';

/** A name of an import that doesn't fit DNS, and why. */
export interface SkippedName {
  readonly name: string;
  readonly reason: string;
}

const MAX_NAMES = 3;

/** What of an import is left out in this cluster, for its `Ready` condition: one sentence each, always in the same order. */
export function importNotes(refused: readonly RefusedAddresses[], skipped: readonly SkippedName[]): readonly string[] {
  const addresses = refused.map(({cluster, reason, count, some}) => {
    const more = count > some.length ? ` and ${count - some.length} more` : '';
    return `${some.join(', ')}${more} of ${cluster} can't be used here (${reason})`;
  });
  if (skipped.length === 0) return addresses;
  const some = skipped.slice(0, MAX_NAMES).map(({name, reason}) => `${name} (${reason})`);
  const more = skipped.length > MAX_NAMES ? ` and ${skipped.length - MAX_NAMES} more` : '';
  return [...addresses, `names that are not in DNS: ${some.join(', ')}${more}`];
}
