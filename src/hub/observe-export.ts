import {isProtectedNamespace} from '../api/names.ts';
import {parseKey} from '../api/meta.ts';
import type {Observation} from './accepted-exports.ts';
import type {ExportAges} from './export-ages.ts';
import type {KeptExport} from './kept-export.ts';
import {isReady} from './kept-slice.ts';
import {toMemberExport} from './member-export.ts';
import type {MemberWatches} from './member-watches.ts';
import type {SliceReader} from './slice-reader.ts';

export interface Observer {
  readonly cluster: string;
  readonly watches: MemberWatches;
  readonly ages: ExportAges;
  readonly slices: SliceReader;
  readonly ownNamespace: string;
  /** False until it was compared with what consumers remember (a hub that starts knows nothing): absence says nothing. */
  readonly absenceTrusted: boolean;
}

/** There in every cluster as long as its API server is in its senses: a list without them is believed in nothing it lacks. */
const SURE_NAMESPACE = 'kube-system';
const SURE_SERVICE = 'default/kubernetes';

/** What one member shows of one name now; Unknown wherever a list or an answer is missing (design §5). */
export function observeExport(observer: Observer, key: string): Observation {
  const {watches, ownNamespace} = observer;
  if (!watches.isSynced) return {state: 'Unknown'};
  const {namespace = ''} = parseKey(key);
  const exports = isProtectedNamespace(namespace, ownNamespace) ? [] : watches.exportsOf(key);
  return exports.length === 0 ? observeAbsence(observer, key, namespace) : observeSeen(observer, key, exports);
}

function observeAbsence({watches, absenceTrusted}: Observer, key: string, namespace: string): Observation {
  const {store} = watches.namespaces;
  if (!absenceTrusted || !store.has(SURE_NAMESPACE)) return {state: 'Unknown'};
  return {
    state: 'Absent',
    serviceGone: watches.services.exists(SURE_SERVICE) && !watches.services.exists(key),
    namespaceGone: store.get(namespace)?.terminating ?? true,
  };
}

function observeSeen(
  {cluster, watches, ages, slices: reader, absenceTrusted}: Observer,
  key: string,
  exports: readonly KeptExport[],
): Observation {
  const services = watches.services.of(key);
  const kept = watches.slices.of(key);
  if (services === undefined || kept === undefined) return {state: 'Unknown'};
  const [service] = services;
  if (service === undefined && !(absenceTrusted && watches.services.exists(SURE_SERVICE))) return {state: 'Unknown'};
  // A Service with a selector always has a slice, if an empty one: none at all means that nothing is known.
  const ready = kept.length === 0 ? undefined : kept.some(isReady);
  const {slices, faults} = reader.read(kept);
  const areKnown = kept.length > 0 || watches.slices.wasEmptied(key);
  const ageOf = (object: KeptExport): number => ages.ageOf(object);
  const namespaceLabels = watches.namespaces.store.get(parseKey(key).namespace ?? '')?.labels ?? {};
  const seen = toMemberExport({cluster, exports, ageOf, service, namespaceLabels, ready, faults});
  return {state: 'Seen', export: seen, ...(areKnown ? {slices} : {})};
}
