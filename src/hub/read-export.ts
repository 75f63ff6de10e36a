import type {KubeObject, ObjectKey} from '../api/meta.ts';
import {SERVICE_NAME_LABEL} from '../api/names.ts';
import {endpointSlices, namespaces, services} from '../api/resources.ts';
import type {MemberExport} from '../clusterset/member-export.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import {type KnownAge, recordedAgeOf} from './export-ages.ts';
import {exportSources, keepExport} from './kept-export.ts';
import type {ExportSource, KeptExport} from './kept-export.ts';
import {keepNamespace} from './kept-objects.ts';
import {keepService} from './kept-service.ts';
import {isReady, keepSlice} from './kept-slice.ts';
import {toMemberExport} from './member-export.ts';

export interface ReadExportInput {
  readonly client: KubeClient;
  /** Id of the cluster behind the client. */
  readonly cluster: string;
  readonly at: ObjectKey & {readonly namespace: string};
  /** Of the member's record. */
  readonly cappedAges: Readonly<Record<string, KnownAge>>;
  readonly signal: AbortSignal;
}

/**
 * One name's export in one member, asked for once and by name: for `isthmus explain`, which must work while no hub runs.
 * Ages are those that a hub wrote down: the rule against backdating needs a history that a single look does not have.
 *
 * @returns undefined where the member does not export the name
 * @throws KubeError where the member can't be asked
 */
export async function readMemberExport(input: ReadExportInput): Promise<MemberExport | undefined> {
  const found = await Promise.all(exportSources.map((source) => findExport(input, source)));
  const exports = found.filter((one) => one !== undefined);
  if (exports.length === 0) return undefined;
  const {client, cluster, at, cappedAges, signal} = input;
  const service = await client.find(services, at, {signal});
  const namespace = await client.find(namespaces, {name: at.namespace}, {signal});
  const {items} = await client.list(endpointSlices, {
    namespace: at.namespace,
    labelSelector: `${SERVICE_NAME_LABEL}=${at.name}`,
    signal,
  });
  const read = toMemberExport({
    cluster,
    exports,
    ageOf: (object) => recordedAgeOf(object, cappedAges),
    service: service && keepService(service),
    namespaceLabels: namespace === undefined ? {} : keepNamespace(namespace).labels,
    ready: items.length === 0 ? undefined : items.some((slice) => isReady(keepSlice(slice))),
  });
  return {...read, claimedAtMs: Math.min(...exports.map(({claimedAtMs}) => claimedAtMs))};
}

/** A group that the member does not serve has no exports of it. */
async function findExport(
  {client, at, signal}: ReadExportInput,
  source: ExportSource,
): Promise<KeptExport | undefined> {
  try {
    // A list of one name, not a get: the hub's role in a member allows no more than it needs (design §10).
    const fieldSelector = `metadata.name=${at.name}`;
    const {items} = await client.list<KubeObject>(source.resource, {namespace: at.namespace, fieldSelector, signal});
    const [raw] = items;
    return raw && keepExport(raw, source);
  } catch (error) {
    if (error instanceof KubeError && error.isKindMissing) return undefined;
    throw error;
  }
}
