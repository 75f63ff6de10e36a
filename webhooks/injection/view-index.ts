import type {ImportView, LocalServiceView, View} from '../../src/clusterset/view.ts';

/** What each review of one view looks up, sorted once: at 10,000 imports a sort would be the dearest part of a review. */
export interface ViewIndex {
  /** Every import of type ClusterSetIP, by key: only these have a VIP that a loopback VIP can stand for. */
  readonly imports: readonly ImportView[];
  readonly importsByNamespace: ReadonlyMap<string, readonly ImportView[]>;
  readonly servicesByNamespace: ReadonlyMap<string, readonly LocalServiceView[]>;
}

const indexes = new WeakMap<View, ViewIndex>();

export function indexOf(view: View): ViewIndex {
  const known = indexes.get(view);
  if (known !== undefined) return known;
  const imports = [...view.imports.values()]
    .filter((candidate) => candidate.type === 'ClusterSetIP')
    .sort((a, b) => compare(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`));
  const index = {
    imports,
    importsByNamespace: Map.groupBy(imports, (of) => of.namespace),
    servicesByNamespace: Map.groupBy(view.services.values(), (of) => of.namespace),
  };
  indexes.set(view, index);
  return index;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
