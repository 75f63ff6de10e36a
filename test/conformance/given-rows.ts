import type {ServiceImport} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import type {Resource} from '../../src/api/resources.ts';
import {
  endpointSlices,
  flomeshServiceExports,
  namespaces,
  serviceExports,
  serviceImports,
  services,
} from '../../src/api/resources.ts';
import type {TestCluster} from '../hub/clusterset.ts';
import {eventually} from '../tools/eventually.ts';
import {MEMBERS, NAME} from './clusterset-row.ts';
import type {Change, ClustersetRow, Given, MemberId} from './clusterset-row.ts';
import type {ClustersetUnderTest} from './clusterset-under-test.ts';
import {exportsOf, serviceOf, slicesOf} from './row-objects.ts';

const AS_USER = {fieldManager: 'kubectl'} as const;
/** Timestamps have a resolution of one second: exports that are apart by more are of different age everywhere (MCS §2, 36). */
const APART_MS = 1_100;
/** Requests one after the other meet in one second as a rule. */
const TOGETHER_TRIES = 10;
const AT_ONCE = 12;

const PATCHED = {'patch-service': services, 'patch-export': serviceExports, 'patch-import': serviceImports} as const;

/** A row with its namespace in the clusterset. */
export interface PlacedRow {
  readonly row: ClustersetRow;
  readonly namespace: string;
}

/**
 * Makes everything that rows are given, all rows together: the oldest exports of each, a second later the next, and so on.
 *
 * @param onServices - called for each row when all but its exports is there
 */
export async function giveRows(
  set: ClustersetUnderTest,
  rows: readonly PlacedRow[],
  onServices: (row: PlacedRow) => Promise<void>,
): Promise<void> {
  const spaces = rows.flatMap(({row, namespace}) =>
    (row.namespaceIn ?? MEMBERS).map((id) => () => addNamespace(set.member(id), namespace)),
  );
  await inTurns(spaces);
  await inTurns(rows.flatMap(({row, namespace}) => row.given.map((given) => () => giveService(set, namespace, given))));
  await inTurns(rows.map((placed) => () => onServices(placed)));
  const ages = new Set(rows.flatMap(({row}) => ranksOf(row)));
  for (const rank of [...ages].sort((a, b) => a - b)) {
    if (rank > 0) await new Promise((resolve) => setTimeout(resolve, APART_MS));
    await inTurns(
      rows.map(({row, namespace}) => async () => {
        const some = row.given.filter((given) => given.exported !== false && rankOf(row, given) === rank);
        await giveExports(set, namespace, some);
      }),
    );
  }
}

/** Does what a user of that member does, or whoever may. */
export async function makeChange(set: ClustersetUnderTest, {row, namespace}: PlacedRow, change: Change): Promise<void> {
  const member = set.member(change.in);
  const at = {namespace, name: NAME};
  const given = row.given.find(({cluster}) => cluster === change.in);
  const now: Given = {...(given ?? {cluster: change.in, age: 0}), service: given?.service ?? {}};
  switch (change.do) {
    case 'export':
      return giveExports(set, namespace, [now]);
    case 'unexport':
      return remove(member, serviceExports, at);
    case 'add-service':
      return giveService(set, namespace, now);
    case 'delete-service':
      return remove(member, services, at);
    case 'delete-import':
      return remove(member, serviceImports, at);
    case 'delete-slice':
      return remove(member, endpointSlices, {namespace, name: change.slice});
    case 'add-namespace':
      return addNamespace(member, namespace);
    case 'delete-namespace':
      return deleteNamespace(member, namespace);
    case 'patch-service':
    case 'patch-export':
    case 'patch-import': {
      await member.client.patch(PATCHED[change.do], at, {type: 'merge', body: change.body}, AS_USER);
    }
  }
}

async function remove(member: TestCluster, resource: Resource, at: {namespace: string; name: string}): Promise<void> {
  await member.client.delete(resource, at);
}

/** And waits until it is gone: while it ends, the API server refuses another one of that name. */
async function deleteNamespace(member: TestCluster, name: string): Promise<void> {
  await member.client.delete(namespaces, {name});
  await eventually(`namespace ${name} to end`, async () => (await member.find(namespaces, {name})) === undefined);
}

async function addNamespace({client}: TestCluster, name: string): Promise<void> {
  await client.create(namespaces, {apiVersion: 'v1', kind: 'Namespace', metadata: {name}}, AS_USER);
}

async function giveService(set: ClustersetUnderTest, namespace: string, given: Given): Promise<void> {
  const {client} = set.member(given.cluster as MemberId);
  const service = serviceOf(namespace, given);
  if (service !== undefined) await client.create(services, service, AS_USER);
  for (const slice of slicesOf(namespace, given)) await client.create(endpointSlices, slice, AS_USER);
}

/**
 * Exports of the same age: in the same second, or the row would say something else than it means. The one that decides comes first,
 * and where they are made again nothing is left of those before: a type that somebody imports already doesn't change (design §4).
 */
async function giveExports(set: ClustersetUnderTest, namespace: string, all: readonly Given[]): Promise<void> {
  const inOrder = [...all].sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  for (let tries = 1; ; tries++) {
    const made: unknown[] = [];
    for (const given of inOrder) made.push(await giveExport(set, namespace, given));
    if (new Set(made).size <= 1) return;
    if (tries === TOGETHER_TRIES) throw new Error(`${namespace}: exports never got one timestamp: ${made.join(', ')}`);
    for (const {cluster} of inOrder)
      await remove(set.member(cluster as MemberId), serviceExports, {namespace, name: NAME});
    for (const id of MEMBERS) {
      await eventually(`nothing of them in ${id}`, async () => {
        const left = await set.member(id).find<ServiceImport>(serviceImports, {namespace, name: NAME});
        const exporters = left?.status?.clusters?.map(({cluster}) => cluster) ?? [];
        return !inOrder.some(({cluster}) => exporters.includes(cluster));
      });
    }
  }
}

/** @returns its timestamp */
async function giveExport(set: ClustersetUnderTest, namespace: string, given: Given): Promise<string | undefined> {
  const {client} = set.member(given.cluster as MemberId);
  const made: KubeObject[] = [];
  for (const object of exportsOf(namespace, given)) {
    const resource = object.apiVersion.startsWith('flomesh.io') ? flomeshServiceExports : serviceExports;
    made.push(await client.create<KubeObject>(resource, object, AS_USER));
  }
  return made[0]?.metadata.creationTimestamp;
}

function ranksOf(row: ClustersetRow): readonly number[] {
  return row.given.map((given) => rankOf(row, given));
}

/** 0: the oldest. */
function rankOf(row: ClustersetRow, {age}: Given): number {
  return new Set(row.given.map((each) => each.age).filter((other) => other > age)).size;
}

/** So many at a time: an API server that is asked for all at once makes them wait in any case. */
async function inTurns(work: readonly (() => Promise<void>)[]): Promise<void> {
  const left = [...work];
  const next = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await one();
  };
  await Promise.all(Array.from({length: AT_ONCE}, next));
}
