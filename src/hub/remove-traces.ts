import type {KubeObject} from '../api/meta.ts';
import {keyOf} from '../api/meta.ts';
import {FILLED_ANNOTATION, HUB_MANAGED_BY, MANAGED_BY_LABEL} from '../api/names.ts';
import {apiVersionOf} from '../api/resources.ts';
import type {Store} from '../kube/reflector.ts';
import type {MemberContext} from './member-context.ts';
import type {ObjectWriter} from './object-writer.ts';

/**
 * Takes back everything that the hub wrote into a member that leaves, except namespaces, which are never deleted (design §4).
 * What fails is thrown after all the rest was tried.
 *
 * @throws AggregateError of what could not be removed
 */
export async function removeTraces({watches, writers}: MemberContext, signal: AbortSignal): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => void failures.push(error));
  const deleteOurs = async <T extends KubeObject>(writer: ObjectWriter<T>, store: Store<T>): Promise<void> => {
    for (const {metadata} of [...store.values()].filter(isOurs)) {
      await attempt(writer.delete(keyOf(metadata), metadata.uid ?? '', signal));
    }
  };
  await deleteOurs(writers.imports, watches.imports.store);
  if (writers.flomeshImports !== undefined && watches.flomeshImports !== undefined) {
    const {store} = watches.flomeshImports;
    await deleteOurs(writers.flomeshImports, store);
    for (const {metadata} of [...store.values()].filter(isFilled)) {
      const change = {metadata: {annotations: {[FILLED_ANNOTATION]: null}}, spec: null};
      await attempt(writers.flomeshImports.merge(keyOf(metadata), metadata.uid ?? '', change, signal));
    }
  }
  await deleteOurs(writers.remoteClusters, watches.remoteClusters.store);
  for (const [{resource}, writer] of writers.exports) {
    for (const object of watches.allExports()) {
      if (object.source.resource !== resource || object.status.conditions.length === 0) continue;
      const {name, namespace, uid} = object.metadata;
      const status = {conditions: []};
      const {kind} = resource;
      const metadata = {name, namespace, uid};
      await attempt(
        writer.applyStatus({apiVersion: apiVersionOf(resource), kind, metadata, status} as KubeObject, signal),
      );
    }
  }
  // Last: without them the cluster is free to join another clusterset (KEP-2149).
  await deleteOurs(writers.properties, watches.properties.store);
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} objects could not be removed`);
}

function isOurs({metadata}: KubeObject): boolean {
  return metadata.labels?.[MANAGED_BY_LABEL] === HUB_MANAGED_BY;
}

function isFilled({metadata}: KubeObject): boolean {
  return metadata.annotations?.[FILLED_ANNOTATION] === HUB_MANAGED_BY;
}
