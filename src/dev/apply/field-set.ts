/**
 * A set of field paths, in the shape that `fieldsV1` has: a node is a path, `member` says whether that very path belongs to the set, and
 * children are named by path elements as FieldsV1 writes them (`f:spec`, `k:{"name":"a"}`, `v:"x"`). Never changed once built, so that
 * sets may share their branches.
 */
export interface FieldSet {
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

const noChildren: ReadonlyMap<string, FieldSet> = new Map();

export const emptySet: FieldSet = {member: false, children: noChildren};
export const leafSet: FieldSet = {member: true, children: noChildren};

/** A node with its empty branches cut off. */
export function buildSet(member: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet {
  const kept = [...children].filter(([, child]) => !isEmptySet(child));
  if (kept.length === 0) return member ? leafSet : emptySet;
  return {member, children: new Map(kept)};
}

/** The set of exactly these paths. */
export function setOf(...paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce((set, path) => union(set, setOfPath(path)), emptySet);
}

function setOfPath(path: readonly string[]): FieldSet {
  return path.reduceRight((inner, element) => buildSet(false, [[element, inner]]), leafSet);
}

export function isEmptySet(set: FieldSet): boolean {
  return !set.member && set.children.size === 0;
}

export function childOf(set: FieldSet, element: string): FieldSet {
  return set.children.get(element) ?? emptySet;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a)) return b;
  if (isEmptySet(b)) return a;
  const elements = new Set([...a.children.keys(), ...b.children.keys()]);
  return combine(elements, a.member || b.member, (element) => union(childOf(a, element), childOf(b, element)));
}

/** The paths of `a` that are not in `b`. What lies under a path of `b` is not touched by it. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a) || isEmptySet(b)) return a;
  return combine(a.children.keys(), a.member && !b.member, (element) =>
    difference(childOf(a, element), childOf(b, element)),
  );
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a) || isEmptySet(b)) return emptySet;
  return combine(a.children.keys(), a.member && b.member, (element) =>
    intersection(childOf(a, element), childOf(b, element)),
  );
}

function combine(elements: Iterable<string>, member: boolean, child: (element: string) => FieldSet): FieldSet {
  return buildSet(
    member,
    [...elements].map((element) => [element, child(element)] as const),
  );
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.member !== b.member || a.children.size !== b.children.size) return false;
  return [...a.children].every(([element, child]) => equalSets(child, childOf(b, element)));
}

/** Every path of the set: on each level first the members, then what lies under the others (the order in which conflicts are told). */
export function pathsOf(set: FieldSet, prefix: readonly string[] = []): string[][] {
  const children = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
  const members = children.filter(([, child]) => child.member).map(([element]) => [...prefix, element]);
  const deeper = children.flatMap(([element, child]) => pathsOf(child, [...prefix, element]));
  return [...members, ...deeper];
}
