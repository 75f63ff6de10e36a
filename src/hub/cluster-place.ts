import type {Cluster} from '../api/kinds.ts';

/** True where anything of its spec differs but how to get in: where it is, and how it is reached. */
export function isPlacedElsewhere(before: Cluster, after: Cluster): boolean {
  return placeText(before) !== placeText(after);
}

function placeText({spec = {}}: Cluster): string {
  const {kubeconfig: _, kubeconfigSecretRef: __, ...place} = spec;
  return JSON.stringify(place);
}
