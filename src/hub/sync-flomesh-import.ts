import {parseKey} from '../api/meta.ts';
import {FILLED_ANNOTATION, isProtectedNamespace} from '../api/names.ts';
import type {MemberContext} from './member-context.ts';
import {memoriesOf, namespaceState} from './member-state.ts';
import {planFlomeshImport} from './plan-flomesh-import.ts';
import {inRememberedOrder} from './remembered-export.ts';

/** Makes FSM's import of one name in one member what the engine says. @throws KubeError */
export async function syncFlomeshImport(context: MemberContext, key: string, signal: AbortSignal): Promise<void> {
  const {facts, writers, consumer} = context;
  const writer = writers.flomeshImports;
  const {namespace = ''} = parseKey(key);
  if (writer === undefined || isProtectedNamespace(namespace, facts.namespace)) return;
  const standard = writers.imports.actual(key);
  const memories = memoriesOf(context, key, standard);
  const {result, exports} = facts.mergedFor(key, consumer, memories);
  const merged = result.import;
  const unknown = memories.map(({cluster}) => cluster);
  const plan = planFlomeshImport({
    merged: merged && memories.length > 0 ? inRememberedOrder(merged, standard) : merged,
    exports,
    // Read only where there is something to write: most names were never exported through that group.
    get targets() {
      return facts.targets(exports.map((each) => each.cluster));
    },
    actual: writer.actual(key),
    namespace: namespaceState(context, namespace),
    unknown: new Set(unknown),
    unseen: new Set(unknown.filter((cluster) => facts.cluster(cluster) === undefined)),
  });
  switch (plan.do) {
    case 'nothing':
      return;
    case 'write':
      return writer.apply(plan.object, undefined, signal);
    case 'delete':
      return writer.delete(key, plan.uid, signal);
    case 'empty': {
      // Not an apply without spec: that would leave `spec: {}` behind, which the schema refuses (`ports` is required).
      const metadata = {annotations: {[FILLED_ANNOTATION]: null}};
      return writer.merge(key, plan.uid, {metadata, spec: null}, signal);
    }
  }
}
