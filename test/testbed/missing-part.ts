import {findPart} from '../../src/dev/real/part-cache.ts';
import type {PartName} from '../../src/dev/real/parts.ts';
import {partNamed} from '../../src/dev/real/parts.ts';

/** Why a suite that needs this one part is skipped here, as a sentence; undefined if the part is there. */
export async function missingPart(name: PartName): Promise<string | undefined> {
  const part = partNamed(name);
  const found = await findPart(part);
  if (found.kind !== 'absent') return undefined;
  const own = part.own === undefined ? '' : `, or set ${part.own.variable}`;
  return `${found.reason}: \`npm run testbed:install -- ${name}\` brings it${own}`;
}
