import type {Condition} from '../../../src/api/meta.ts';
import {keyOf} from '../../../src/api/meta.ts';
import {
  HUB_MANAGED_BY,
  MCS_SERVICE_NAME_LABEL,
  MCS_SOURCE_CLUSTER_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../../../src/api/names.ts';
import type {EndpointSlice, ServiceImport} from '../../../src/api/kinds.ts';
import {
  endpointSlices,
  exportPolicies,
  FLOMESH_GROUP,
  flomeshServiceImports,
  globalTrafficPolicies,
  serviceImports,
} from '../../../src/api/resources.ts';
import {conflictCondition} from '../../../src/clusterset/conflict-condition.ts';
import {mirroredName} from '../../../src/clusterset/policy-origin.ts';
import {planImport} from '../../../src/hub/plan-import.ts';
import {isUpToDate} from '../../../src/kube/apply-if-different.ts';
import {exportObjects, importsOf, sourceSlices, truthOf, type Truth} from './truth.ts';
import {MEMBERS, type MemberName, type Place, type Playground} from './playground.ts';

/** What members hold against what the pure engine says that they should; empty: they have converged. */
export function differences(world: Playground): readonly string[] {
  const truth = truthOf(world);
  const held = new Set(world.hub?.status().members.flatMap(({heldBack}) => heldBack) ?? []);
  return MEMBERS.flatMap((name) => {
    const api = world.member(name);
    const found = [
      ...importDifferences(world, {truth, api, held}),
      ...sliceDifferences(world, {truth, api, held}),
      ...exportDifferences({truth, api, name, held}),
      ...policyDifferences(world, api),
    ];
    return found.map((each) => `${name}: ${each}`);
  });
}

interface Compared {
  readonly truth: Truth;
  readonly api: Place;
  /** Deletions of these are not believed yet: what is there is right either way. */
  readonly held: ReadonlySet<string>;
}

function importDifferences(world: Playground, {truth, api, held}: Compared): readonly string[] {
  const found: string[] = [];
  const there = new Set([...importsOf(api), ...api.list(flomeshServiceImports)].map(({metadata}) => keyOf(metadata)));
  for (const key of new Set([...truth.merged.keys(), ...there])) {
    if (held.has(key)) continue;
    const merged = truth.merged.get(key)?.import;
    const actual = api.find<ServiceImport>(serviceImports, key);
    const isFlomesh = merged?.groups.includes(FLOMESH_GROUP) === true;
    if ((api.find(flomeshServiceImports, key) !== undefined) !== isFlomesh) found.push(`flomesh import ${key}`);
    if (merged === undefined) {
      if (actual !== undefined) found.push(`import ${key} is there, and nobody exports it`);
      continue;
    }
    const hasSlices = merged.clusters.some((id) => sourceSlices(world.member(id as MemberName), key).length > 0);
    const plan = planImport({
      ...{merged, actual: undefined, written: false, hasSlices},
      namespace: 'Present',
      createNamespaces: true,
    });
    if (plan.do !== 'write' || plan.status === undefined) throw new Error('an import that is merged is written');
    const isSpecRight = isUpToDate(actual, plan.object, {whole: ['spec']});
    const isStatusRight = isUpToDate(actual, plan.status, {sharedLists: {'status.clusters': ['cluster']}});
    const isRight = isSpecRight && isStatusRight && actual?.status?.clusters?.length === merged.clusters.length;
    if (!isRight) found.push(`import ${key}: ${JSON.stringify(actual)} is not ${JSON.stringify(plan)}`);
  }
  return found;
}

function sliceDifferences(world: Playground, {truth, api, held}: Compared): readonly string[] {
  const wanted = [...truth.merged].flatMap(([key, {import: merged}]) =>
    (merged?.clusters ?? []).flatMap((id) =>
      sourceSlices(world.member(id as MemberName), key).map((slice) => sliceText(key, id, slice)),
    ),
  );
  const actual = api
    .list<EndpointSlice>(endpointSlices)
    .filter(({metadata}) => metadata.labels?.[SLICE_MANAGED_BY_LABEL] === HUB_MANAGED_BY)
    .map((slice) => {
      const {labels = {}, namespace} = slice.metadata;
      const key = `${namespace}/${labels[MCS_SERVICE_NAME_LABEL]}`;
      return sliceText(key, labels[MCS_SOURCE_CLUSTER_LABEL] ?? '', slice);
    });
  const isHeld = (text: string): boolean => held.has(text.split(' ', 1)[0] ?? '');
  return [
    ...wanted.filter((text) => !actual.includes(text) && !isHeld(text)).map((text) => `slice missing: ${text}`),
    ...actual.filter((text) => !wanted.includes(text) && !isHeld(text)).map((text) => `slice too much: ${text}`),
  ];
}

function sliceText(key: string, cluster: string, {endpoints}: EndpointSlice): string {
  const facts = (endpoints ?? []).map(({addresses, conditions}) => `${addresses.join()}=${conditions?.ready}`);
  return `${key} ${cluster} ${facts.join()}`;
}

function exportDifferences({truth, api, name, held}: Compared & {name: MemberName}): readonly string[] {
  return exportObjects(api).flatMap(({metadata, status}) => {
    const key = keyOf(metadata);
    const verdict = truth.merged.get(key)?.verdicts.get(name);
    if (verdict === undefined || held.has(key)) return [];
    const isValid = verdict.valid.status === 'True';
    const wanted: Pick<Condition, 'type' | 'status' | 'reason'>[] = [
      conflictCondition(verdict.conflicts),
      isValid
        ? {type: 'Ready', status: 'True', reason: 'Exported'}
        : {type: 'Ready', status: 'False', reason: verdict.valid.reason === 'NoService' ? 'Pending' : 'Failed'},
    ];
    return wanted.flatMap(({type, status: is, reason}) => {
      const actual = status.conditions.find((each) => each.type === type);
      const isRight = actual?.status === is && actual.reason === reason;
      return isRight ? [] : [`export ${key} ${type}: ${actual?.status} ${actual?.reason}, not ${is} ${reason}`];
    });
  });
}

function policyDifferences(world: Playground, api: Place): readonly string[] {
  return [exportPolicies, globalTrafficPolicies].flatMap((resource) => {
    const originals = world.hubApi.list(resource);
    const wanted = originals.flatMap(({metadata, ...rest}) => {
      const {namespace, name} = metadata;
      // What it is about is not there either.
      if (namespace !== undefined && api.find({...resource, group: '', plural: 'namespaces'}, namespace) === undefined)
        return [];
      return [`${keyOf({...metadata, name: mirroredName(name)})} ${JSON.stringify((rest as {spec?: object}).spec)}`];
    });
    const actual = api
      .list(resource)
      .map(({metadata, ...rest}) => `${keyOf(metadata)} ${JSON.stringify((rest as {spec?: object}).spec)}`);
    return wanted.sort().join('\n') === actual.sort().join('\n')
      ? []
      : [`${resource.plural} ${actual.join()} are not ${wanted.join()}`];
  });
}
