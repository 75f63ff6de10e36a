import {setFlagsFromString} from 'node:v8';

/** Of what was alive after the last collection, percent. */
const GROWTH_PERCENT = 50;

/**
 * Has V8 collect when its heap has grown by half since the last collection, not when it has doubled or more. A hub is planned for by its
 * highest memory, and reading fifty members leaves more behind than it keeps (docs/decisions/0011). A limit of the heap would do the
 * same, and end a hub that has more members than somebody thought.
 */
export function growHeapSlowly(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
