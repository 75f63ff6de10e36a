/** A boolean of a query as Go reads it: present is true, but for `false` and `0` (seen: `sendInitialEvents=`, `orphanDependents=x`). */
export function isTrue(text: string | null): boolean {
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}
