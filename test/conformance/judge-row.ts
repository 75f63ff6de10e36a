import {expect} from 'vitest';

import type {ServiceExport, ServiceImport} from '../../src/api/kinds.ts';
import {HUB_MANAGED_BY} from '../../src/api/names.ts';
import {MEMBERS} from './clusterset-row.ts';
import type {Expectation, MemberId} from './clusterset-row.ts';
import type {ClustersetUnderTest} from './clusterset-under-test.ts';
import {askDns, conditionTexts, importFacts, isImportedSlice, sliceTexts} from './observe-row.ts';
import type {Seen, SeenIn} from './observe-row.ts';

/** What was there at the end of the step before; undefined: this is the first. */
export interface Judged {
  readonly expectation: Expectation;
  readonly seen: Seen;
  readonly before: Seen | undefined;
}

/** Fails with what differs, where API servers and name servers don't say what a row expects. */
export async function judgeRow(set: ClustersetUnderTest, namespace: string, judged: Judged): Promise<void> {
  const {expectation, seen, before} = judged;
  const {import: expected, importedIn = expected === 'none' ? [] : MEMBERS} = expectation;
  const holding = MEMBERS.filter((id) => seen[id].imported !== undefined);
  expect(holding, 'members that hold an import').toEqual(MEMBERS.filter((id) => importedIn.includes(id)));
  for (const id of holding) {
    const at = seen[id];
    if (at.imported === undefined) continue;
    judgeStandard(id, at, at.imported);
    if (expected !== undefined && expected !== 'none') judgeImport(id, at, expected);
    if (expectation.endpointSliceObjects !== undefined)
      expect(at.imported.status?.endpointSliceObjects, id).toBe(expectation.endpointSliceObjects);
    if (expectation.slices !== undefined) expect(sliceTexts(at.slices), id).toEqual(expectation.slices.toSorted());
    expect(conditionTexts(at.imported), `import in ${id}`).toMatchObject(expectation.importIn?.[id] ?? {});
  }
  for (const id of MEMBERS) if (seen[id].imported === undefined) expect(sliceTexts(seen[id].slices), id).toEqual([]);
  judgeExports(expectation, seen);
  for (const what of expectation.kept ?? []) judgeKept(what, seen, before);
  for (const question of expectation.dns ?? []) {
    const ips = (seen[question.in].imported?.spec?.ips ?? []).filter(
      (ip) => ip.includes(':') === (question.type === 'AAAA'),
    );
    if (question.answer === 'VIP') expect(ips).toHaveLength(1);
    expect(await askDns(set, namespace, question), `${question.type} ${question.name ?? ''} in ${question.in}`).toEqual(
      question.answer === 'VIP' ? ips : question.answer,
    );
  }
}

/** What holds for every import whatever a row is about (MCS §2, 22, 24, 26, 29-31, 41, 43, 45). */
function judgeStandard(
  id: MemberId,
  {slices, derived, derivedSlices}: SeenIn,
  {metadata, spec, status}: ServiceImport,
): void {
  const {type, ips = [], ipFamilies = []} = spec ?? {};
  expect(metadata.labels?.['app.kubernetes.io/managed-by'], id).toBe(HUB_MANAGED_BY);
  expect(['Present', 'Absent']).toContain(status?.endpointSliceObjects);
  expect(status?.endpointSliceObjects === 'Present', `slices in ${id}`).toBe(slices.length > 0);
  expect(new Set(ipFamilies).size, 'families without duplicates').toBe(ipFamilies.length);
  for (const slice of slices) {
    expect(isImportedSlice(slice), 'labels of a slice').toBe(true);
    expect(slice.metadata.ownerReferences?.map(({uid}) => uid)).toEqual([metadata.uid]);
    expect((status?.clusters ?? []).map(({cluster}) => cluster)).toContain(
      slice.metadata.labels?.['multicluster.kubernetes.io/source-cluster'],
    );
  }
  if (type === 'Headless') {
    expect(ips, 'addresses of a headless import').toEqual([]);
    return;
  }
  expect(ips.length, `addresses in ${id}`).toBeGreaterThan(0);
  expect(ips.map((ip) => (ip.includes(':') ? 'IPv6' : 'IPv4'))).toEqual(ipFamilies);
  expect(derived?.spec?.clusterIPs, `derived Service in ${id}`).toEqual(ips);
  expect(derived?.spec?.selector).toBeUndefined();
  expect(derivedSlices.map(({addressType}) => addressType).sort()).toEqual([...ipFamilies].sort());
}

/** The families of a ClusterSetIP are those of its own addresses, so the exporters' don't show (design §3). */
function judgeImport(id: MemberId, {imported, flomeshImport}: SeenIn, expected: object): void {
  if (imported === undefined) return;
  const {ipFamilies, ...rest} = expected as {ipFamilies?: unknown; type?: unknown};
  const isHeadless = imported.spec?.type === 'Headless';
  const wanted = isHeadless && ipFamilies !== undefined ? {...rest, ipFamilies} : rest;
  const facts = importFacts(imported, flomeshImport);
  expect(facts, id).toMatchObject(wanted);
  // Whole maps: a label too many is a fault as well.
  for (const [name, value] of Object.entries(wanted)) expect(facts, id).toHaveProperty([name], value);
}

function judgeExports(expectation: Expectation, seen: Seen): void {
  const {exports: all = {}, exportIn = {}, says} = expectation;
  for (const id of MEMBERS) {
    const {exported} = seen[id];
    if (exported === undefined) {
      expect(exportIn[id], `an export in ${id}`).toBeUndefined();
      continue;
    }
    const wanted = {...all, ...exportIn[id]};
    if (Object.keys(wanted).length === 0 && says === undefined) continue;
    expect(conditionTexts(exported), `export in ${id}`).toMatchObject(wanted);
    if (says !== undefined) expect(messageOf(exported, 'Conflict')).toContain(says);
    for (const {observedGeneration} of exported.status?.conditions ?? [])
      expect(observedGeneration, `generation that ${id} has seen`).toBe(exported.metadata.generation);
  }
}

function messageOf({status}: ServiceExport, type: string): string {
  return status?.conditions?.find((condition) => condition.type === type)?.message ?? '';
}

function judgeKept(what: NonNullable<Expectation['kept']>[number], seen: Seen, before: Seen | undefined): void {
  for (const id of MEMBERS) {
    const [then, now] = [before?.[id], seen[id]];
    if (what === 'service') expect(now.service, id).toEqual(then?.service);
    if (then?.imported === undefined || now.imported === undefined) continue;
    if (what === 'import') expect(now.imported.metadata.uid, id).toBe(then.imported.metadata.uid);
    if (what === 'addresses') expect(now.imported.spec?.ips, id).toEqual(then.imported.spec?.ips);
  }
}
