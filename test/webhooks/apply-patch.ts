import type {PatchOperation} from '../../webhooks/review.ts';

/** RFC 6902 `add`, strictly: a parent that is missing or an index out of range is an error, as in a real API server. */
export function applyPatch<T>(target: T, patch: readonly PatchOperation[]): T {
  const copy = structuredClone(target) as any;
  for (const {path, value} of patch) {
    const tokens = path
      .split('/')
      .slice(1)
      .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = tokens.pop() ?? '';
    let parent = copy;
    for (const token of tokens) parent = parent?.[token];
    if (typeof parent !== 'object' || parent === null) throw new Error(`${path}: the parent is not there`);
    if (!Array.isArray(parent)) parent[last] = structuredClone(value);
    else if (last === '-') parent.push(structuredClone(value));
    else if (Number(last) <= parent.length) parent.splice(Number(last), 0, structuredClone(value));
    else throw new Error(`${path}: out of range`);
  }
  return copy as T;
}
