import {isIP} from 'node:net';
import {keyOf} from '../../../src/api/meta.ts';
import {clusterKey} from '../../../src/api/names.ts';
import type {FlomeshServiceImport, ImportType, ServiceImport} from '../../../src/api/kinds.ts';
import {flomeshServiceImports, serviceImports} from '../../../src/api/resources.ts';
import type {MemberExport} from '../../../src/clusterset/member-export.ts';
import type {MergedImport} from '../../../src/clusterset/merged-import.ts';
import {type FlomeshTarget, planFlomeshImport} from '../../../src/hub/plan-flomesh-import.ts';
import {planImport} from '../../../src/hub/plan-import.ts';
import {isUpToDate} from '../../../src/kube/apply-if-different.ts';
import {keepingType, typesIn} from './allowed-types.ts';
import type {MemberName, Place, Playground} from './playground.ts';
import {importsOf, registeredClusters, sourceSlices, type Truth} from './truth.ts';

/** Which types the import of a name may have, in a member that may import all of its exports, or only some. */
export type TypesOf = (key: string, isWhole: boolean) => ReadonlySet<ImportType>;

/** One member and what it is held against. */
export interface Compared {
  readonly world: Playground;
  readonly truth: Truth;
  readonly api: Place;
  readonly name: MemberName;
  /** Deletions of these are not believed yet: what is there is right either way. */
  readonly held: ReadonlySet<string>;
  readonly types: TypesOf;
}

/** Imports of both groups, each as a whole. */
export function differencesOfImports(compared: Compared): readonly string[] {
  const {truth, api, held} = compared;
  const there = [...importsOf(api), ...api.list(flomeshServiceImports)].map(({metadata}) => keyOf(metadata));
  return [...new Set([...truth.merged.keys(), ...there])]
    .filter((key) => !held.has(key))
    .flatMap((key) => {
      const {merged, exports} = importFor(compared, key);
      return [
        ...differencesOfStandard(compared, key, merged),
        ...differencesOfFlomesh(compared, key, {merged, exports}),
      ];
    });
}

/** What the engine says for this member, beside an import of the type that the member has, where it may have it. */
export function importFor(
  {truth, api, name, types}: Compared,
  key: string,
): {readonly merged: MergedImport | undefined; readonly exports: readonly MemberExport[]} {
  const {result, exports, isWhole} = truth.mergedFor(key, name);
  const allowed = types(key, isWhole);
  const actual = api.find<ServiceImport>(serviceImports, key)?.spec?.type;
  const type = actual !== undefined && allowed.has(actual) ? actual : [...allowed][0];
  return {exports, merged: (result && type ? keepingType(result, type) : result)?.import};
}

function differencesOfStandard(
  {world, api, truth}: Compared,
  key: string,
  merged: MergedImport | undefined,
): readonly string[] {
  const actual = api.find<ServiceImport>(serviceImports, key);
  if (merged === undefined) return actual === undefined ? [] : [`import ${key} is there, and nobody exports it`];
  const types = typesIn(world, truth, key).whole;
  const hasSlices = merged.clusters.some((id) => sourceSlices(world.member(id as MemberName), key).length > 0);
  const plan = planImport({
    ...{merged, actual: undefined, written: false, hasSlices},
    namespace: 'Present',
    createNamespaces: true,
  });
  if (plan.do !== 'write' || plan.status === undefined) throw new Error('an import that is merged is written');
  // Somebody else's affinity stays where the hub has none: it is ignored there (field documentation of ServiceImport).
  const foreign = merged.type === 'Headless' ? ['spec.sessionAffinity'] : [];
  const isSpecRight = isUpToDate(actual, plan.object, {whole: ['spec'], foreign});
  const isStatusRight = isUpToDate(actual, plan.status, {sharedLists: {'status.clusters': ['cluster']}});
  const isRight = isSpecRight && isStatusRight && actual?.status?.clusters?.length === merged.clusters.length;
  return [
    ...(isRight ? [] : [`import ${key}: ${JSON.stringify(actual)} is not ${JSON.stringify(plan)}`]),
    ...(types.size > 1 ? [`import ${key} is ${[...types].join(' here, there ')}`] : []),
  ];
}

function differencesOfFlomesh(
  {world, api}: Compared,
  key: string,
  {merged, exports}: {merged: MergedImport | undefined; exports: readonly MemberExport[]},
): readonly string[] {
  const actual = api.find<FlomeshServiceImport>(flomeshServiceImports, key);
  const plan = planFlomeshImport({
    ...{merged, exports, targets: targetsIn(world), actual: undefined, namespace: 'Present'},
    unknown: new Set(),
    unseen: new Set(),
  });
  if (plan.do !== 'write') return actual === undefined ? [] : [`flomesh import ${key} is there, and should not be`];
  return isUpToDate(actual, plan.object, {whole: ['spec'], foreign: ['spec.ips']})
    ? []
    : [`flomesh import ${key}: ${JSON.stringify(actual)} is not ${JSON.stringify(plan.object)}`];
}

/** Gateways are addresses here. */
function targetsIn(world: Playground): ReadonlyMap<string, FlomeshTarget> {
  return new Map(
    registeredClusters(world).flatMap(({metadata: {name}, spec = {}}) => {
      const {gatewayHost: host, gatewayPort: port} = spec;
      if (host === undefined || port === undefined) return [];
      return [[name, {clusterKey: clusterKey({...spec, name}), host, ip: isIP(host) === 0 ? '' : host, port}]];
    }),
  );
}
