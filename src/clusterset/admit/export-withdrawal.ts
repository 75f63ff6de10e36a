import type {FlomeshServiceExport, ServiceExport} from '../../api/kinds.ts';
import {FLOMESH_GROUP, FLOMESH_MCS_GROUP, MCS_GROUP} from '../../api/resources.ts';
import type {Admission, Finding} from '../decision.ts';
import type {ImportView, View} from '../view.ts';
import {conclude, inField} from './conclude.ts';

const SOURCE = 'ServiceExport';
const warn = (message: string): Finding => ({source: SOURCE, message});
const at = inField(SOURCE);

type AnyExport = ServiceExport | FlomeshServiceExport;
type Spec = NonNullable<FlomeshServiceExport['spec']>;

/** What only an object of the flomesh groups can say, as a user knows it. */
const SETTINGS: readonly (keyof Spec)[] = [
  'rules',
  'loadBalancer',
  'sessionSticky',
  'pathRewrite',
  'serviceAccountName',
];

/**
 * What the deletion of an export brings about, as far as this cluster can see it: always allowed, with warnings. Of an export
 * in several groups the other object keeps it going without the settings of this one, which may open it to more clusters
 * (design §4); the last one takes the service away from every consumer.
 */
export function admitExportDeletion(object: AnyExport, view: View): Admission {
  const {namespace = '', name} = object.metadata;
  const key = `${namespace}/${name}`;
  const rest = (view.exports.get(key)?.groups ?? []).filter((group) => !object.apiVersion.startsWith(`${group}/`));
  if (rest.length > 0) return conclude({warnings: whatOpensUp(object, rest)});
  const imported = view.imports.get(key);
  return conclude({warnings: imported === undefined ? [] : whatGoes(imported, view.clusterId)});
}

function whatOpensUp(object: AnyExport, rest: readonly string[]): readonly Finding[] {
  const by = `the service stays exported by its object of ${rest.join(' and ')}`;
  if (object.apiVersion.startsWith(`${MCS_GROUP}/`)) {
    return [warn(`${by}, without the exportedLabels and exportedAnnotations of this one`)];
  }
  // Another object of the same settings takes over; which one, the view doesn't tell.
  if (rest.some((group) => group === FLOMESH_GROUP || group === FLOMESH_MCS_GROUP)) return [warn(by)];
  const {spec = {}} = object as FlomeshServiceExport;
  const {targetClusters = []} = spec;
  const opened = `${by}, to all clusters and no longer to ${targetClusters.join(', ')} only: delete that one first to end the export`;
  const lost = SETTINGS.filter((name) => spec[name] !== undefined);
  return [
    ...(targetClusters.length === 0 ? [] : [at('spec.targetClusters', opened)]),
    ...(lost.length === 0 ? [] : [warn(`${by}, without ${lost.join(', ')} of this one`)]),
  ];
}

function whatGoes({namespace, name, clusters, portClusters}: ImportView, own: string): readonly Finding[] {
  if (!clusters.includes(own)) return [];
  if (clusters.length === 1) {
    return [warn(`no other cluster exports ${namespace}/${name}: its import is deleted in every cluster`)];
  }
  const lost = Object.entries(portClusters).filter(([, serving]) => serving.length === 1 && serving[0] === own);
  const ports = lost.map(([port]) => port).join(', ');
  return lost.length === 0 ? [] : [warn(`no other cluster serves ${ports} of ${namespace}/${name}: consumers lose it`)];
}
