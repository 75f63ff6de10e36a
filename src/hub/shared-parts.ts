import {Recent} from '../kube/recent.ts';

/** Parts that are looked for; twice as many may be kept. */
const MAX_PARTS = 10_000;

/** Members' users write labels and annotations, up to 256 KiB of them: what is long is rarely the same, and isn't worth to be kept. */
const MAX_TEXT = 4_096;

const parts = new Recent<object>(MAX_PARTS);

/**
 * The same object for parts that say the same. Fifty members hold the same import, so that of all that the hub keeps of them only
 * names, uids and times are different. What is kept is never changed in place.
 */
export function shared<T extends object>(part: T): T {
  const text = JSON.stringify(part);
  if (text.length > MAX_TEXT) return part;
  const known = parts.get(text);
  // Of equal text, so of equal type: JSON says all that a kept part has.
  if (known !== undefined) return known as T;
  parts.set(text, part);
  return part;
}
